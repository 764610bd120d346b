/**
 * What has to be done for connections that say nothing: pings, ends, peers that no longer announce, a changed access
 * list.
 *
 * Called by the tracker's `tick`, about once a second.
 */
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { CONNECTION_OPEN, type Connection } from "./connection.ts";
import type { WorkerState } from "./worker-state.ts";

/** Ticks in which every connection and every peer is looked at once. */
export const TICKS_PER_ROUND = 4;

export class Upkeep {
  private readonly state: WorkerState;
  /** Peers that are still to be checked against a new access list. */
  private unchecked = 0;
  private nextVisit = 0;

  constructor(state: WorkerState) {
    this.state = state;
  }

  /** Has the torrents of all peers checked against the access list. */
  checkAdmission(): void {
    this.unchecked = this.state.swarms.peers.table.slots;
  }

  /** Ends so many connections, or all there are; `code` tells clients why. */
  end(count: number, code: number): void {
    let left = count;
    for (const connection of this.state.delivery.connections) {
      if (left === 0) return;
      if (connection === undefined || connection.state !== CONNECTION_OPEN) continue;
      this.state.close(connection, code, false);
      left--;
    }
  }

  /** Looks after the next share of the peers, then of the connections. */
  visitShare(): void {
    const { admission, nowSeconds, swarms } = this.state;
    const asked = this.unchecked > 0 ? admission : undefined;
    this.unchecked -= swarms.sweeper.sweep(TICKS_PER_ROUND, asked, nowSeconds);
    const { connections } = this.state.delivery;
    for (let visits = Math.ceil(connections.length / TICKS_PER_ROUND); visits > 0; visits--) {
      this.nextVisit = this.nextVisit + 1 < connections.length ? this.nextVisit + 1 : 0;
      const connection = connections[this.nextVisit];
      if (connection !== undefined && connection.state === CONNECTION_OPEN) this.visit(connection);
    }
  }

  private visit(connection: Connection): void {
    const { config, nowMilliseconds, delivery } = this.state;
    if (connection.peers > 0) connection.usedMilliseconds = nowMilliseconds;
    const quiet = nowMilliseconds - connection.heardMilliseconds;
    const unused = nowMilliseconds - connection.usedMilliseconds;
    const unread =
      connection.unsentBytes > 0 ? nowMilliseconds - connection.writtenMilliseconds : 0;
    if (Math.max(quiet, unused) >= config.maxConnectionIdle * 1000) {
      this.state.counters[columns.ENDED_IDLE]++;
      delivery.noteRefusal(connection, columns.ENDED_IDLE, 0);
      this.state.close(connection, protocol.CLOSE_GOING_AWAY, false);
    } else if (unread >= config.maxConnectionIdle * 1000) {
      this.state.counters[columns.ENDED_SLOW]++;
      delivery.noteRefusal(connection, columns.ENDED_SLOW, 0);
      this.state.close(connection, protocol.CLOSE_POLICY, true);
    } else if (quiet >= config.pingInterval * 1000 && !connection.isPinged) {
      connection.isPinged = true;
      delivery.append(connection, protocol.frameHeaderBytes(0));
      protocol.writeFrameHeader(delivery.buffer, delivery.offset, protocol.OPCODE_PING, 0);
    }
  }
}
