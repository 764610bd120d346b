/**
 * Where frames go: into the output of this worker's connections, or into the batch for another worker's.
 *
 * Owned by the worker. Three bounds live here. A connection with much unsent gets no more offers, and one with far too
 * much is put on the list of the doomed, to be closed at the next flush (not at once: a swarm may be in the middle of
 * its peers). Where the buffers of all connections are used up, nobody gets offers, and far too much is 4 KiB. A worker
 * that does not take the batches sent to it gets no more of anything that can be done without.
 */
import type { BytePool } from "@swarmtide/ws-protocol";
import type { WsConfig } from "../config.ts";
import * as counters from "../counters.ts";
import { CONNECTION_OPEN, type Connection } from "./connection.ts";
import { type ConnectionAddress, Delivery, FRAME_IS_CONTROL, FRAME_IS_OFFER } from "./delivery.ts";
import { BatchWriter } from "./worker-batch.ts";

/** Bytes sent to a worker and not yet taken by it, beyond which nothing optional is sent. */
export const LINK_BYTES_MAX = 8 * 1024 * 1024;

/** Sends a batch to a worker; the bytes must be copied or sent before it returns. */
export type BatchSender = (worker: number, bytes: Uint8Array) => void; // hot-allow: a type

export class WorkerDelivery extends Delivery {
  readonly worker: number;
  /** The connections of this worker, by slot. */
  readonly connections: (Connection | undefined)[] = [];
  /** Connections with something to be flushed. */
  readonly dirty: Connection[] = [];
  /** Connections that are too slow to be kept. */
  readonly doomed: Connection[] = [];
  /** What goes to each worker; the own one's stays empty. */
  readonly batches: BatchWriter[] = [];
  /** Bytes sent to each worker and not yet reported as taken. */
  private readonly linkBytes: Float64Array;
  private readonly pool: BytePool;
  private readonly counts: Float64Array;
  private readonly dropBytes: number;
  private readonly unsentBytesMax: number;

  constructor(
    worker: number,
    workers: number,
    config: WsConfig,
    counts: Float64Array,
    pool: BytePool,
  ) {
    super();
    this.pool = pool;
    this.worker = worker;
    for (let index = 0; index < workers; index++) this.batches.push(new BatchWriter());
    this.linkBytes = new Float64Array(workers);
    this.counts = counts;
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
      this.counts[counters.COUNT_OFFERS_DROPPED_SLOW]++;
      return false;
    }
    if (!this.pool.isFull) return true;
    this.counts[counters.COUNT_OFFERS_DROPPED_NO_ROOM]++;
    return false;
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
    if (connection.state !== CONNECTION_OPEN || connection.isDoomed) return false;
    const waiting = connection.waitingBytes;
    const isTooMuch = waiting + bytes > this.unsentBytesMax;
    if (kind === FRAME_IS_OFFER) {
      if (isTooMuch) this.counts[counters.COUNT_OFFERS_DROPPED_SLOW]++;
      if (isTooMuch || !this.hasOfferRoom(waiting)) return false;
    } else if (isTooMuch || !this.pool.allows(waiting)) {
      connection.isDoomed = true;
      this.doomed.push(connection);
      return false;
    }
    if (kind !== FRAME_IS_CONTROL) this.counts[counters.COUNT_REPLIES_OUT + kind]++;
    this.append(connection, bytes);
    return true;
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
    this.counts[counters.COUNT_DROPPED_BETWEEN_WORKERS]++;
    return false;
  }

  /** A worker has taken so many bytes. */
  taken(worker: number, bytes: number): void {
    this.linkBytes[worker] -= bytes;
  }

  /** Sends every batch that holds something. */
  flushBatches(send: BatchSender): void {
    for (let worker = 0; worker < this.batches.length; worker++) {
      const batch = this.batches[worker];
      if (batch.length === 0) continue;
      if (batch.needsTaking) this.linkBytes[worker] += batch.length;
      send(worker, batch.bytes.subarray(0, batch.length));
      batch.clear();
    }
  }
}
