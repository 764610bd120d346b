/**
 * How many offers each connection of each worker has made that are remembered still. Owned by the worker that owns the torrents;
 * a part of `OfferIndex`, which asks about a share. Connections in one word, as `connectionWord` makes it.
 */
import { SLOT_BITS, SLOT_MASK } from "./peer-layout.ts";

/** Connections of a worker for which there is room at first; doubled as slots are taken. */
const CONNECTIONS_MIN = 64;

export class HeldOffers {
  /** For each worker, by slot. */
  private readonly counts: Int32Array[] = [];

  count(connection: number): number {
    const counts = this.counts[connection >>> SLOT_BITS];
    const slot = connection & SLOT_MASK;
    return counts === undefined || slot >= counts.length ? 0 : counts[slot];
  }

  /** One offer more. */
  add(connection: number): void {
    const { counts } = this;
    const worker = connection >>> SLOT_BITS;
    const slot = connection & SLOT_MASK;
    while (counts.length <= worker) counts.push(new Int32Array(CONNECTIONS_MIN)); // hot-allow: once for each worker
    if (slot >= counts[worker].length) {
      const larger = new Int32Array(2 * (slot + 1)); // hot-allow: as connections double
      larger.set(counts[worker]);
      counts[worker] = larger;
    }
    counts[worker][slot]++;
  }

  /** One offer less. */
  remove(connection: number): void {
    this.counts[connection >>> SLOT_BITS][connection & SLOT_MASK]--;
  }
}
