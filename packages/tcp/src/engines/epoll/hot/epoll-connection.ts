/**
 * One TCP connection of the epoll engine: a record that is used again when its connection has ended. Owned by the
 * worker's `EpollServer`. An idle connection holds no buffer: bytes are read into one buffer of the worker, and only
 * the beginning of an unfinished request, or what a slow reader has not taken yet, is kept here.
 */
import { HttpPeer } from "@swarmtide/http";

/** No connection. */
export const STATE_FREE = 0;
/** The PROXY protocol header comes first. */
export const STATE_PROXY_HEADER = 1;
/** Reading requests. */
export const STATE_OPEN = 2;
/** Answers wait for the reader; nothing is read until they are gone. */
export const STATE_SENDING = 3;
/** The last answer is sent; reads on until the other end closes too. */
export const STATE_LINGERING = 4;

/** What ends when the deadline passes. */
export const DEADLINE_REQUEST = 0;
export const DEADLINE_IDLE = 1;
export const DEADLINE_LINGER = 2;

/** `queuedAt` of a connection without answers in the sender's queue. */
export const NOT_QUEUED = -1;

export class EpollConnection {
  readonly slot: number;
  readonly peer = new HttpPeer();
  fd = -1;
  state = STATE_FREE;
  /** POLL_… flags it is watched for; 0 when it is not watched yet. */
  watched = 0;
  /** Milliseconds of the engine's clock, and what they end. */
  deadline = 0;
  deadlineKind = DEADLINE_REQUEST;
  /** The beginning of a request, or requests that wait until answers are taken. */
  pending: Uint8Array | undefined = undefined;
  pendingLength = 0;
  /** Answers that the kernel has not taken, from `unsentStart`. */
  unsent: Uint8Array | undefined = undefined;
  unsentStart = 0;
  /** Where its answers stand in the sender's queue. */
  queuedAt = NOT_QUEUED;
  /** What the handler said of the answers that are queued or unsent. */
  closesAfterSending = false;
  lingersAfterSending = false;
  /** The address that `ConnectionLimits` counted it under: a PROXY header changes `peer`, not this. */
  readonly counted = new HttpPeer();

  constructor(slot: number) {
    this.slot = slot;
  }
}
