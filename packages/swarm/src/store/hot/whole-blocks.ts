/**
 * Blocks of 2^6 to 2^24 words of one shard's arena: the classic buddy system (Knuth, The Art of Computer Programming,
 * volume 1, section 2.5). Called by allocator.ts and slab-pages.ts; the caller holds the shard's lock.
 *
 * A block of class k begins at a multiple of 2^k; its buddy is the other half of the block of class k + 1. A free block
 * whose buddy is free too is joined with it at once, and one that ends where fresh memory begins becomes fresh again. Free
 * blocks of a class form a list in both directions (words 0 and 1 of the block: next, previous), and a bit for each
 * place of the class says whether a free block begins there: 0.1 % of the arena. Every step is bounded by the number of
 * classes.
 *
 * Example, class 6: blocks at words 256 and 320 are buddies (256 ^ 64 = 320). When both are free they become one block of
 * class 7 at 256, whose buddy is at 384.
 */
import {
  BLOCK_CLASS_MAX,
  END,
  FREE_BITS,
  FREE_CLASSES,
  FREE_LISTS,
  NEXT_FRESH,
  WHOLE_BLOCK_CLASS_MIN,
  WORDS_FREE,
} from "../layout.ts";

/** A block of 2^sizeClass words, sizeClass at least WHOLE_BLOCK_CLASS_MIN; 0 when the arena has none. */
export function takeWholeBlock(w: Int32Array, sizeClass: number): number {
  if (sizeClass > BLOCK_CLASS_MAX) return 0;
  const fitting = w[FREE_CLASSES] & (-1 << sizeClass);
  if (fitting === 0) return takeFresh(w, sizeClass);
  let blockClass = 31 - Math.clz32(fitting & -fitting);
  const block = w[FREE_LISTS + blockClass];
  unlink(w, block, blockClass);
  while (blockClass > sizeClass) {
    blockClass--;
    link(w, block + (1 << blockClass), blockClass);
  }
  return block;
}

export function giveWholeBlock(w: Int32Array, block: number, sizeClass: number): void {
  const joinedClass = joinBuddies(w, block, sizeClass);
  const joined = block & -(1 << joinedClass);
  if (joined + (1 << joinedClass) === w[NEXT_FRESH]) makeFresh(w, joined);
  else link(w, joined, joinedClass);
}

/** Unlinks the free buddies of a block; returns the class of the whole, which begins at a multiple of its size. */
function joinBuddies(w: Int32Array, block: number, sizeClass: number): number {
  let joined = block;
  let joinedClass = sizeClass;
  while (joinedClass < BLOCK_CLASS_MAX && isFree(w, joined ^ (1 << joinedClass), joinedClass)) {
    unlink(w, joined ^ (1 << joinedClass), joinedClass);
    joined &= ~(1 << joinedClass);
    joinedClass++;
  }
  return joinedClass;
}

/** Fresh memory begins at a multiple of 2^6; the gap up to the next multiple of the class becomes free blocks. */
function takeFresh(w: Int32Array, sizeClass: number): number {
  const size = 1 << sizeClass;
  const block = (w[NEXT_FRESH] + size - 1) & -size;
  if (block + size > w[END]) return 0;
  while (w[NEXT_FRESH] < block) {
    const gap = w[NEXT_FRESH];
    const gapClass = 31 - Math.clz32(gap & -gap);
    // Moved past the next block already, so that the gap does not become fresh again.
    w[NEXT_FRESH] = gap + (1 << gapClass);
    const joinedClass = joinBuddies(w, gap, gapClass);
    link(w, gap & -(1 << joinedClass), joinedClass);
  }
  w[NEXT_FRESH] = block + size;
  return block;
}

/** Fresh memory begins at `start` now, or lower where free blocks end there. */
function makeFresh(w: Int32Array, start: number): void {
  let fresh = start;
  let sizeClass = WHOLE_BLOCK_CLASS_MIN;
  // A block that ends at `fresh` begins at a multiple of its size, so its size divides `fresh`.
  while (sizeClass <= BLOCK_CLASS_MAX && (fresh & ((1 << sizeClass) - 1)) === 0) {
    const block = fresh - (1 << sizeClass);
    if (isFree(w, block, sizeClass)) {
      unlink(w, block, sizeClass);
      fresh = block;
      sizeClass = WHOLE_BLOCK_CLASS_MIN;
    } else sizeClass++;
  }
  w[NEXT_FRESH] = fresh;
}

function isFree(w: Int32Array, block: number, sizeClass: number): boolean {
  const place = block >> sizeClass;
  return ((w[w[FREE_BITS + sizeClass] + (place >> 5)] >>> (place & 31)) & 1) !== 0;
}

function link(w: Int32Array, block: number, sizeClass: number): void {
  const next = w[FREE_LISTS + sizeClass];
  w[block] = next;
  w[block + 1] = 0;
  if (next !== 0) w[next + 1] = block;
  w[FREE_LISTS + sizeClass] = block;
  w[FREE_CLASSES] |= 1 << sizeClass;
  w[WORDS_FREE] += 1 << sizeClass;
  const place = block >> sizeClass;
  w[w[FREE_BITS + sizeClass] + (place >> 5)] |= 1 << (place & 31);
}

function unlink(w: Int32Array, block: number, sizeClass: number): void {
  const next = w[block];
  const previous = w[block + 1];
  if (next !== 0) w[next + 1] = previous;
  if (previous !== 0) w[previous] = next;
  else {
    w[FREE_LISTS + sizeClass] = next;
    if (next === 0) w[FREE_CLASSES] &= ~(1 << sizeClass);
  }
  w[WORDS_FREE] -= 1 << sizeClass;
  const place = block >> sizeClass;
  w[w[FREE_BITS + sizeClass] + (place >> 5)] &= ~(1 << (place & 31));
}
