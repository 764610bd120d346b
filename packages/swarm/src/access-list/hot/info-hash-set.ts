/**
 * Membership of an info hash in a fixed set that lies in shared memory.
 *
 * Called once per announce and per scraped info hash where an access list is on. The memory is written once, by the thread
 * that builds the list, before any other sees it; afterwards all only read.
 *
 * The set is looked up by names that strangers choose, so the hash is keyed: HalfSipHash-1-3
 * (https://github.com/veorq/SipHash), made for tables on 32-bit arithmetic, which is the arithmetic JavaScript is fast in.
 * The key is random per list, so nobody can choose info hashes that pile up in one place. Shown by
 * bench/access-list.bench.ts.
 *
 * All 32-bit words in native order:
 *
 * | word     | name    | meaning                                                                 |
 * |----------|---------|-------------------------------------------------------------------------|
 * | 0, 1     | key     | of the hash, random                                                     |
 * | 2        | mask    | slots of the index minus one; slots are a power of two, half used       |
 * | 3        | count   | entries                                                                 |
 * | 4…15     |         | unused, so that the index begins on a cache line                        |
 * | 16…      | index   | one word a slot, 0 when free; linear probing                            |
 * | 17+mask… | entries | five words each, the 20 bytes of an info hash as they lie in a request  |
 *
 * A slot that is taken holds the entry's number, from 1, in its lower 25 bits and the upper 7 bits of the hash above them,
 * so that looking for an info hash that is not listed hardly ever touches an entry.
 *
 * Example: 3 entries, 16 slots: mask 15, index in words 16…31, entry 0 in words 32…36. A slot of 0x0c000002 is entry 1,
 * whose hash begins with the bits 0000110.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";

export const SET_KEY_WORD = 0;
export const SET_MASK_WORD = 2;
export const SET_COUNT_WORD = 3;
export const SET_INDEX_WORD = 16;

/** Bits of a slot that number its entry. */
const NUMBER_BITS = 25;
/** The highest number an entry can have. */
export const SET_ENTRIES_MAX = 0x1ffffff;

/** HalfSipHash-1-3 of the five words at `at`, a signed 32-bit number. */
export function hashInfoHash(words: Int32Array, at: number, key0: number, key1: number): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  // Five message words, the length as the last, then three rounds to finish.
  for (let round = 0; round < 9; round++) {
    let message = 0;
    if (round < INFO_HASH_WORDS) message = words[at + round];
    else if (round === INFO_HASH_WORDS) message = 20 << 24;
    else if (round === INFO_HASH_WORDS + 1) v2 ^= 0xff;
    v3 ^= message;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= message;
  }
  return v1 ^ v3;
}

/**
 * The word of the index slot that holds the info hash at `at` of `words`, or of the free slot where it would be put.
 * There always is one: half the slots are free. `hash` is its hash.
 */
export function findSlot(set: Int32Array, words: Int32Array, at: number, hash: number): number {
  const mask = set[SET_MASK_WORD];
  const entries = SET_INDEX_WORD + mask + 1;
  let slot = hash & mask;
  for (;;) {
    const held = set[SET_INDEX_WORD + slot];
    if (held === 0) return SET_INDEX_WORD + slot;
    if ((held ^ hash) >>> NUMBER_BITS === 0) {
      const entry = entries + ((held & SET_ENTRIES_MAX) - 1) * INFO_HASH_WORDS;
      if (
        set[entry] === words[at] &&
        set[entry + 1] === words[at + 1] &&
        set[entry + 2] === words[at + 2] &&
        set[entry + 3] === words[at + 3] &&
        set[entry + 4] === words[at + 4]
      )
        return SET_INDEX_WORD + slot;
    }
    slot = (slot + 1) & mask;
  }
}

/** Whether the set holds the info hash that the five words at `at` make. */
export function hasInfoHash(set: Int32Array, words: Int32Array, at: number): boolean {
  const hash = hashInfoHash(words, at, set[SET_KEY_WORD], set[SET_KEY_WORD + 1]);
  return set[findSlot(set, words, at, hash)] !== 0;
}

/**
 * Keeps the entry that the caller has laid behind the last one, unless the set knows it already: whether it was kept.
 * Only for the thread that builds the set.
 */
export function keepEntry(set: Int32Array): boolean {
  const count = set[SET_COUNT_WORD];
  const entry = SET_INDEX_WORD + set[SET_MASK_WORD] + 1 + count * INFO_HASH_WORDS;
  const hash = hashInfoHash(set, entry, set[SET_KEY_WORD], set[SET_KEY_WORD + 1]);
  const slot = findSlot(set, set, entry, hash);
  if (set[slot] !== 0) return false;
  set[slot] = ((hash >>> NUMBER_BITS) << NUMBER_BITS) | (count + 1);
  set[SET_COUNT_WORD] = count + 1;
  return true;
}
