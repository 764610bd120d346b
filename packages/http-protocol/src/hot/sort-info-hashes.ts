/**
 * Puts the info hashes of a scrape into the order of their bytes and drops repeated ones, in place: the keys of a
 * bencoded dictionary must be sorted and unique (BEP 3). Heapsort, so that no order of a hostile request costs more
 * than n log n; a scrape of one info hash, which is nearly all of them, returns at once.
 */
import type { TrackerQuery } from "./query-record.ts";

const HASH_BYTES = 20;
const HASH_WORDS = 5;

/** Sorts `query.hashWords` and lowers `query.hashCount` by the number of repeated info hashes. */
export function sortInfoHashes(query: TrackerQuery): void {
  const count = query.hashCount;
  if (count < 2) return;
  const bytes = query.hashBytes;
  const words = query.hashWords;
  for (let root = (count >> 1) - 1; root >= 0; root--) siftDown(bytes, words, root, count);
  for (let last = count - 1; last > 0; last--) {
    swapHashes(words, 0, last);
    siftDown(bytes, words, 0, last);
  }
  let kept = 1;
  for (let i = 1; i < count; i++) {
    if (compareHashes(bytes, kept - 1, i) === 0) continue;
    if (kept !== i) swapHashes(words, kept, i);
    kept++;
  }
  query.hashCount = kept;
}

function siftDown(bytes: Uint8Array, words: Int32Array, root: number, count: number): void {
  for (;;) {
    let child = 2 * root + 1;
    if (child >= count) return;
    if (child + 1 < count && compareHashes(bytes, child, child + 1) < 0) child++;
    if (compareHashes(bytes, root, child) >= 0) return;
    swapHashes(words, root, child);
    root = child;
  }
}

/** Negative, 0 or positive, as info hash `left` stands before, at or behind info hash `right`. */
function compareHashes(bytes: Uint8Array, left: number, right: number): number {
  const a = left * HASH_BYTES;
  const b = right * HASH_BYTES;
  for (let i = 0; i < HASH_BYTES; i++) {
    const difference = bytes[a + i] - bytes[b + i];
    if (difference !== 0) return difference;
  }
  return 0;
}

function swapHashes(words: Int32Array, left: number, right: number): void {
  const a = left * HASH_WORDS;
  const b = right * HASH_WORDS;
  for (let i = 0; i < HASH_WORDS; i++) {
    const word = words[a + i];
    words[a + i] = words[b + i];
    words[b + i] = word;
  }
}
