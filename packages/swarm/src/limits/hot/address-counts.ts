/**
 * How many peers each address has, in each large torrent and in all torrents: two sketches in the arenas, kept exactly in step
 * with the peers stored, wherever PEER_COUNT is. An IPv6 address counts as its /64. The caller holds the shard's lock.
 *
 * A key adds to two cells of one cache line, both chosen by a keyed hash; the smaller of the two is the estimate. It is never
 * too low but for what is taken off as the expected share of others: the peers of the shard divided by the cells. In a small
 * swarm the peers of an address are counted where they lie. Torrents are spread over the shards by a keyed hash, so what is
 * counted by address alone is counted in some shards only and stands for all. Figures: docs/decisions/0007-limits.md.
 *
 * | words from where COUNTS says | meaning                                                            |
 * |------------------------------|--------------------------------------------------------------------|
 * | 0..3                         | key of the hash, the same in all shards                            |
 * | 16..16 + 2 L - 1             | L / 8 lines of 16 cells, by address; COUNTS has the logarithm of L |
 * | 16 + 2 L .. 16 + 18 L - 1    | L lines of 16 cells, by address and large torrent                  |
 *
 * Example: with 64 lines a peer whose hash is 0x30500007 adds to cells 3 and 9 of line 7: the first four bits choose one, the
 * next eight (5) how far behind it the other lies, here 6.
 */
import { mix } from "../../store/hot/keyed-hash.ts";
import {
  COUNTS,
  COUNTS_BY_ADDRESS,
  COUNTS_CELLS,
  COUNTS_KEY_WORDS,
  COUNTS_LINES_SHIFT,
  COUNTS_LOG_MASK,
  COUNTS_WORD_MASK,
  LARGE_META,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  SLOT_WORDS_4,
} from "../../store/layout.ts";

function firstWord(counts: number): number {
  return counts & COUNTS_WORD_MASK;
}

function linesOf(counts: number): number {
  return 1 << (counts & COUNTS_LOG_MASK);
}

/** The hash of an address: its one word of IPv4, or the two words of an IPv6 address's /64. */
function addressHash(w: Int32Array, slotWords: number, word0: number, word1: number): number {
  const key = firstWord(w[COUNTS]);
  const hash = mix(word0 ^ w[key]);
  return slotWords === SLOT_WORDS_4 ? hash : mix(hash ^ word1 ^ w[key + 1]);
}

/** The hash of an address in a torrent: `swarm` is in the torrent's record, which begins with words of the info hash. */
function pairHash(w: Int32Array, swarm: number, slotWords: number, ofAddress: number): number {
  const key = firstWord(w[COUNTS]);
  const record = swarm - (slotWords === SLOT_WORDS_4 ? RECORD_SWARM_4 : RECORD_SWARM_6);
  return mix(mix(ofAddress ^ w[record] ^ w[key + 2]) ^ w[record + 1] ^ w[key + 3]);
}

export function firstCell(hash: number): number {
  return hash >>> 28;
}

export function secondCell(hash: number): number {
  return ((hash >>> 28) + 1 + (((hash >>> 20) & 0xff) % (COUNTS_CELLS - 1))) & (COUNTS_CELLS - 1);
}

function addressLine(w: Int32Array, hash: number): number {
  const counts = w[COUNTS];
  const mask = (linesOf(counts) >>> COUNTS_LINES_SHIFT) - 1;
  return firstWord(counts) + COUNTS_KEY_WORDS + (hash & mask) * COUNTS_CELLS;
}

function pairLine(w: Int32Array, hash: number): number {
  const counts = w[COUNTS];
  const lines = linesOf(counts);
  const ofAddresses = (lines >>> COUNTS_LINES_SHIFT) * COUNTS_CELLS;
  const first = firstWord(counts) + COUNTS_KEY_WORDS + ofAddresses;
  return first + (hash & (lines - 1)) * COUNTS_CELLS;
}

/**
 * Counts a peer that was stored (`by` 1) or removed (−1). `word0` and `word1` are the first words of its address; for IPv4
 * the second does not matter.
 */
export function countPeer(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  word0: number,
  word1: number,
  by: number,
): void {
  const counts = w[COUNTS];
  if (counts === 0) return;
  const isLarge = w[swarm + 1] === LARGE_META;
  const isCounted = (counts & COUNTS_BY_ADDRESS) !== 0;
  if (!isLarge && !isCounted) return;
  const ofAddress = addressHash(w, slotWords, word0, word1);
  if (isLarge) countPair(w, swarm, slotWords, ofAddress, by);
  if (!isCounted) return;
  const line = addressLine(w, ofAddress);
  w[line + firstCell(ofAddress)] += by;
  w[line + secondCell(ofAddress)] += by;
}

function countPair(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  ofAddress: number,
  by: number,
): void {
  const ofPair = pairHash(w, swarm, slotWords, ofAddress);
  const line = pairLine(w, ofPair);
  w[line + firstCell(ofPair)] += by;
  w[line + secondCell(ofPair)] += by;
}

/** Counts the peers of a small swarm's slab by torrent as well (`by` 1), when it becomes large; or no longer (−1). */
export function countSlab(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  slab: number,
  count: number,
  by: number,
): void {
  if (w[COUNTS] === 0) return;
  for (let slot = slab; slot < slab + count * slotWords; slot += slotWords)
    countPair(w, swarm, slotWords, addressHash(w, slotWords, w[slot], w[slot + 1]), by);
}

/** How many of the slots hold peers of the address. */
export function peersInSlab(
  w: Int32Array,
  slab: number,
  count: number,
  slotWords: number,
  key: Int32Array,
): number {
  const isIpv4 = slotWords === SLOT_WORDS_4;
  let peers = 0;
  for (let slot = slab; slot < slab + count * slotWords; slot += slotWords)
    if (w[slot] === key[0] && (isIpv4 || w[slot + 1] === key[1])) peers++;
  return peers;
}
