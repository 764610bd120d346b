/**
 * Chooses the peers of an announce reply and writes them in compact form. The caller holds the shard's lock.
 *
 * A seeder gets leechers only. A leecher gets seeders and leechers half and half, and more of one where the other runs
 * out, so exactly min(wanted, available) peers. Each part is a contiguous run from a random place: two or three cache
 * lines in a row instead of a random probe for each peer. The asker is skipped by its slot.
 */
import {
  LARGE_LEECHER_SET,
  LARGE_LEECHERS,
  LARGE_META,
  LARGE_SEEDER_SET,
  LARGE_SEEDERS,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  SLOT_WORDS_4,
} from "../layout.ts";
import { mix } from "./keyed-hash.ts";
import { firstSlot } from "./peer-pages.ts";
import { smallLeechers, smallSeeders } from "./small-swarm.ts";

/** Separates what the seeders are drawn with from what the leechers are. */
const SEEDERS_SALT = 0x5bd1e995;

/**
 * What an asker's sample is drawn with: from its key and the thread's salt, so that reading ahead finds the same place.
 * The salt changes with every batch; only an asker that comes twice in one batch gets the same peers twice.
 */
export function sampleSeed(key: Int32Array, slotWords: number, salt: number): number {
  return mix(key[slotWords - 2] ^ Math.imul(key[slotWords - 1], 0x9e3779b1) ^ salt);
}

export function seedersSeed(seed: number): number {
  return mix(seed ^ SEEDERS_SALT);
}

/** A number from 0 to count - 1. */
export function slotBelow(seed: number, count: number): number {
  return ((mix(seed) >>> 0) * count * 2.3283064365386963e-10) | 0;
}

/** How many of the `wanted` peers are seeders, for an asker that may have them. */
function seederShare(wanted: number, leechers: number, seeders: number): number {
  const half = (wanted + 1) >> 1;
  const share = wanted - leechers > half ? wanted - leechers : half;
  return share < seeders ? share : seeders;
}

/**
 * Writes up to `wanted` peers of a swarm to `reply` from halfword `at`; answers the number of peers written.
 * `ownSlot` is the asker's slot, or 0 when it is not stored.
 */
export function samplePeers(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  ownSlot: number,
  seeder: boolean,
  wanted: number,
  seed: number,
  reply: Uint16Array,
  at: number,
): number {
  const meta = w[swarm + 1];
  const large = meta === LARGE_META;
  const leechers = large ? w[w[swarm] + LARGE_LEECHERS] : smallLeechers(meta);
  const seeders = large ? w[w[swarm] + LARGE_SEEDERS] : smallSeeders(meta);
  const otherLeechers = ownSlot !== 0 && !seeder ? leechers - 1 : leechers;
  const seedersTaken = seeder ? 0 : seederShare(wanted, otherLeechers, seeders);
  const rest = wanted - seedersTaken;
  const leechersTaken = rest < otherLeechers ? rest : otherLeechers;
  let end = at;
  if (large) {
    const header = w[swarm];
    const l = header + LARGE_LEECHER_SET;
    end = runOverPages(w, l, slotWords, ownSlot, leechersTaken, seed, reply, end);
    const s = header + LARGE_SEEDER_SET;
    const other = seedersSeed(seed);
    end = runOverPages(w, s, slotWords, ownSlot, seedersTaken, other, reply, end);
  } else {
    const slab = w[swarm];
    end = runInRing(w, slab, leechers, slotWords, ownSlot, leechersTaken, seed, reply, end);
    const first = slab + leechers * slotWords;
    const other = seedersSeed(seed);
    end = runInRing(w, first, seeders, slotWords, ownSlot, seedersTaken, other, reply, end);
  }
  return ((end - at) / (slotWords === SLOT_WORDS_4 ? 3 : 9)) | 0;
}

/** Writes slots from `slot` to before `end`, at most `taken`, without `ownSlot`; answers the next halfword. */
function writeRun(
  w: Int32Array,
  slot: number,
  end: number,
  slotWords: number,
  ownSlot: number,
  taken: number,
  reply: Uint16Array,
  at: number,
): number {
  if (slotWords === SLOT_WORDS_4) {
    const stop = at + taken * 3;
    for (; slot < end && at < stop; slot += 2) {
      if (slot === ownSlot) continue;
      const address = w[slot];
      reply[at] = address;
      reply[at + 1] = address >>> 16;
      reply[at + 2] = w[slot + 1];
      at += 3;
    }
    return at;
  }
  const stop = at + taken * 9;
  for (; slot < end && at < stop; slot += 5) {
    if (slot === ownSlot) continue;
    for (let i = 0; i < 4; i++) {
      const word = w[slot + i];
      reply[at + 2 * i] = word;
      reply[at + 2 * i + 1] = word >>> 16;
    }
    reply[at + 8] = w[slot + 4];
    at += 9;
  }
  return at;
}

/** A run of `taken` peers in a ring of `count` slots; the caller knows that so many are there. */
function runInRing(
  w: Int32Array,
  first: number,
  count: number,
  slotWords: number,
  ownSlot: number,
  taken: number,
  seed: number,
  reply: Uint16Array,
  at: number,
): number {
  if (taken <= 0) return at;
  const end = first + count * slotWords;
  const start = taken === count ? first : first + slotBelow(seed, count) * slotWords;
  const halfwords = slotWords === SLOT_WORDS_4 ? 3 : 9;
  const next = writeRun(w, start, end, slotWords, ownSlot, taken, reply, at);
  const left = taken - (((next - at) / halfwords) | 0);
  return left === 0 ? next : writeRun(w, first, start, slotWords, ownSlot, left, reply, next);
}

/**
 * A run of `taken` peers over the pages of a set, from a random slot of a random page. Pages are at least a quarter
 * full on average (see joinTwins), so the walk is short; the bound only guards against a degenerate tree.
 */
function runOverPages(
  w: Int32Array,
  set: number,
  slotWords: number,
  ownSlot: number,
  taken: number,
  seed: number,
  reply: Uint16Array,
  at: number,
): number {
  if (taken <= 0) return at;
  const halfwords = slotWords === SLOT_WORDS_4 ? 3 : 9;
  const stop = at + taken * halfwords;
  const directory = w[set];
  const depth = w[set + 1];
  const mask = (1 << depth) - 1;
  let index = seed >>> (32 - depth);
  let page = w[directory + index];
  const startPage = page;
  const start = firstSlot(page, slotWords) + slotBelow(seed, w[page] & PAGE_COUNT_MASK) * slotWords;
  let slot = start;
  for (let probes = taken + PROBES_SPARE; probes > 0; probes--) {
    const end = firstSlot(page, slotWords) + (w[page] & PAGE_COUNT_MASK) * slotWords;
    at = writeRun(w, slot, end, slotWords, ownSlot, ((stop - at) / halfwords) | 0, reply, at);
    if (at >= stop) return at;
    const span = 1 << (depth - (w[page] >>> PAGE_DEPTH_SHIFT));
    index = ((index & -span) + span) & mask;
    page = w[directory + index];
    slot = firstSlot(page, slotWords);
    if (page === startPage)
      return writeRun(w, slot, start, slotWords, ownSlot, ((stop - at) / halfwords) | 0, reply, at);
  }
  return at;
}

/** Pages looked at beyond one for each peer wanted. */
const PROBES_SPARE = 64;
