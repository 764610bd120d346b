/**
 * A walk over the store: every torrent and peer, copied out page by page. A snapshot and the exports of the statistics
 * walk, each on a thread of its own.
 *
 * One step holds one shard's lock for one torrent page (at most 51 small swarms) or for 8 pages of one large swarm, as
 * cleaning does, and only copies; whoever walks works on the copy. Between steps anything may change: the walk remembers
 * its place as a position in hash space and looks everything up again. A torrent that is there throughout comes once, and
 * so does a peer that keeps its role; a peer that changes its role meanwhile may come twice, or not at all.
 *
 *     const walk = new SwarmWalk(store, { withPeers: false });
 *     while (walk.next())
 *       for (let i = 0; i < walk.count; i++) tell(walk.completed(i), walk.seeders(i, 4), walk.seeders(i, 6));
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import { countLeechers, countSeeders } from "./hot/announce.ts";
import { keyedHash } from "./hot/keyed-hash.ts";
import { lock, unlock } from "./hot/lock.ts";
import { firstSlot, hashOfSlot, peerPage } from "./hot/peer-pages.ts";
import { smallLeechers, smallSeeders } from "./hot/small-swarm.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { findTorrent, torrentPage } from "./hot/torrent-table.ts";
import { hoursSince, isEmpty, readMark } from "./kept-completed.ts";
import {
  LARGE_LEECHER_SET,
  LARGE_META,
  LARGE_SEEDER_SET,
  LOCK,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  PEERS_PER_PAGE_4,
  PEERS_PER_PAGE_6,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  RECORD_WORDS,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_PEERS_MAX_4,
  SMALL_PEERS_MAX_6,
  SMALL_RENEWED,
  TORRENT_RECORDS,
  TORRENT_SCAN,
  TORRENTS_PER_PAGE,
} from "./layout.ts";

const PAGES_PER_STEP = 8;
const HASH_SPACE = 2 ** 32;

// A row, one for each torrent of a step: info hash, completed, whether it was renewed, leechers and seeders of IPv4 and of
// IPv6, and the mark of the hour since when there has been no peer.
const ROW_WORDS = 12;
const ROW_COMPLETED = 5;
const ROW_RENEWED = 6;
const ROW_COUNTS_4 = 7;
const ROW_COUNTS_6 = 9;
const ROW_EMPTY_MARK = 11;

const SMALL_SLOTS_WORDS =
  TORRENTS_PER_PAGE * (SMALL_PEERS_MAX_4 * SLOT_WORDS_4 + SMALL_PEERS_MAX_6 * SLOT_WORDS_6);
const LARGE_SLOTS_WORDS =
  PAGES_PER_STEP * Math.max(PEERS_PER_PAGE_4 * SLOT_WORDS_4, PEERS_PER_PAGE_6 * SLOT_WORDS_6);

/** A large swarm whose pages are still to be copied. */
interface LargeSwarm {
  readonly infoHash: Int32Array;
  readonly swarmOffset: number;
  readonly slotWords: number;
  seeders: boolean;
  /** First hash of the next page, from 0 to 2^32. */
  position: number;
}

export interface WalkOptions {
  /**
   * With peers, a torrent's row counts the slots that come with it, and a large swarm comes in several rows. Without, there is
   * one row for each torrent, with all of its peers counted.
   */
  readonly withPeers: boolean;
}

export class SwarmWalk {
  /** Torrents of this step: rows 0 to count − 1. */
  count = 0;
  /** The info hash of row i is the 20 bytes from i * INFO_HASH_STRIDE. */
  readonly infoHashes: Uint8Array;
  /** The slots of this step (layout.ts): for each row IPv4 leechers, IPv4 seeders, IPv6 leechers, IPv6 seeders. */
  readonly slots: Int32Array;
  readonly #rows = new Int32Array(TORRENTS_PER_PAGE * ROW_WORDS);
  readonly #store: SwarmStore;
  readonly #withPeers: boolean;
  #slotsEnd = 0;
  #shardIndex = 0;
  /** First hash of the next torrent page of the shard, from 0 to 2^32. */
  #position = 0;
  readonly #largeSwarms: LargeSwarm[] = [];
  readonly #infoHash = new Int32Array(INFO_HASH_WORDS);

