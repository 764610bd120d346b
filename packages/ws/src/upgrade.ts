/**
 * The tracker's side of the opening handshake: reads a request's head and says what to answer.
 *
 * Called by the owner of the sockets, once per connection, before `open`.
 */
import {
  formatUpgradeRefusal,
  formatUpgradeReply,
  parseUpgradeRequest,
  UPGRADE_MORE,
  UPGRADE_OK,
  UPGRADE_REFUSED_ORIGIN,
} from "@swarmtide/ws-protocol";

/** What to do with a connection whose first bytes have come. */
export interface UpgradeAnswer {
  /** One of UPGRADE_*: UPGRADE_MORE waits, UPGRADE_OK opens, everything else closes after the reply. */
  readonly status: number;
  /** Bytes of the head; frames follow. */
  readonly headBytes: number;
  /** What to send, in ASCII; "" while more is needed. */
  readonly reply: string;
  /** Headers by lower-case name, for whoever looks for the client's address. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Origins by which pages may use the tracker; an empty list allows all. */
function isOriginAllowed(origin: string, allowedOrigins: readonly string[]): boolean {
  // Only browsers send Origin; anything else could forge it.
  if (allowedOrigins.length === 0 || origin === "") return true;
  return allowedOrigins.includes(origin.toLowerCase());
}

/** Reads the first `length` bytes that have come and says what to answer. */
export function answerUpgrade(
  bytes: Uint8Array,
  offset: number,
  length: number,
  allowedOrigins: readonly string[],
): UpgradeAnswer {
  const request = parseUpgradeRequest(bytes, offset, length);
  const { headBytes, headers } = request;
  let { status } = request;
  if (status === UPGRADE_MORE) return { status, headBytes: 0, reply: "", headers };
  if (status === UPGRADE_OK && !isOriginAllowed(request.origin, allowedOrigins))
    status = UPGRADE_REFUSED_ORIGIN;
  return status === UPGRADE_OK
    ? { status, headBytes, reply: formatUpgradeReply(request.key), headers }
    : { status, headBytes: 0, reply: formatUpgradeRefusal(status), headers };
}
