/**
 * Blocks of 2 to 32 words of one shard's arena: pages of 512 words that each hold blocks of one class. Called by
 * allocator.ts, and by cleaning for `gatherBlock`; the caller holds the shard's lock.
 *
 * A page that empties is given back whole. Pages with room stand in one of two lists of their class: dense (at least half
 * of the blocks are in use) or sparse. New blocks come from dense pages, and cleaning moves the blocks of sparse pages
 * together (`gatherBlock`), so that a few survivors of a flood do not pin its memory.
 *
 * | word of a page | meaning                                                                  |
 * |----------------|--------------------------------------------------------------------------|
 * | 0              | blocks in use                                                            |
 * | 1, 2           | next and previous page of its list, 0 for none                           |
 * | 3              | first block that was given back, 0 for none; its word 0 names the next    |
 * | 4              | first block never handed out; the end of the page when there is none      |
 * | 5..15          | unused, so that blocks of 16 and 32 words begin on cache lines            |
 * | 16..511        | the blocks                                                               |
 *
 * Example: a page of class 1 at word 1024 has room for 248 blocks at 1040, 1042 … 1534. After three were taken and the
 * second given back its first words read 2, next, previous, 1042, 1046.
 */
import {
  SLAB_BLOCK_CLASS_MAX,
  SLAB_DENSE_LISTS,
  SLAB_HEADER_WORDS,
  SLAB_PAGE_CLASS,
  SLAB_SPARSE_LISTS,
  SLAB_WORDS_FREE,
} from "../layout.ts";
import { giveWholeBlock, takeWholeBlock } from "./whole-blocks.ts";

const PAGE_WORDS = 1 << SLAB_PAGE_CLASS;
const PAGE_MASK = -PAGE_WORDS;
const USED = 0;
const NEXT = 1;
const PREVIOUS = 2;
const RETURNED = 3;
const UNTOUCHED = 4;

/** Blocks of a class in one page. */
function capacityOf(sizeClass: number): number {
  return (PAGE_WORDS - SLAB_HEADER_WORDS) >> sizeClass;
}

/** A block of 2^sizeClass words, or 0 when the arena is full. */
export function takeSlabBlock(w: Int32Array, sizeClass: number): number {
  let page = w[SLAB_DENSE_LISTS + sizeClass];
  if (page === 0) page = w[SLAB_SPARSE_LISTS + sizeClass];
  if (page === 0) {
    page = openPage(w, sizeClass);
    if (page === 0) return 0;
  }
  let block = w[page + RETURNED];
  if (block !== 0) w[page + RETURNED] = w[block];
  else {
    block = w[page + UNTOUCHED];
    w[page + UNTOUCHED] = block + (1 << sizeClass);
  }
  w[SLAB_WORDS_FREE] -= 1 << sizeClass;
  const used = ++w[page + USED];
  const capacity = capacityOf(sizeClass);
  const half = (capacity + 1) >> 1;
  if (used === half) {
    unlink(w, page, SLAB_SPARSE_LISTS + sizeClass);
    if (used < capacity) link(w, page, SLAB_DENSE_LISTS + sizeClass);
  } else if (used === capacity) unlink(w, page, SLAB_DENSE_LISTS + sizeClass);
  return block;
}

export function giveSlabBlock(w: Int32Array, block: number, sizeClass: number): void {
  const page = block & PAGE_MASK;
  const used = --w[page + USED];
  const capacity = capacityOf(sizeClass);
  const half = (capacity + 1) >> 1;
  w[block] = w[page + RETURNED];
  w[page + RETURNED] = block;
  w[SLAB_WORDS_FREE] += 1 << sizeClass;
  if (used === capacity - 1) link(w, page, SLAB_DENSE_LISTS + sizeClass);
  else if (used === half - 1) {
    unlink(w, page, SLAB_DENSE_LISTS + sizeClass);
    link(w, page, SLAB_SPARSE_LISTS + sizeClass);
  }
  if (used === 0) {
    unlink(w, page, SLAB_SPARSE_LISTS + sizeClass);
    w[SLAB_WORDS_FREE] -= capacity << sizeClass;
    giveWholeBlock(w, page, SLAB_PAGE_CLASS);
  }
}

/**
 * Moves the block that word `at` refers to out of a sparse page, if another page of its class has room; `at` refers to
 * the copy then. A pass of cleaning over all references therefore leaves at most one sparse page of each class. Nobody else may
 * refer to the block.
 */
export function gatherBlock(w: Int32Array, at: number, sizeClass: number): void {
  if (sizeClass > SLAB_BLOCK_CLASS_MAX) return;
  const block = w[at];
  const page = block & PAGE_MASK;
  if (w[page + USED] >= (capacityOf(sizeClass) + 1) >> 1) return;
  let target = w[SLAB_DENSE_LISTS + sizeClass];
  if (target === 0) target = w[SLAB_SPARSE_LISTS + sizeClass];
  // The page that is being filled keeps its blocks: it is a target for those of the others.
  if (target === page || target === 0) return;
  const copy = takeSlabBlock(w, sizeClass);
  for (let i = 0; i < 1 << sizeClass; i++) w[copy + i] = w[block + i];
  w[at] = copy;
  giveSlabBlock(w, block, sizeClass);
}

function openPage(w: Int32Array, sizeClass: number): number {
  const page = takeWholeBlock(w, SLAB_PAGE_CLASS);
  if (page === 0) return 0;
  w[page + USED] = 0;
  w[page + RETURNED] = 0;
  w[page + UNTOUCHED] = page + SLAB_HEADER_WORDS;
  w[SLAB_WORDS_FREE] += capacityOf(sizeClass) << sizeClass;
  link(w, page, SLAB_SPARSE_LISTS + sizeClass);
  return page;
}

function link(w: Int32Array, page: number, list: number): void {
  const next = w[list];
  w[page + NEXT] = next;
  w[page + PREVIOUS] = 0;
  if (next !== 0) w[next + PREVIOUS] = page;
  w[list] = page;
}

function unlink(w: Int32Array, page: number, list: number): void {
  const next = w[page + NEXT];
  const previous = w[page + PREVIOUS];
  if (next !== 0) w[next + PREVIOUS] = previous;
  if (previous !== 0) w[previous + NEXT] = next;
  else w[list] = next;
}
