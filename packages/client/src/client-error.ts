/**
 * What goes wrong between a client and a tracker, in one sentence for people and one word for programs.
 *
 * Thrown by every client of this room.
 */

/**
 * `url`: not a tracker's URL, or a request that does not fit it. `unresolved`: the name has no address of the family.
 * `unreachable`: refused, unreachable or a failed TLS handshake. `timeout`: nothing came in time. `malformed`: what
 * came does not follow the protocol. `refused`: the tracker's own error message.
 */
export type ClientErrorReason =
  | "url"
  | "unresolved"
  | "unreachable"
  | "timeout"
  | "malformed"
  | "refused";

/** An announce, scrape or check that did not succeed. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly reason: ClientErrorReason;

  constructor(reason: ClientErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