  constructor(store: SwarmStore, { withPeers }: WalkOptions) {
    this.#store = store;
    this.#withPeers = withPeers;
    this.infoHashes = new Uint8Array(this.#rows.buffer);
    this.slots = new Int32Array(withPeers ? Math.max(SMALL_SLOTS_WORDS, LARGE_SLOTS_WORDS) : 0);
  }

  /** Copies the next page, which may hold no torrent. False when the walk is over. */
  next(): boolean {
    const w = this.#store.shards[this.#shardIndex];
    this.count = 0;
    this.#slotsEnd = 0;
    if (w === undefined) return false;
    const large = this.#largeSwarms.at(-1);
    lock(w, LOCK);
    if (large === undefined) this.#copyTorrentPage(w);
    else if (!this.#copyLargeSwarm(w, large)) this.#largeSwarms.pop();
    unlock(w, LOCK);
    if (this.#position >= HASH_SPACE && this.#largeSwarms.length === 0) {
      this.#shardIndex++;
      this.#position = 0;
    }
    return true;
  }

  completed(row: number): number {
    return this.#field(row, ROW_COMPLETED) >>> 0;
  }

  /** Whether a peer of the torrent has announced more than once (layout.ts). */
  isRenewed(row: number): boolean {
    return this.#field(row, ROW_RENEWED) !== 0;
  }

  /** Hours for which a torrent has had no peers at a time of the store's clock; 0 where it has some. */
  hoursEmpty(row: number, nowSeconds: number): number {
    const mark = this.#field(row, ROW_EMPTY_MARK);
    return mark === 0 ? 0 : hoursSince(mark, nowSeconds);
  }

  /** Leechers, partial seeds included. */
  leechers(row: number, family: 4 | 6): number {
    return this.#field(row, family === 4 ? ROW_COUNTS_4 : ROW_COUNTS_6);
  }

  seeders(row: number, family: 4 | 6): number {
    return this.#field(row, (family === 4 ? ROW_COUNTS_4 : ROW_COUNTS_6) + 1);
  }

  #field(row: number, field: number): number {
    return this.#rows[row * ROW_WORDS + field] ?? 0;
  }

  #copyTorrentPage(w: Int32Array): void {
    const page = torrentPage(w, this.#position | 0);
    const size = pageSize(w, page);
    const start = Math.floor(this.#position / size) * size;
    const count = (w[page] ?? 0) & PAGE_COUNT_MASK;
    for (let index = 0; index < count; index++) {
      const infoHash = this.#infoHash;
      const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
      infoHash[0] = w[page + TORRENT_SCAN + index] ?? 0;
      for (let i = 0; i < 4; i++) infoHash[i + 1] = w[record + i] ?? 0;
      // Since the last step the page was joined with its twin, whose torrents have come already.
      if (start < this.#position && this.#hashOf(infoHash) >>> 0 < this.#position) continue;
      this.#copyTorrent(w, record);
    }
    this.#position = start + size;
  }

  #hashOf(infoHash: Int32Array): number {
    return keyedHash(this.#store.handle.hashKey, infoHash, 0, INFO_HASH_WORDS);
  }

  #copyTorrent(w: Int32Array, record: number): void {
    const row = this.#openRow(w, record, this.#infoHash);
    this.#copySwarm(w, record, RECORD_SWARM_4, SLOT_WORDS_4, row + ROW_COUNTS_4);
    this.#copySwarm(w, record, RECORD_SWARM_6, SLOT_WORDS_6, row + ROW_COUNTS_6);
  }

  /** A row without peers. Returns where it begins. */
  #openRow(w: Int32Array, record: number, infoHash: Int32Array): number {
    const rows = this.#rows;
    const row = this.count++ * ROW_WORDS;
    rows.set(infoHash, row);
    rows[row + ROW_COMPLETED] = w[record + RECORD_COMPLETED] ?? 0;
    // A large swarm's meta is negative and has every bit set.
    const metas = (w[record + RECORD_SWARM_4 + 1] ?? 0) | (w[record + RECORD_SWARM_6 + 1] ?? 0);
    rows[row + ROW_RENEWED] = metas & SMALL_RENEWED;
    rows.fill(0, row + ROW_COUNTS_4, row + ROW_EMPTY_MARK);
    rows[row + ROW_EMPTY_MARK] = isEmpty(w, record) ? readMark(w, record) : 0;
    return row;
  }

  #copySwarm(
    w: Int32Array,
    record: number,
    swarmOffset: number,
    slotWords: number,
    counts: number,
  ): void {
    const swarm = record + swarmOffset;
    const meta = w[swarm + 1] ?? 0;
    if (meta === 0) return;
    if (!this.#withPeers) {
      this.#rows[counts] = countLeechers(w, swarm);
      this.#rows[counts + 1] = countSeeders(w, swarm);
    } else if (meta === LARGE_META) {
      const infoHash = this.#infoHash.slice();
      this.#largeSwarms.push({ infoHash, swarmOffset, slotWords, seeders: false, position: 0 });
    } else {
      this.#rows[counts] = smallLeechers(meta);
      this.#rows[counts + 1] = smallSeeders(meta);
      const first = w[swarm] ?? 0;
      this.#copySlots(w, first, (smallLeechers(meta) + smallSeeders(meta)) * slotWords);
    }
  }

