/**
 * One TCP connection of the epoll engine: a record that is used again when its connection has ended. Owned by the
 * worker's `EpollServer`.
 */
import { Connection } from "../../../conversation/hot/connection.ts";

/** `queuedAt` of a connection without answers in the transport's queue. */
export const NOT_QUEUED = -1;

export class EpollConnection extends Connection {
  /** Its index among the records, and what the poller reports it by. */
  readonly slot: number;
  fd = -1;
  /** POLL_… flags it is watched for; 0 when it is not watched yet. */
  watched = 0;
  /** Answers that the kernel has not taken, from `unsentStart`. */
  unsent: Uint8Array | undefined = undefined;
  unsentStart = 0;
  /** Where its answers stand in the transport's queue. */
  queuedAt = NOT_QUEUED;

  constructor(slot: number) {
    super();
    this.slot = slot;
  }
}
