/**
 * How many offers each connection of each worker has made that are remembered still. Owned by the worker that owns the torrents;
 * a part of `OfferIndex`, which asks about a share. Connections in one word, as `connectionWord` makes it.
 */
import { SLOT_BITS, SLOT_MASK } from "./peer-layout.ts";

/** Connections of a worker for which there is room at first; doubled as slots are taken. */
const CONNECTIONS_MIN = 64;
/** A connection may hold one in so many of the offers that there is room for. */
const SHARE = 16;
/** All connections of other nodes together may hold one in so many. */
const REMOTE_SHARE = 2;

export class HeldOffers {
  /** The worker that connections of other nodes seem to belong to; none where there are none. */
  remoteWorker = -1;
  private readonly shareMax: number;
  private readonly remoteMax: number;
  /** For each worker, by slot. */
  private readonly counts: Int32Array[] = [];
  /** The same of all connections of each worker. */
  private readonly sums: number[] = [];

  /** Of offers that there is room for. */
  constructor(lengthMax: number) {
    this.shareMax = Math.floor(lengthMax / SHARE);
    this.remoteMax = Math.floor(lengthMax / REMOTE_SHARE);
  }

  /** Whether a connection that is about to hold `noted` more may hold yet another one. */
  hasShare(connection: number, noted: number): boolean {
    const worker = connection >>> SLOT_BITS;
    if (worker === this.remoteWorker && worker < this.sums.length)
      if (this.sums[worker] + noted >= this.remoteMax) return false;
    return this.count(connection) + noted < this.shareMax;
  }

  private count(connection: number): number {
    const counts = this.counts[connection >>> SLOT_BITS];
    const slot = connection & SLOT_MASK;
    return counts === undefined || slot >= counts.length ? 0 : counts[slot];
  }

  /** One offer more. */
  add(connection: number): void {
    const { counts, sums } = this;
    const worker = connection >>> SLOT_BITS;
    const slot = connection & SLOT_MASK;
    while (counts.length <= worker) {
      counts.push(new Int32Array(CONNECTIONS_MIN)); // hot-allow: once for each worker
      sums.push(0);
    }
    if (slot >= counts[worker].length) {
      const larger = new Int32Array(2 * (slot + 1)); // hot-allow: as connections double
      larger.set(counts[worker]);
      counts[worker] = larger;
    }
    counts[worker][slot]++;
    sums[worker]++;
  }

  /** One offer less. */
  remove(connection: number): void {
    this.counts[connection >>> SLOT_BITS][connection & SLOT_MASK]--;
    this.sums[connection >>> SLOT_BITS]--;
  }
}
