/**
 * The records of all connections of one worker with the engine epoll, and what each is watched for. Owned by the worker's
 * `EpollServer`; `EpollTransport` closes connections through it.
 */
import { type ConnectionPoller, closeConnection } from "@swarmtide/linux";
import { EpollConnection, NOT_QUEUED } from "./epoll-connection.ts";

export class EpollConnections {
  /** Every record there is, open or free; its index is its slot. */
  readonly all: EpollConnection[] = [];

  private readonly poller: ConnectionPoller;
  /** Slots of free records, the last one first. */
  private readonly freeSlots: number[] = [];

  constructor(poller: ConnectionPoller) {
    this.poller = poller;
  }

  /** A record for a new connection; `free` ends its use. */
  take(fd: number): EpollConnection {
    const slot = this.freeSlots.pop();
    let connection: EpollConnection;
    if (slot === undefined) {
      connection = new EpollConnection(this.all.length); // hot-allow: once for each connection there ever was at once
      this.all.push(connection);
    } else {
      connection = this.all[slot];
    }
    connection.fd = fd;
    return connection;
  }

  /** Has the poller report these POLL_… flags. 0 or -errno. */
  watch(connection: EpollConnection, flags: number): number {
    if (connection.watched === flags) return 0;
    const status =
      connection.watched === 0
        ? this.poller.add(connection.fd, connection.slot, flags)
        : this.poller.modify(connection.fd, connection.slot, flags);
    connection.watched = flags;
    return status;
  }

  /** Has the poller forget a descriptor that stays open. */
  unwatch(connection: EpollConnection): void {
    if (connection.watched !== 0) this.poller.remove(connection.fd);
  }

  /** Closes the descriptor and frees the record. */
  close(connection: EpollConnection): void {
    closeConnection(connection.fd);
    this.free(connection);
  }

  /** Frees the record of a connection whose descriptor is closed, or another thread's now. */
  free(connection: EpollConnection): void {
    connection.fd = -1;
    connection.watched = 0;
    connection.unsent = undefined;
    connection.queuedAt = NOT_QUEUED;
    this.freeSlots.push(connection.slot);
  }
}
