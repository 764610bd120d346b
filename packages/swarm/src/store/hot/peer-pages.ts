/**
 * One role of a large swarm (its leechers, or its seeders): extendible hashing of peers over pages of 63 (IPv4) or
 * 51 (IPv6) slots. The caller holds the shard's lock.
 *
 * `set` is the word index of a (directory reference, depth) pair. A peer is found by one directory word and one page
 * scanned in order; a full page is split, two half-empty neighbours are joined, so an insert or a removal moves at
 * most one page, and any run of pages is full enough to draw a sample from. A swarm of 1 M IPv4 peers takes 12 to
 * 14 bytes a peer, depending on where the pages stand between two splits.
 */
import {
  PAGE_COUNT_MASK,
  PAGE_DEPTH_MAX,
  PAGE_DEPTH_SHIFT,
  PEER_PAGE_CLASS_4,
  PEER_PAGE_CLASS_6,
  PEERS_PER_PAGE_4,
  PEERS_PER_PAGE_6,
  PORT_MASK,
  SLOT_WORDS_4,
} from "../layout.ts";
import { giveBlock, takeBlock } from "./allocator.ts";
import { doubleDirectory, pointBoth, pointUpperHalf } from "./directory.ts";
import { keyedHash } from "./keyed-hash.ts";
import { copySlot, findSlot, writeSlot } from "./small-swarm.ts";

function pageClass(slotWords: number): number {
  return slotWords === SLOT_WORDS_4 ? PEER_PAGE_CLASS_4 : PEER_PAGE_CLASS_6;
}

function pageCapacity(slotWords: number): number {
  return slotWords === SLOT_WORDS_4 ? PEERS_PER_PAGE_4 : PEERS_PER_PAGE_6;
}

/** Word index of a page's first slot. */
export function firstSlot(page: number, slotWords: number): number {
  return slotWords === SLOT_WORDS_4 ? page + 2 : page + 1;
}

/** Creates an empty set with one page. False when the arena is full. */
export function openPeerSet(w: Int32Array, set: number, slotWords: number): boolean {
  const page = takeBlock(w, pageClass(slotWords));
  if (page === 0) return false;
  const directory = takeBlock(w, 1);
  if (directory === 0) {
    giveBlock(w, page, pageClass(slotWords));
    return false;
  }
  w[page] = 0;
  w[directory] = page;
  w[directory + 1] = page;
  w[set] = directory;
  w[set + 1] = 1;
  return true;
}

export function peerPage(w: Int32Array, set: number, hash: number): number {
  return w[w[set] + (hash >>> (32 - w[set + 1]))];
}

/** The slot of a peer, or 0. */
export function findInPages(
  w: Int32Array,
  set: number,
  slotWords: number,
  hash: number,
  key: Int32Array,
): number {
  const page = peerPage(w, set, hash);
  return findSlot(w, firstSlot(page, slotWords), w[page] & PAGE_COUNT_MASK, slotWords, key);
}

/** Adds a peer that is not in the set; returns its slot, or 0 when the arena is full. */
export function insertInPages(
  w: Int32Array,
  set: number,
  slotWords: number,
  hashKey: Int32Array,
  hash: number,
  key: Int32Array,
  tail: number,
): number {
  let page = peerPage(w, set, hash);
  while ((w[page] & PAGE_COUNT_MASK) === pageCapacity(slotWords)) {
    if (!splitPeerPage(w, set, slotWords, hashKey, hash)) return 0;
    page = peerPage(w, set, hash);
  }
  const slot = firstSlot(page, slotWords) + (w[page] & PAGE_COUNT_MASK) * slotWords;
  writeSlot(w, slot, slotWords, key, tail);
  w[page]++;
  return slot;
}

