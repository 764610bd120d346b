/**
 * How many torrents have how many peers, in shared memory: written by the thread that walks the torrents (torrent-pass.ts),
 * read by the main thread.
 *
 * | cell | Float64                                                             |
 * |-----:|---------------------------------------------------------------------|
 * |    0 | when the last pass ended, Unix time in milliseconds; 0 before that   |
 * |    1 | the most peers of one torrent                                        |
 * |  2 … | torrents by bucket: 1, 2, 3–4, 5–8 … peers, the last bucket is open |
 *
 * Example: a torrent of 5 peers counts in bucket ⌈log2 5⌉ = 3, cell 5. A pass is written at its end, the time last; a reader
 * in between mixes two passes for a moment.
 */
import type { PeersPerTorrent } from "../api-shape.ts";

const TIME_CELL = 0;
const LARGEST_CELL = 1;
const BUCKETS_CELL = 2;
/** The last one is for more than 2^20 peers. */
const BUCKETS = 22;

/** The bucket of a torrent with `peers` peers, at least 1. */
const bucketOfPeers = (peers: number): number => Math.min(BUCKETS - 1, 32 - Math.clz32(peers - 1));

/** What one pass has counted so far. */
export class PeersPerTorrentCount {
  readonly buckets = new Float64Array(BUCKETS);
  largest = 0;

  add(peers: number): void {
    if (peers === 0) return;
    const bucket = bucketOfPeers(peers);
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    if (peers > this.largest) this.largest = peers;
  }
}

export class PeersPerTorrentCells {
  /** May be posted to a worker. */
  readonly memory: SharedArrayBuffer;
  readonly #cells: Float64Array;

  private constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#cells = new Float64Array(memory);
  }

  static create(): PeersPerTorrentCells {
    return new PeersPerTorrentCells(new SharedArrayBuffer((BUCKETS_CELL + BUCKETS) * 8));
  }

  static attach(memory: SharedArrayBuffer): PeersPerTorrentCells {
    return new PeersPerTorrentCells(memory);
  }

  /** Called at the end of a pass. */
  write(count: PeersPerTorrentCount, nowMilliseconds: number): void {
    this.#cells.set(count.buckets, BUCKETS_CELL);
    this.#cells[LARGEST_CELL] = count.largest;
    this.#cells[TIME_CELL] = nowMilliseconds;
  }

  /** Null before the first pass. Empty buckets beyond the largest torrent are left out. */
  read(nowMilliseconds: number): PeersPerTorrent | null {
    const endedMilliseconds = this.#cells[TIME_CELL] ?? 0;
    if (endedMilliseconds === 0) return null;
    const counts = [...this.#cells.subarray(BUCKETS_CELL)];
    const last = counts.findLastIndex((torrents) => torrents > 0);
    return {
      ageSeconds: Math.max(0, Math.round((nowMilliseconds - endedMilliseconds) / 1000)),
      torrents: counts.reduce((sum, torrents) => sum + torrents, 0),
      largestPeers: this.#cells[LARGEST_CELL] ?? 0,
      buckets: counts.slice(0, last + 1).map((torrents, bucket) => ({
        from: bucket < 2 ? bucket + 1 : 2 ** (bucket - 1) + 1,
        to: bucket === BUCKETS - 1 ? null : 2 ** bucket,
        torrents,
      })),
    };
  }
}
