/**
 * How many peers each address has, in each torrent and in all of them: two sketches in every arena, kept exactly in step with
 * the peers stored, wherever PEER_COUNT is. An IPv6 address counts as its /64. The caller holds the shard's lock.
 *
 * A key adds to two cells of one cache line, both chosen by a keyed hash; the smaller of the two is the estimate. It is never
 * too low but for what is taken off as the expected share of others: the peers of the shard divided by the cells. At ten
 * million peers that share is 2.4 a cell, and somebody else's limit is met by chance once in 10^20 (docs/decisions/0007).
 *
 * | words from COUNTS            | meaning                                                          |
 * |------------------------------|------------------------------------------------------------------|
 * | 0..15                        | key of the hash, the same in all shards                          |
 * | 16..16 + 2 L - 1             | L / 8 lines of 16 cells, by address; L = COUNTS_LINES            |
 * | 16 + 2 L .. 16 + 18 L - 1    | L lines of 16 cells, by address and torrent                      |
 *
 * Example: with 64 lines a peer whose hash is 0x30500007 adds to cells 3 and 9 of line 7: the first four bits choose one, the
 * next eight (5) how far behind it the other lies, here 6.
 */
import { mix } from "../../store/hot/keyed-hash.ts";
import {
  COUNTS,
  COUNTS_CELLS,
  COUNTS_KEY_WORDS,
  COUNTS_LINES,
  COUNTS_LINES_SHIFT,
  PEER_COUNT,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  SLOT_WORDS_4,
} from "../../store/layout.ts";

/** The hash of an address: its one word of IPv4, or the two words of an IPv6 address's /64. */
export function addressHash(
  w: Int32Array,
  slotWords: number,
  word0: number,
  word1: number,
): number {
  const key = w[COUNTS];
  const hash = mix(word0 ^ w[key]);
  return slotWords === SLOT_WORDS_4 ? hash : mix(hash ^ word1 ^ w[key + 1]);
}

/** The hash of an address in a torrent: `swarm` is in the torrent's record, which begins with words of the info hash. */
function pairHash(w: Int32Array, swarm: number, slotWords: number, ofAddress: number): number {
  const key = w[COUNTS];
  const record = swarm - (slotWords === SLOT_WORDS_4 ? RECORD_SWARM_4 : RECORD_SWARM_6);
  return mix(mix(ofAddress ^ w[record] ^ w[key + 2]) ^ w[record + 1] ^ w[key + 3]);
}

function firstCell(hash: number): number {
  return hash >>> 28;
}

function secondCell(hash: number): number {
  return ((hash >>> 28) + 1 + (((hash >>> 20) & 0xff) % (COUNTS_CELLS - 1))) & (COUNTS_CELLS - 1);
}

function addressLine(w: Int32Array, hash: number): number {
  const mask = (w[COUNTS_LINES] >>> COUNTS_LINES_SHIFT) - 1;
  return w[COUNTS] + COUNTS_KEY_WORDS + (hash & mask) * COUNTS_CELLS;
}

function pairLine(w: Int32Array, hash: number): number {
  const lines = w[COUNTS_LINES];
  const first = w[COUNTS] + COUNTS_KEY_WORDS + (lines >>> COUNTS_LINES_SHIFT) * COUNTS_CELLS;
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
  if (w[COUNTS] === 0) return;
  const ofAddress = addressHash(w, slotWords, word0, word1);
  const line = addressLine(w, ofAddress);
  w[line + firstCell(ofAddress)] += by;
  w[line + secondCell(ofAddress)] += by;
  const ofPair = pairHash(w, swarm, slotWords, ofAddress);
  const second = pairLine(w, ofPair);
  w[second + firstCell(ofPair)] += by;
  w[second + secondCell(ofPair)] += by;
}

function estimate(w: Int32Array, line: number, hash: number, lines: number): number {
  const a = w[line + firstCell(hash)];
  const b = w[line + secondCell(hash)];
  const others = ((w[PEER_COUNT] + w[PEER_COUNT + 1]) / (lines * COUNTS_CELLS)) | 0;
  return (a < b ? a : b) - others;
}

/** How many peers an address with this hash has in the torrent. */
export function peersInTorrent(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  ofAddress: number,
): number {
  const hash = pairHash(w, swarm, slotWords, ofAddress);
  return estimate(w, pairLine(w, hash), hash, w[COUNTS_LINES]);
}

/** How many peers an address with this hash has in the torrents of this shard. May be asked without the shard's lock. */
export function peersInShard(w: Int32Array, ofAddress: number): number {
  const lines = w[COUNTS_LINES] >>> COUNTS_LINES_SHIFT;
  return estimate(w, addressLine(w, ofAddress), ofAddress, lines);
}
