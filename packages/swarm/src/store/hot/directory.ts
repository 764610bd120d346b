/**
 * The directory of an extendible hash: 2^depth page references, chosen by the leading bits of a keyed hash. Used for a
 * shard's torrent pages and for the peer pages of large swarms. The caller holds the shard's lock.
 *
 * `at` is the word index of a (directory reference, depth) pair. A page that fewer bits lead to than the directory has
 * is named by several neighbouring entries.
 */
import { giveBlock, takeBlock } from "./allocator.ts";

/** Doubles a directory: one word copied twice for each entry. False when the arena has no room; nothing has changed then. */
export function doubleDirectory(w: Int32Array, at: number): boolean {
  const depth = w[at + 1];
  const grown = takeBlock(w, depth + 1);
  if (grown === 0) return false;
  const directory = w[at];
  for (let i = (1 << depth) - 1; i >= 0; i--) {
    const page = w[directory + i];
    w[grown + 2 * i] = page;
    w[grown + 2 * i + 1] = page;
  }
  giveBlock(w, directory, depth);
  w[at] = grown;
  w[at + 1] = depth + 1;
  return true;
}

/** After a page of `depth` was split: the upper half of its directory entries points to the new page. */
export function pointUpperHalf(
  w: Int32Array,
  at: number,
  hash: number,
  depth: number,
  upper: number,
): void {
  const directoryDepth = w[at + 1];
  const half = 1 << (directoryDepth - depth - 1);
  // The entries of one page are neighbours: those whose leading `depth` bits equal the hash's.
  const first = ((hash >>> (31 - depth)) | 1) << (directoryDepth - depth - 1);
  for (let i = 0; i < half; i++) w[w[at] + first + i] = upper;
}

/** After two twins of `depth` were joined: all entries of both point to the one that is left. */
export function pointBoth(
  w: Int32Array,
  at: number,
  hash: number,
  depth: number,
  page: number,
): void {
  const span = 1 << (w[at + 1] - depth + 1);
  const first = w[at] + ((hash >>> (32 - w[at + 1])) & -span);
  for (let i = 0; i < span; i++) w[first + i] = page;
}

/** Halves the directory as often as no page needs its depth. */
export function shrinkDirectory(w: Int32Array, at: number): void {
  while (w[at + 1] > 1) {
    const depth = w[at + 1];
    const directory = w[at];
    for (let i = 0; i < 1 << depth; i += 2) if (w[directory + i] !== w[directory + i + 1]) return;
    const smaller = takeBlock(w, depth - 1);
    if (smaller === 0) return;
    for (let i = 0; i < 1 << (depth - 1); i++) w[smaller + i] = w[directory + 2 * i];
    giveBlock(w, directory, depth);
    w[at] = smaller;
    w[at + 1] = depth - 1;
  }
}
