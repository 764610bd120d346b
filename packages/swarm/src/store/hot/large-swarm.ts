/**
 * A large swarm: a 16-word header and one set of peer pages for each role. The caller holds the shard's lock.
 *
 * `swarm` is the word index of a record's (reference, meta) pair. A swarm becomes large when its slab is full
 * (`promote`), and small again when cleaning finds few peers left (`demote`).
 */
import { countSlab } from "../../limits/hot/address-counts.ts";
import {
  LARGE_CLASS,
  LARGE_LEECHER_SET,
  LARGE_LEECHERS,
  LARGE_META,
  LARGE_PAUSED,
  LARGE_SEEDER_SET,
  LARGE_SEEDERS,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  PAUSED_BIT,
  SLOT_WORDS_4,
  SMALL_CLASS_MASK,
  SMALL_LEECHERS_SHIFT,
  SMALL_RENEWED,
  SMALL_SEEDERS_SHIFT,
} from "../layout.ts";
import { giveBlock, takeBlock } from "./allocator.ts";
import {
  closePeerSet,
  findInPages,
  firstSlot,
  hashOfSlot,
  insertInPages,
  openPeerSet,
  removeFromPages,
} from "./peer-pages.ts";
import { slotsOfClass, smallLeechers, smallSeeders } from "./small-swarm.ts";

/** Scratch for one peer's key while it moves between structures; one per thread. */
const movedKey = new Int32Array(5);

function setOf(header: number, seeder: boolean): number {
  return header + (seeder ? LARGE_SEEDER_SET : LARGE_LEECHER_SET);
}

/** Turns a small swarm into a large one. False when the arena is full; nothing has changed then. */
export function promote(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  hashKey: Int32Array,
): boolean {
  const header = takeBlock(w, LARGE_CLASS);
  if (header === 0) return false;
  if (!openPeerSet(w, setOf(header, false), slotWords)) {
    giveBlock(w, header, LARGE_CLASS);
    return false;
  }
  if (!openPeerSet(w, setOf(header, true), slotWords)) {
    closePeerSet(w, setOf(header, false), slotWords);
    giveBlock(w, header, LARGE_CLASS);
    return false;
  }
  const slab = w[swarm];
  const meta = w[swarm + 1];
  const leechers = smallLeechers(meta);
  const count = leechers + smallSeeders(meta);
  w[header + LARGE_LEECHERS] = leechers;
  w[header + LARGE_SEEDERS] = count - leechers;
  w[header + LARGE_PAUSED] = 0;
  // A small swarm has at most 63 IPv4 or 25 IPv6 peers: they fit in one page each, so no insert here can fail.
  for (let i = 0; i < count; i++) {
    const slot = slab + i * slotWords;
    const tail = w[slot + slotWords - 1];
    if (i < leechers && (tail & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]++;
    const hash = takeKey(w, slot, slotWords, hashKey);
    insertInPages(w, setOf(header, i >= leechers), slotWords, hashKey, hash, movedKey, tail);
  }
  countSlab(w, swarm, slotWords, slab, count, 1);
  giveBlock(w, slab, meta & SMALL_CLASS_MASK);
  w[swarm] = header;
  w[swarm + 1] = LARGE_META;
  return true;
}

function takeKey(w: Int32Array, slot: number, slotWords: number, hashKey: Int32Array): number {
  for (let i = 0; i < slotWords - 1; i++) movedKey[i] = w[slot + i];
  movedKey[slotWords - 1] = w[slot + slotWords - 1] & 0xffff;
  return hashOfSlot(w, hashKey, slot, slotWords);
}

/** The slot of a peer in the set of one role, or 0. */
export function findLarge(
  w: Int32Array,
  header: number,
  slotWords: number,
  hash: number,
  key: Int32Array,
  seeder: boolean,
): number {
  return findInPages(w, setOf(header, seeder), slotWords, hash, key);
}

/** Adds a peer that is not in the swarm; returns its slot, or 0 when the arena is full. */
export function insertLarge(
  w: Int32Array,
  header: number,
  slotWords: number,
  hashKey: Int32Array,
  hash: number,
  key: Int32Array,
  tail: number,
  seeder: boolean,
): number {
  const slot = insertInPages(w, setOf(header, seeder), slotWords, hashKey, hash, key, tail);
  if (slot === 0) return 0;
  if (seeder) w[header + LARGE_SEEDERS]++;
  else {
    w[header + LARGE_LEECHERS]++;
    if ((tail & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]++;
  }
  return slot;
}

export function removeLarge(
  w: Int32Array,
  header: number,
  slotWords: number,
  hash: number,
  slot: number,
  seeder: boolean,
): void {
  if (seeder) w[header + LARGE_SEEDERS]--;
  else {
    w[header + LARGE_LEECHERS]--;
    if ((w[slot + slotWords - 1] & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]--;
  }
  removeFromPages(w, setOf(header, seeder), slotWords, hash, slot);
}

/** Rewrites the tail of a peer that keeps its role. */
export function refreshLarge(
  w: Int32Array,
  header: number,
  slotWords: number,
  slot: number,
  tail: number,
  seeder: boolean,
): void {
  const at = slot + slotWords - 1;
  if (!seeder) {
    if ((w[at] & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]--;
    if ((tail & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]++;
  }
  w[at] = tail;
}

/**
 * Turns a large swarm with at most `count` peers that fit in a block of `sizeClass` into a small one. An empty one
 * (`count` 0) gives everything back. False when the arena is full; nothing has changed then.
 */
export function demote(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  sizeClass: number,
): boolean {
  const header = w[swarm];
  const leechers = w[header + LARGE_LEECHERS];
  const seeders = w[header + LARGE_SEEDERS];
  let slab = 0;
  if (leechers + seeders > 0) {
    slab = takeBlock(w, sizeClass);
    if (slab === 0) return false;
    copySet(w, setOf(header, false), slotWords, slab);
    copySet(w, setOf(header, true), slotWords, slab + leechers * slotWords);
    countSlab(w, swarm, slotWords, slab, leechers + seeders, -1);
  }
  closeLarge(w, header, slotWords);
  w[swarm] = slab;
  w[swarm + 1] =
    slab === 0
      ? 0
      : sizeClass |
        SMALL_RENEWED |
        (leechers << SMALL_LEECHERS_SHIFT) |
        (seeders << SMALL_SEEDERS_SHIFT);
  return true;
}

function copySet(w: Int32Array, set: number, slotWords: number, target: number): void {
  const depth = w[set + 1];
  for (let i = 0; i < 1 << depth; ) {
    const page = w[w[set] + i];
    const source = firstSlot(page, slotWords);
    const words = (w[page] & PAGE_COUNT_MASK) * slotWords;
    for (let j = 0; j < words; j++) w[target + j] = w[source + j];
    target += words;
    i += 1 << (depth - (w[page] >>> PAGE_DEPTH_SHIFT));
  }
}

/** Gives back everything a large swarm occupies. */
function closeLarge(w: Int32Array, header: number, slotWords: number): void {
  closePeerSet(w, setOf(header, false), slotWords);
  closePeerSet(w, setOf(header, true), slotWords);
  giveBlock(w, header, LARGE_CLASS);
}

/** The block class of a slab for `count` peers; callers keep `count` within a small swarm's limit. */
export function slabClassFor(count: number, slotWords: number): number {
  let sizeClass = slotWords === SLOT_WORDS_4 ? 1 : 3;
  while (slotsOfClass(sizeClass, slotWords) < count) sizeClass++;
  return sizeClass;
}
