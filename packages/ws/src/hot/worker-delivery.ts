/**
 * Where frames go: into the output of this worker's connections, or into the batch for another worker's.
 *
 * Owned by the worker. Three bounds live here. Who has much unsent is not closed but gets what is worth most: answers up to
 * a bound of their own, before all else that waits; no offers, errors and pongs; and replies only where another worker
 * has already written them, since the request handler keeps to one owed reply a torrent. Where the buffers of all
 * connections are used up, nobody gets offers, and 4 KiB is the bound for the rest. A worker that does not take the
 * batches sent to it gets no more of anything that can be done without. All that is dropped is counted by its kind.
 */

import type { Column, CounterRow, RefusalWriter } from "@swarmtide/metrics";
import type { BytePool } from "@swarmtide/ws-protocol";
import type { WsConfig } from "../config.ts";
import * as columns from "../counters.ts";
import type { ClientLimits } from "./client-limits.ts";
import { CONNECTION_OPEN, type Connection } from "./connection.ts";
import { type ConnectionAddress, Delivery } from "./delivery.ts";
import {
  FRAME_IS_ANSWER,
  FRAME_IS_CONTROL,
  FRAME_IS_OFFER,
  FRAME_IS_REPLY,
} from "./frame-kinds.ts";
import { BatchWriter } from "./worker-batch.ts";

/** Bytes sent to a worker and not yet taken by it, beyond which nothing optional is sent. */
export const LINK_BYTES_MAX = 8 * 1024 * 1024;

/** Sends a batch to a worker; the bytes must be copied or sent before it returns. */
export type BatchSender = (worker: number, bytes: Uint8Array) => void;

export class WorkerDelivery extends Delivery {
  readonly worker: number;
  /** The connections of this worker, by slot. */
  readonly connections: (Connection | undefined)[] = [];
  /** Connections with something to be flushed. */
  readonly dirty: Connection[] = [];
  /** What goes to each worker; the own one's stays empty. */
  readonly batches: BatchWriter[] = [];
  /** Bytes sent to each worker and not yet reported as taken. */
  private readonly linkBytes: Float64Array;
  private readonly pool: BytePool;
  private readonly counters: CounterRow<"ws">;
  private readonly refusals: RefusalWriter<"ws">;
  private readonly limits: ClientLimits;
  private dropBytes: number;
  private unsentBytesMax: number;

  constructor(
    worker: number,
    workers: number,
    config: WsConfig,
    counters: CounterRow<"ws">,
    pool: BytePool,
    refusals: RefusalWriter<"ws">,
    limits: ClientLimits,
  ) {
    super();
    this.limits = limits;
    this.refusals = refusals;
    this.pool = pool;
    this.worker = worker;
    for (let index = 0; index < workers; index++) this.batches.push(new BatchWriter());
    this.linkBytes = new Float64Array(workers);
    this.counters = counters;
    this.dropBytes = config.maxUnsentBeforeDrop;
    this.unsentBytesMax = config.maxUnsent;
  }

  /** Takes other limits into use. */
  configure(config: WsConfig): void {
    this.dropBytes = config.maxUnsentBeforeDrop;
    this.unsentBytesMax = config.maxUnsent;
  }

  override takesOffers(to: ConnectionAddress): boolean {
    if (to.worker !== this.worker) return true;
    const connection = this.connections[to.connectionSlot];
    if (connection === undefined) return true;
    return this.hasOfferRoom(connection.waitingBytes);
  }

  /** Whether a connection of this worker with so much waiting gets offers; counts those that are left out. */
  private hasOfferRoom(waitingBytes: number): boolean {
    if (waitingBytes > this.dropBytes) {
      this.counters[columns.OFFERS_DROPPED_SLOW]++;
      return false;
    }
    if (!this.pool.isFull) return true;
    this.counters[columns.OFFERS_DROPPED_NO_ROOM]++;
    return false;
  }

  override takesReplies(to: ConnectionAddress): boolean {
    if (to.worker !== this.worker) return true;
    const connection = this.connections[to.connectionSlot];
    return connection !== undefined && !this.isBehind(connection);
  }

  /**
   * Only the connection's own worker knows its client: behind a proxy the one that the proxy names, or else the proxy, which is
   * at the other end of the socket.
   */
  override noteRefusal(to: ConnectionAddress, column: Column<"ws">, status: number): void {
    const { refusals, limits } = this;
    if (!refusals.isOn) return;
    const isOwn = to.worker === this.worker;
    if (isOwn && limits.noteRefusal(refusals, column, status, to.connectionSlot)) return;
    const address = isOwn ? this.connections[to.connectionSlot]?.sink.address : undefined;
    if (address === undefined) refusals.noteUnknown(column, status);
    else refusals.notePeer(column, status, address);
  }

