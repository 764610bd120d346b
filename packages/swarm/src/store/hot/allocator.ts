/**
 * Hands out and takes back blocks of 2^k words (class k) inside one shard's arena. The caller holds the shard's lock.
 *
 * Blocks of 64 words and more come from the buddy allocator (whole-blocks.ts), smaller ones from slab pages that each hold
 * one class (slab-pages.ts). Nothing is allocated in JavaScript; a full arena gives 0 and the caller leaves its structure
 * as it was. What is given back becomes whole again, so that a flood of small swarms leaves no scar: when 1.6 million
 * torrents have come and gone, a 64 MiB store holds as large a swarm as a fresh one (aged-store.test.ts).
 */
import { SLAB_BLOCK_CLASS_MAX } from "../layout.ts";
import { giveSlabBlock, takeSlabBlock } from "./slab-pages.ts";
import { giveWholeBlock, takeWholeBlock } from "./whole-blocks.ts";

/** A block of 2^sizeClass words with undefined content, or 0 when the arena is full. */
export function takeBlock(w: Int32Array, sizeClass: number): number {
  return sizeClass <= SLAB_BLOCK_CLASS_MAX
    ? takeSlabBlock(w, sizeClass)
    : takeWholeBlock(w, sizeClass);
}

/** Takes back a block that `takeBlock` gave for the same class. */
export function giveBlock(w: Int32Array, block: number, sizeClass: number): void {
  if (sizeClass <= SLAB_BLOCK_CLASS_MAX) giveSlabBlock(w, block, sizeClass);
  else giveWholeBlock(w, block, sizeClass);
}
