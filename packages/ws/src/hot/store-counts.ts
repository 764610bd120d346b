/**
 * The counts that UDP and HTTP have of a torrent, to be added to those of WebTorrent in a scrape's answer. Of the swarm
 * store that all threads share; a lock is held for the length of a look-up, two of them for each torrent.
 *
 * One per worker, where `scrape_counts_all_protocols` is on.
 */
import type { SwarmStore } from "@swarmtide/swarm";
import { ID_BYTES } from "@swarmtide/ws-protocol";

export class StoreCounts {
  private readonly store: SwarmStore;
  /** The info hash where the store wants it: in words, as it lies in a packet. */
  private readonly infoHash = new Uint8Array(ID_BYTES);
  private readonly infoHashWords = new Int32Array(this.infoHash.buffer);

  constructor(store: SwarmStore) {
    this.store = store;
  }

  /** Adds to complete, incomplete and downloaded at `to` what the store has of the info hash at `at`. */
  add(infoHashes: Uint8Array, at: number, counts: Float64Array, to: number): void {
    const { store, infoHash, infoHashWords } = this;
    for (let index = 0; index < ID_BYTES; index++) infoHash[index] = infoHashes[at + index];
    store.scrape(infoHashWords, 0, 4);
    counts[to] += store.seeders;
    counts[to + 1] += store.leechers;
    // Both families of a torrent share this one.
    counts[to + 2] += store.completed;
    store.scrape(infoHashWords, 0, 6);
    counts[to] += store.seeders;
    counts[to + 1] += store.leechers;
  }
}
