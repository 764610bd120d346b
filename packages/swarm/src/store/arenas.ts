/**
 * Reserves the arenas of the swarm store and writes their headers. Called once, on the main thread.
 *
 * An arena is address space: the kernel commits its pages as they are first written. Hosts with strict overcommit or
 * an address-space limit (`ulimit -v`, cgroups) refuse a large reservation; then every arena is halved until they fit.
 */
import { takeBlock } from "./hot/allocator.ts";
import {
  ARENA_BYTES_MAX,
  BLOCK_CLASS_MAX,
  COUNTS,
  COUNTS_BY_ADDRESS,
  COUNTS_CELLS,
  COUNTS_KEY_WORDS,
  COUNTS_LINES_SHIFT,
  END,
  FREE_BITS,
  NEXT_FRESH,
  SHARD_HEADER_WORDS,
  TORRENT_DEPTH,
  TORRENT_DIRECTORY,
  TORRENT_PAGE_CLASS,
  WHOLE_BLOCK_CLASS_MIN,
} from "./layout.ts";

/** Room for the header, one torrent page and some thousand peers. */
const ARENA_BYTES_MIN = 2 ** 16;

/**
 * Lines of counts by address and torrent: a sixty-fourth of the arena, at most 64 KiB, which 64 shards take 4.6 MiB for with
 * the counts by address. docs/decisions/0007 has the errors at each size.
 */
const COUNTS_LINES_MIN = 8;
const COUNTS_LINES_MAX = 1024;
const COUNTS_SHARE_SHIFT = 6;
/** What arenas need to count peers by address (`limits/hot/address-counts.ts`). */
export interface ArenaCounts {
  /** Random words. */
  readonly key: Int32Array;
  /** How many of the arenas, from the first on, count by address alone. */
  readonly shards: number;
}

/**
 * Makes `count` arenas of `totalBytes` together, or of the largest power-of-two part of it that the host grants. With
 * `counts` they count peers by address.
 */
export function openArenas(
  count: number,
  totalBytes: number,
  reserve: (bytes: number) => SharedArrayBuffer = (bytes) => new SharedArrayBuffer(bytes),
  counts?: ArenaCounts,
): SharedArrayBuffer[] {
  const share = Math.floor(totalBytes / count / 256) * 256;
  let bytes = Math.max(ARENA_BYTES_MIN, Math.min(ARENA_BYTES_MAX, share));
  for (;;) {
    try {
      const arenas = Array.from({ length: count }, () => reserve(bytes));
      for (const [i, arena] of arenas.entries()) writeHeader(arena, i, counts);
      return arenas;
    } catch (error) {
      if (!(error instanceof RangeError) || bytes <= ARENA_BYTES_MIN) throw error;
      bytes = Math.max(ARENA_BYTES_MIN, bytes >>> 1);
    }
  }
}

function writeHeader(
  arena: SharedArrayBuffer,
  shard: number,
  counts: ArenaCounts | undefined,
): void {
  const w = new Int32Array(arena);
  let next = SHARD_HEADER_WORDS;
  for (let sizeClass = WHOLE_BLOCK_CLASS_MIN; sizeClass <= BLOCK_CLASS_MAX; sizeClass++) {
    w[FREE_BITS + sizeClass] = next;
    // One bit for each block that begins in the arena, and one for the buddy of the last.
    next += ((w.length >>> sizeClass) + 2 + 31) >>> 5;
  }
  if (counts !== undefined) next = makeCounts(w, next, counts, shard < counts.shards);
  const blockWords = 1 << WHOLE_BLOCK_CLASS_MIN;
  w[NEXT_FRESH] = (next + blockWords - 1) & -blockWords;
  w[END] = w.length;
  const page = takeBlock(w, TORRENT_PAGE_CLASS);
  const directory = takeBlock(w, 1);
  w[page] = 0;
  w[directory] = page;
  w[directory + 1] = page;
  w[TORRENT_DIRECTORY] = directory;
  w[TORRENT_DEPTH] = 1;
}

/** Lays out the counts from `next` on; returns the word behind them. */
function makeCounts(
  w: Int32Array,
  next: number,
  { key }: ArenaCounts,
  countsByAddress: boolean,
): number {
  let lines = COUNTS_LINES_MIN;
  const linesMax = Math.min(COUNTS_LINES_MAX, (w.length >>> COUNTS_SHARE_SHIFT) / COUNTS_CELLS);
  while (lines * 2 <= linesMax) lines *= 2;
  const ofAddresses = (lines >>> COUNTS_LINES_SHIFT) * COUNTS_CELLS;
  const counts = (next + COUNTS_CELLS - 1) & -COUNTS_CELLS;
  w[COUNTS] = counts | Math.log2(lines) | (countsByAddress ? COUNTS_BY_ADDRESS : 0);
  w.set(key, counts);
  return counts + COUNTS_KEY_WORDS + ofAddresses + lines * COUNTS_CELLS;
}