function splitPeerPage(
  w: Int32Array,
  set: number,
  slotWords: number,
  hashKey: Int32Array,
  hash: number,
): boolean {
  const page = peerPage(w, set, hash);
  const depth = w[page] >>> PAGE_DEPTH_SHIFT;
  if (depth === PAGE_DEPTH_MAX) return false;
  if (depth === w[set + 1] && !doubleDirectory(w, set)) return false;
  const upper = takeBlock(w, pageClass(slotWords));
  if (upper === 0) return false;
  let kept = firstSlot(page, slotWords);
  let moved = firstSlot(upper, slotWords);
  const end = kept + (w[page] & PAGE_COUNT_MASK) * slotWords;
  for (let slot = kept; slot < end; slot += slotWords) {
    if (((hashOfSlot(w, hashKey, slot, slotWords) >>> (31 - depth)) & 1) === 0) {
      if (kept !== slot) copySlot(w, slot, kept, slotWords);
      kept += slotWords;
    } else {
      copySlot(w, slot, moved, slotWords);
      moved += slotWords;
    }
  }
  const depthBits = (depth + 1) << PAGE_DEPTH_SHIFT;
  w[page] = ((kept - firstSlot(page, slotWords)) / slotWords) | 0 | depthBits;
  w[upper] = ((moved - firstSlot(upper, slotWords)) / slotWords) | 0 | depthBits;
  pointUpperHalf(w, set, hash, depth, upper);
  return true;
}

/** Takes out the peer at `slot` of the page that `hash` belongs to, and joins the page to its twin if both are light. */
export function removeFromPages(
  w: Int32Array,
  set: number,
  slotWords: number,
  hash: number,
  slot: number,
): void {
  const page = peerPage(w, set, hash);
  const last = firstSlot(page, slotWords) + ((w[page] & PAGE_COUNT_MASK) - 1) * slotWords;
  if (slot !== last) copySlot(w, last, slot, slotWords);
  w[page]--;
  joinTwins(w, set, slotWords, hash);
}

/**
 * While a page and its twin together fill less than half a page, they become one. Half, not all: a page on the border
 * would otherwise be split and joined in turn.
 */
export function joinTwins(w: Int32Array, set: number, slotWords: number, hash: number): void {
  const limit = pageCapacity(slotWords) >>> 1;
  for (;;) {
    const page = peerPage(w, set, hash);
    const depth = w[page] >>> PAGE_DEPTH_SHIFT;
    const count = w[page] & PAGE_COUNT_MASK;
    if (depth === 0 || count > limit) return;
    const twin = peerPage(w, set, hash ^ (1 << (32 - depth)));
    const twinCount = w[twin] & PAGE_COUNT_MASK;
    if (w[twin] >>> PAGE_DEPTH_SHIFT !== depth || count + twinCount > limit) return;
    const target = firstSlot(page, slotWords) + count * slotWords;
    const source = firstSlot(twin, slotWords);
    for (let i = 0; i < twinCount * slotWords; i++) w[target + i] = w[source + i];
    w[page] = (count + twinCount) | ((depth - 1) << PAGE_DEPTH_SHIFT);
    giveBlock(w, twin, pageClass(slotWords));
    pointBoth(w, set, hash, depth, page);
  }
}

/** Gives back the directory and all pages of a set; each page is visited once, by its lowest entry. */
export function closePeerSet(w: Int32Array, set: number, slotWords: number): void {
  const depth = w[set + 1];
  for (let i = 0; i < 1 << depth; ) {
    const page = w[w[set] + i];
    i += 1 << (depth - (w[page] >>> PAGE_DEPTH_SHIFT));
    giveBlock(w, page, pageClass(slotWords));
  }
  giveBlock(w, w[set], depth);
  w[set] = 0;
  w[set + 1] = 0;
}

/** Scratch for one peer while its page is split; one per thread, since a module lives in one thread. */
const splitKey = new Int32Array(5);

/** The keyed hash of the peer in a slot: over the address words and the port. */
export function hashOfSlot(
  w: Int32Array,
  hashKey: Int32Array,
  slot: number,
  slotWords: number,
): number {
  const last = slotWords - 1;
  for (let i = 0; i < last; i++) splitKey[i] = w[slot + i];
  splitKey[last] = w[slot + last] & PORT_MASK;
  return keyedHash(hashKey, splitKey, 0, slotWords);
}
