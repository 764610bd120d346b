/**
 * All connections of one worker with the engine epoll: their records, what each is watched for, when each must end.
 * Owned by the worker's `EpollServer`; reading and sending are built on it.
 */
import { type ConnectionPoller, closeConnection } from "@swarmtide/linux";
import type { ConnectionLimits } from "../../../conversation/connection-limits.ts";
import { COUNT_CLOSED } from "../../../counters.ts";
import { EpollConnection, NOT_QUEUED, STATE_FREE } from "./epoll-connection.ts";

export class EpollConnections {
  /** Every record there is, open or free; its index is its slot. */
  readonly all: EpollConnection[] = [];
  /** Milliseconds of the engine's clock; set by the server in each round. */
  nowMilliseconds = 0;

  private readonly limits: ConnectionLimits;
  private readonly counters: Float64Array;
  private readonly poller: ConnectionPoller;
  /** Slots of free records, the last one first. */
  private readonly freeSlots: number[] = [];

  constructor(limits: ConnectionLimits, counters: Float64Array, poller: ConnectionPoller) {
    this.limits = limits;
    this.counters = counters;
    this.poller = poller;
  }

  /** A record for a new connection; `end`, `release` or `giveBack` ends its use. */
  takeFree(): EpollConnection {
    const slot = this.freeSlots.pop();
    if (slot !== undefined) return this.all[slot];
    const connection = new EpollConnection(this.all.length);
    this.all.push(connection);
    return connection;
  }

  /** Frees a record whose connection never began. */
  giveBack(connection: EpollConnection): void {
    this.freeSlots.push(connection.slot);
  }

  /** Has the poller report these POLL_… flags. */
  watch(connection: EpollConnection, flags: number): void {
    if (connection.watched === flags) return;
    const status =
      connection.watched === 0
        ? this.poller.add(connection.fd, connection.slot, flags)
        : this.poller.modify(connection.fd, connection.slot, flags);
    connection.watched = flags;
    if (status < 0) this.end(connection);
  }

  /** Ends the connection after so many milliseconds, unless another deadline is set before. */
  setDeadline(connection: EpollConnection, kind: number, milliseconds: number): void {
    connection.deadlineKind = kind;
    connection.deadline = this.nowMilliseconds + milliseconds;
  }

  /** Closes a connection, whatever its state. */
  end(connection: EpollConnection): void {
    if (connection.state === STATE_FREE) return;
    closeConnection(connection.fd);
    this.counters[COUNT_CLOSED]++;
    this.release(connection);
  }

  /** Frees the record of a connection whose descriptor is closed, or somebody else's now. */
  release(connection: EpollConnection): void {
    this.limits.close(connection.counted);
    connection.fd = -1;
    connection.state = STATE_FREE;
    connection.watched = 0;
    connection.pending = undefined;
    connection.pendingLength = 0;
    connection.unsent = undefined;
    connection.queuedAt = NOT_QUEUED;
    connection.closesAfterSending = false;
    this.freeSlots.push(connection.slot);
  }
}
