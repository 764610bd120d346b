/**
 * One TCP connection as the conversation knows it: its state, its deadline, what of a request has arrived. Engines extend
 * it by what they reach the other end with. Owned by its worker. An idle connection holds no buffer: bytes are read into
 * memory of the worker, and only the beginning of an unfinished request, or what waits for a slow reader, is kept here.
 */
import { HttpPeer } from "@swarmtide/http";

/** No connection. */
export const STATE_FREE = 0;
/** The PROXY protocol header comes first. */
export const STATE_PROXY_HEADER = 1;
/** The engine shakes hands over TLS. */
export const STATE_HANDSHAKE = 2;
/** Requests are read and answered. */
export const STATE_OPEN = 3;
/** Answers wait for the reader; nothing is answered until it has taken them. */
export const STATE_SENDING = 4;
/** The last answer is sent; what still arrives is dropped until the other end closes too. */
export const STATE_LINGERING = 5;
/** Being closed by the engine; what still arrives is dropped. */
export const STATE_CLOSING = 6;
/** A WebSocket session has taken it over. */
export const STATE_HANDED_ON = 7;

/** What follows when all answers are taken. */
export const THEN_GO_ON = 0;
export const THEN_CLOSE = 1;
export const THEN_LINGER = 2;
export const THEN_HAND_ON = 3;

export class Connection {
  readonly peer = new HttpPeer();
  /** Whether a TLS handshake comes before the first request. */
  isTls = false;
  state = STATE_FREE;
  /** Milliseconds of the worker's clock, and what has to happen before: one of the `DEADLINE_` constants. */
  deadline = 0;
  deadlineKind = 0;
  /** The beginning of a request, or requests that wait until answers are taken. */
  pending: Uint8Array | undefined = undefined;
  pendingLength = 0;
  /** One of the `THEN_` constants. */
  thenWhat = THEN_GO_ON;
  /** Where `ConnectionLimits` counts it. A PROXY header changes `peer`, not this. */
  limitsPlace = 0;
}
