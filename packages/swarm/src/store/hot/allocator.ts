/**
 * Hands out and takes back blocks of 2^k words inside one shard's arena. The caller holds the shard's lock.
 *
 * A block comes from the free list of its class, else from the smallest larger free block (cut in halves, the rest
 * goes to the lists), else from fresh memory. Nothing is allocated in JavaScript; a full arena answers 0 and the
 * caller leaves its structure as it was. Neighbouring free blocks are not joined: the sizes in use are few and
 * swarms that shrink are followed by swarms that grow.
 */
import {
  BLOCK_CLASS_MAX,
  END,
  FREE_CLASSES,
  FREE_LISTS,
  FRESH_CLASS_MIN,
  NEXT_FRESH,
  WORDS_FREE,
} from "../layout.ts";

/** A block of 2^sizeClass words with undefined content, or 0 when the arena is full. */
export function takeBlock(w: Int32Array, sizeClass: number): number {
  const head = w[FREE_LISTS + sizeClass];
  if (head !== 0) return unlinkHead(w, sizeClass, head);
  const larger = w[FREE_CLASSES] & (-2 << sizeClass);
  let block: number;
  let blockClass: number;
  if (larger !== 0) {
    blockClass = 31 - Math.clz32(larger & -larger);
    block = unlinkHead(w, blockClass, w[FREE_LISTS + blockClass]);
  } else {
    blockClass = sizeClass < FRESH_CLASS_MIN ? FRESH_CLASS_MIN : sizeClass;
    block = w[NEXT_FRESH];
    const next = block + (1 << blockClass);
    if (sizeClass > BLOCK_CLASS_MAX || next > w[END]) return 0;
    w[NEXT_FRESH] = next;
  }
  while (blockClass > sizeClass) {
    blockClass--;
    giveBlock(w, block + (1 << blockClass), blockClass);
  }
  return block;
}

export function giveBlock(w: Int32Array, block: number, sizeClass: number): void {
  w[block] = w[FREE_LISTS + sizeClass];
  w[FREE_LISTS + sizeClass] = block;
  w[FREE_CLASSES] |= 1 << sizeClass;
  w[WORDS_FREE] += 1 << sizeClass;
}

function unlinkHead(w: Int32Array, sizeClass: number, head: number): number {
  const next = w[head];
  w[FREE_LISTS + sizeClass] = next;
  if (next === 0) w[FREE_CLASSES] &= ~(1 << sizeClass);
  w[WORDS_FREE] -= 1 << sizeClass;
  return head;
}
