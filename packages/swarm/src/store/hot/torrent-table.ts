/**
 * A shard's torrents: extendible hashing over pages of 51. The caller holds the shard's lock.
 *
 * The directory has 2^depth references; the leading bits of the keyed hash choose one. A full page is cut in two by
 * the next bit, so growth moves at most 51 records, and doubling the directory copies one word per 35 torrents: there
 * is no rehash to wait for. A record moves when its page changes; nobody keeps a record reference past the lock.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import {
  PAGE_COUNT_MASK,
  PAGE_DEPTH_MAX,
  PAGE_DEPTH_SHIFT,
  RECORD_COMPLETED,
  RECORD_WORDS,
  TORRENT_COUNT,
  TORRENT_DEPTH,
  TORRENT_DIRECTORY,
  TORRENT_PAGE_CLASS,
  TORRENT_RECORDS,
  TORRENT_SCAN,
  TORRENTS_PER_PAGE,
} from "../layout.ts";
import { giveBlock, takeBlock } from "./allocator.ts";
import { doubleDirectory, pointBoth, pointUpperHalf } from "./directory.ts";
import { keyedHash } from "./keyed-hash.ts";

/** The page that a hash belongs to. */
export function torrentPage(w: Int32Array, hash: number): number {
  return w[w[TORRENT_DIRECTORY] + (hash >>> (32 - w[TORRENT_DEPTH]))];
}

/** The record of an info hash, or 0. */
export function findTorrent(w: Int32Array, hash: number, words: Int32Array, at: number): number {
  const page = torrentPage(w, hash);
  const first = words[at];
  const end = page + TORRENT_SCAN + (w[page] & PAGE_COUNT_MASK);
  for (let i = page + TORRENT_SCAN; i < end; i++) {
    if (w[i] === first) {
      const record = page + TORRENT_RECORDS + (i - page - TORRENT_SCAN) * RECORD_WORDS;
      if (
        w[record] === words[at + 1] &&
        w[record + 1] === words[at + 2] &&
        w[record + 2] === words[at + 3] &&
        w[record + 3] === words[at + 4]
      )
        return record;
    }
  }
  return 0;
}

/** A new empty record for an info hash that is not stored yet, or 0 when the arena is full. */
export function insertTorrent(
  w: Int32Array,
  key: Int32Array,
  hash: number,
  words: Int32Array,
  at: number,
): number {
  let page = torrentPage(w, hash);
  while ((w[page] & PAGE_COUNT_MASK) === TORRENTS_PER_PAGE) {
    if (!splitTorrentPage(w, key, hash)) return 0;
    page = torrentPage(w, hash);
  }
  const index = w[page] & PAGE_COUNT_MASK;
  w[page]++;
  w[page + TORRENT_SCAN + index] = words[at];
  const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
  for (let i = 0; i < 4; i++) w[record + i] = words[at + 1 + i];
  for (let i = RECORD_COMPLETED; i < RECORD_WORDS; i++) w[record + i] = 0;
  w[TORRENT_COUNT]++;
  return record;
}

/** Takes entry `index` out of a page: the last entry moves into its place. Its swarms must be empty. */
export function removeTorrentAt(w: Int32Array, page: number, index: number): void {
  const last = (w[page] & PAGE_COUNT_MASK) - 1;
  if (index !== last) copyTorrent(w, page, last, page, index);
  w[page]--;
  w[TORRENT_COUNT]--;
}

function copyTorrent(w: Int32Array, from: number, index: number, to: number, at: number): void {
  w[to + TORRENT_SCAN + at] = w[from + TORRENT_SCAN + index];
  const source = from + TORRENT_RECORDS + index * RECORD_WORDS;
  const target = to + TORRENT_RECORDS + at * RECORD_WORDS;
  for (let i = 0; i < RECORD_WORDS; i++) w[target + i] = w[source + i];
}

function splitTorrentPage(w: Int32Array, key: Int32Array, hash: number): boolean {
  const page = torrentPage(w, hash);
  const depth = w[page] >>> PAGE_DEPTH_SHIFT;
  if (depth === PAGE_DEPTH_MAX) return false;
  if (depth === w[TORRENT_DEPTH] && !doubleDirectory(w, TORRENT_DIRECTORY)) return false;
  const upper = takeBlock(w, TORRENT_PAGE_CLASS);
  if (upper === 0) return false;
  const count = w[page] & PAGE_COUNT_MASK;
  let kept = 0;
  let moved = 0;
  for (let i = 0; i < count; i++) {
    if (((hashOfEntry(w, key, page, i) >>> (31 - depth)) & 1) === 0) {
      if (kept !== i) copyTorrent(w, page, i, page, kept);
      kept++;
    } else copyTorrent(w, page, i, upper, moved++);
  }
  w[page] = kept | ((depth + 1) << PAGE_DEPTH_SHIFT);
  w[upper] = moved | ((depth + 1) << PAGE_DEPTH_SHIFT);
  pointUpperHalf(w, TORRENT_DIRECTORY, hash, depth, upper);
  return true;
}

/** While a page and its twin together hold less than half a page of torrents, they become one (cleaning). */
export function joinTorrentTwins(w: Int32Array, hash: number): void {
  for (;;) {
    const page = torrentPage(w, hash);
    const depth = w[page] >>> PAGE_DEPTH_SHIFT;
    const count = w[page] & PAGE_COUNT_MASK;
    if (depth === 0 || count > TORRENTS_PER_PAGE >>> 1) return;
    const twin = torrentPage(w, hash ^ (1 << (32 - depth)));
    const twinCount = w[twin] & PAGE_COUNT_MASK;
    const joined = count + twinCount;
    if (w[twin] >>> PAGE_DEPTH_SHIFT !== depth || joined > TORRENTS_PER_PAGE >>> 1) return;
    for (let i = 0; i < twinCount; i++) copyTorrent(w, twin, i, page, count + i);
    w[page] = joined | ((depth - 1) << PAGE_DEPTH_SHIFT);
    giveBlock(w, twin, TORRENT_PAGE_CLASS);
    pointBoth(w, TORRENT_DIRECTORY, hash, depth, page);
  }
}

/** Scratch for one info hash while its page is split; one per thread, since a module lives in one thread. */
const splitWords = new Int32Array(INFO_HASH_WORDS);

function hashOfEntry(w: Int32Array, key: Int32Array, page: number, index: number): number {
  splitWords[0] = w[page + TORRENT_SCAN + index];
  const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
  for (let i = 0; i < 4; i++) splitWords[i + 1] = w[record + i];
  return keyedHash(key, splitWords, 0, INFO_HASH_WORDS);
}