  override changePeers(of: ConnectionAddress, change: number): void {
    if (of.worker !== this.worker) this.batches[of.worker].writePeers(of, change);
    else this.changeOwnPeers(of.connectionSlot, of.connectionSerial, change);
  }

  /** The same for a connection of this worker, if it is still the same one. */
  changeOwnPeers(slot: number, serial: number, change: number): void {
    const connection = this.connections[slot];
    if (connection === undefined || connection.state !== CONNECTION_OPEN) return;
    if (connection.connectionSerial === serial) connection.peers += change;
  }

  override reserve(to: ConnectionAddress, kind: number, bytes: number): boolean {
    if (to.worker === this.worker) {
      const connection = this.connections[to.connectionSlot];
      if (connection === undefined || connection.connectionSerial !== to.connectionSerial)
        return false;
      return this.reserveHere(connection, kind, bytes);
    }
    if (!this.hasLinkRoom(to.worker)) return false;
    const batch = this.batches[to.worker];
    batch.writeFrame(to, kind, bytes);
    this.buffer = batch.bytes;
    this.offset = batch.frameAt;
    return true;
  }

  /** As `reserve`, for a connection of this worker. */
  reserveHere(connection: Connection, kind: number, bytes: number): boolean {
    if (connection.state !== CONNECTION_OPEN) return false;
    const waiting = connection.waitingBytes;
    if (kind === FRAME_IS_OFFER) {
      if (!this.hasOfferRoom(waiting)) return false;
    } else if (!this.hasRoom(connection, kind, waiting, bytes)) {
      this.countDropped(kind);
      return false;
    }
    if (kind !== FRAME_IS_CONTROL)
      this.counters[columns.SENT_BY_KIND[connection.familyIndex][kind]]++;
    if (kind === FRAME_IS_ANSWER && connection.isHeld) {
      this.offset = connection.appendUrgent(bytes);
      this.buffer = connection.urgentBytes;
      this.markDirty(connection);
    } else this.append(connection, bytes);
    return true;
  }

  /** Whether a connection may have so many bytes more waiting of what is not an offer. */
  private hasRoom(connection: Connection, kind: number, waiting: number, bytes: number): boolean {
    if (!this.pool.allows(waiting)) return false;
    if (kind === FRAME_IS_ANSWER) return connection.urgentLength + bytes <= this.unsentBytesMax;
    if (kind === FRAME_IS_REPLY) return waiting + bytes <= this.unsentBytesMax;
    return waiting <= this.dropBytes;
  }

  private countDropped(kind: number): void {
    if (kind === FRAME_IS_CONTROL) this.counters[columns.PONGS_DROPPED_SLOW]++;
    else this.counters[columns.DROPPED_SLOW_BY_KIND[kind]]++;
  }

  /** Whether a connection is so far behind that no reply should be written for it. */
  isBehind(connection: Connection): boolean {
    return connection.waitingBytes > this.dropBytes;
  }

  /** Whether a connection keeps up again: half of what made it fall behind has left. */
  keepsUp(connection: Connection): boolean {
    return 2 * connection.waitingBytes <= this.dropBytes;
  }

  /** Makes room in a connection's output, whatever waits there already. */
  append(connection: Connection, bytes: number): void {
    this.offset = connection.append(bytes);
    this.buffer = connection.pendingBytes;
    this.markDirty(connection);
  }

  markDirty(connection: Connection): void {
    if (connection.isDirty) return;
    connection.isDirty = true;
    this.dirty.push(connection);
  }

  /** Whether another worker keeps up with what it is sent; counts what is left out where it does not. */
  hasLinkRoom(worker: number): boolean {
    if (this.linkBytes[worker] + this.batches[worker].length < LINK_BYTES_MAX) return true;
    this.counters[columns.DROPPED_BETWEEN_WORKERS]++;
    return false;
  }

  /** A worker has taken so many bytes. */
  taken(worker: number, bytes: number): void {
    this.linkBytes[worker] -= bytes;
  }

  /** Whether a connection or another worker is to be sent something. */
  get needsFlush(): boolean {
    if (this.dirty.length > 0) return true;
    for (let worker = 0; worker < this.batches.length; worker++)
      if (this.batches[worker].length > 0) return true;
    return false;
  }

  /** Sends every batch that holds something. */
  flushBatches(send: BatchSender): void {
    for (let worker = 0; worker < this.batches.length; worker++) {
      const batch = this.batches[worker];
      if (batch.length === 0) continue;
      if (batch.needsTaking) this.linkBytes[worker] += batch.length;
      send(worker, batch.bytes.subarray(0, batch.length)); // hot-allow: once a round for each worker
      batch.clear();
    }
  }
}
