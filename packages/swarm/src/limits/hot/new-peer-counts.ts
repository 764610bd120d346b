/**
 * Asks about a new peer's address and counts the peer, with hashes that are worked out once for both. Each worker thread has
 * one, made by its AnnounceLimits; `store/hot/` calls it with the shard's lock held, first `peersInTorrent` or `peersInShard`,
 * then `count`.
 *
 * Key and layout of the sketches (address-counts.ts) are the same in all shards, so they stand here: of another shard nothing is
 * read but two cells. What others have added is taken off only where the cells alone would refuse a peer. With both, and the
 * reference to the sketches on the line of the lock, a new peer of a small swarm costs one cache line of eight KiB.
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
  PEER_COUNT,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  SLOT_WORDS_4,
} from "../../store/layout.ts";
import { firstCell, secondCell } from "./address-counts.ts";

/** log2 of COUNTS_CELLS. */
const CELLS_SHIFT = 4;

export class NewPeerCounts {
  /** Whether there are sketches. */
  readonly isOn: boolean;
  private readonly key0: number;
  private readonly key1: number;
  private readonly key2: number;
  private readonly key3: number;
  private readonly addressLines: number;
  private readonly addressMask: number;
  private readonly addressCellsShift: number;
  private readonly pairLines: number;
  private readonly pairMask: number;
  private readonly pairCellsShift: number;
  /** The hash of the peer's address, and of its address in the torrent. */
  private ofAddress = 0;
  private ofPair = 0;

  /** `shard` is any shard of the store. */
  constructor(shard: Int32Array) {
    const counts = shard[COUNTS];
    const first = counts & COUNTS_WORD_MASK;
    const linesLog = counts & COUNTS_LOG_MASK;
    this.isOn = counts !== 0;
    this.key0 = shard[first];
    this.key1 = shard[first + 1];
    this.key2 = shard[first + 2];
    this.key3 = shard[first + 3];
    const ofAddresses = (1 << linesLog) >>> COUNTS_LINES_SHIFT;
    this.addressLines = first + COUNTS_KEY_WORDS;
    this.addressMask = ofAddresses - 1;
    this.addressCellsShift = linesLog - COUNTS_LINES_SHIFT + CELLS_SHIFT;
    this.pairLines = this.addressLines + ofAddresses * COUNTS_CELLS;
    this.pairMask = (1 << linesLog) - 1;
    this.pairCellsShift = linesLog + CELLS_SHIFT;
  }

  /** The peer that is asked about from now on. */
  take(slotWords: number, key: Int32Array): void {
    const hash = mix(key[0] ^ this.key0);
    this.ofAddress = slotWords === SLOT_WORDS_4 ? hash : mix(hash ^ key[1] ^ this.key1);
  }

  /** Whether its address has `peersMax` peers in the torrent, a large one. To be asked before `count` for such a torrent. */
  isTorrentFull(w: Int32Array, swarm: number, slotWords: number, peersMax: number): boolean {
    const record = swarm - (slotWords === SLOT_WORDS_4 ? RECORD_SWARM_4 : RECORD_SWARM_6);
    const hash = mix(mix(this.ofAddress ^ w[record] ^ this.key2) ^ w[record + 1] ^ this.key3);
    this.ofPair = hash;
    const line = this.pairLines + (hash & this.pairMask) * COUNTS_CELLS;
    const a = w[line + firstCell(hash)];
    const b = w[line + secondCell(hash)];
    const peers = a < b ? a : b;
    // Too much is taken off, since peers of small swarms are not in the cells: it spares an address, it never accuses one.
    return peers >= peersMax && peers - others(w, this.pairCellsShift) >= peersMax;
  }

  /** How many peers its address has in the torrents of a shard, at least: others' are counted too. Needs no lock. */
  peersInShardMax(w: Int32Array): number {
    const hash = this.ofAddress;
    const line = this.addressLines + (hash & this.addressMask) * COUNTS_CELLS;
    const a = w[line + firstCell(hash)];
    const b = w[line + secondCell(hash)];
    return a < b ? a : b;
  }

  /** How many of those are others' on average. */
  othersInShard(w: Int32Array): number {
    return others(w, this.addressCellsShift);
  }

  /** Counts the peer, which is stored now. */
  count(w: Int32Array, swarm: number): void {
    const counts = w[COUNTS];
    if (w[swarm + 1] === LARGE_META) {
      const hash = this.ofPair;
      const line = this.pairLines + (hash & this.pairMask) * COUNTS_CELLS;
      w[line + firstCell(hash)]++;
      w[line + secondCell(hash)]++;
    }
    if ((counts & COUNTS_BY_ADDRESS) === 0) return;
    const hash = this.ofAddress;
    const line = this.addressLines + (hash & this.addressMask) * COUNTS_CELLS;
    w[line + firstCell(hash)]++;
    w[line + secondCell(hash)]++;
  }
}

/** The mean of the cells: all peers of the shard over as many cells as 2^cellsShift. */
function others(w: Int32Array, cellsShift: number): number {
  return (w[PEER_COUNT] + w[PEER_COUNT + 1]) >>> cellsShift;
}