  #copySlots(w: Int32Array, from: number, words: number): void {
    const to = this.#slotsEnd;
    for (let i = 0; i < words; i++) this.slots[to + i] = w[from + i] ?? 0;
    this.#slotsEnd = to + words;
  }

  /** Some pages of one role of a large swarm. False when it is done. */
  #copyLargeSwarm(w: Int32Array, large: LargeSwarm): boolean {
    const record = findTorrent(w, this.#hashOf(large.infoHash), large.infoHash, 0);
    if (record === 0) return false;
    const counts =
      this.#openRow(w, record, large.infoHash) +
      (large.swarmOffset === RECORD_SWARM_4 ? ROW_COUNTS_4 : ROW_COUNTS_6);
    const swarm = record + large.swarmOffset;
    if (w[swarm + 1] !== LARGE_META) {
      this.#copyRestOfSmall(w, swarm, large, counts);
      return false;
    }
    const set = (w[swarm] ?? 0) + (large.seeders ? LARGE_SEEDER_SET : LARGE_LEECHER_SET);
    const at = counts + (large.seeders ? 1 : 0);
    for (let pages = 0; pages < PAGES_PER_STEP && large.position < HASH_SPACE; pages++) {
      const page = peerPage(w, set, large.position | 0);
      const size = pageSize(w, page);
      const start = Math.floor(large.position / size) * size;
      const first = firstSlot(page, large.slotWords);
      const end = first + ((w[page] ?? 0) & PAGE_COUNT_MASK) * large.slotWords;
      this.#copySlotsFrom(w, first, end, large, start < large.position ? large.position : 0, at);
      large.position = start + size;
    }
    if (large.position < HASH_SPACE) return true;
    if (large.seeders) return false;
    large.seeders = true;
    large.position = 0;
    return true;
  }

  /** What has not come yet of a swarm that cleaning has made small since the last step. */
  #copyRestOfSmall(w: Int32Array, swarm: number, large: LargeSwarm, counts: number): void {
    const meta = w[swarm + 1] ?? 0;
    const first = w[swarm] ?? 0;
    const seeder = first + smallLeechers(meta) * large.slotWords;
    const end = seeder + smallSeeders(meta) * large.slotWords;
    const { position } = large;
    if (!large.seeders) this.#copySlotsFrom(w, first, seeder, large, position, counts);
    this.#copySlotsFrom(w, seeder, end, large, large.seeders ? position : 0, counts + 1);
  }

  /** Copies the slots whose hash is at least `position`, and counts them in the word `counts` of the rows. */
  #copySlotsFrom(
    w: Int32Array,
    first: number,
    end: number,
    { slotWords }: LargeSwarm,
    position: number,
    counts: number,
  ): void {
    const { hashKey } = this.#store.handle;
    for (let slot = first; slot < end; slot += slotWords) {
      if (position > 0 && hashOfSlot(w, hashKey, slot, slotWords) >>> 0 < position) continue;
      this.#copySlots(w, slot, slotWords);
      this.#rows[counts] = (this.#rows[counts] ?? 0) + 1;
    }
  }
}

/** How much of hash space a page of an extendible hash stands for. */
function pageSize(w: Int32Array, page: number): number {
  return 2 ** (32 - ((w[page] ?? 0) >>> PAGE_DEPTH_SHIFT));
}

/** Bytes from one info hash of a walk to the next. */
export const INFO_HASH_STRIDE: number = ROW_WORDS * Int32Array.BYTES_PER_ELEMENT;
