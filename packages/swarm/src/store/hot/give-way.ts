/**
 * A full arena keeps what helps most: a torrent that nobody shares makes room. Called by SwarmStore.announce with the
 * shard's lock held, only while memory is short; cleaning asks `isShort` and `isAlone` to forget such torrents sooner.
 *
 * Alone is a torrent with one peer that has announced once and without a completed download, or one without peers, whose
 * completed count is the first to go. A flood of
 * random info hashes is made of such torrents, so it displaces itself: the last sixteenth of an arena is left to swarms
 * that live. The work is bounded: a page and at most four more are looked at, 51 torrents each, and at most eight removed.
 */

import { countPeer } from "../../limits/hot/address-counts.ts";
import {
  END,
  GAVE_WAY,
  KEPT_COUNT,
  LARGE_META,
  NEXT_FRESH,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  PEER_COUNT,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  RECORD_WORDS,
  SEEDER_COUNT,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_RENEWED,
  TICK_MASK,
  TORRENT_RECORDS,
  WORDS_FREE,
} from "../layout.ts";
import { ageTicks } from "./peer-age.ts";
import { removeSmall, smallLeechers, smallSeeders } from "./small-swarm.ts";
import { removeTorrentAt, torrentPage } from "./torrent-table.ts";

/** Memory is short when less than 2^-4 of the arena is free in whole blocks. */
const SHORT_SHIFT = 4;
const NEIGHBOUR_PAGES = 4;
const REMOVED_PER_PAGE = 2;
/** Older than any peer: a torrent without peers goes first. */
const AGE_WITHOUT_PEERS = TICK_MASK + 1;

/** Whether the arena is nearly full. */
export function isShort(w: Int32Array): boolean {
  return w[END] - w[NEXT_FRESH] + w[WORDS_FREE] < w[END] >> SHORT_SHIFT;
}

/** Whether nobody shares the torrent: no peer, or one that has announced once, and nobody has completed it. */
export function isAlone(w: Int32Array, record: number): boolean {
  const meta4 = w[record + RECORD_SWARM_4 + 1];
  const meta6 = w[record + RECORD_SWARM_6 + 1];
  if ((meta4 | meta6) === 0) return true;
  if (meta4 === LARGE_META || meta6 === LARGE_META) return false;
  if (((meta4 | meta6) & SMALL_RENEWED) !== 0 || w[record + RECORD_COMPLETED] !== 0) return false;
  return peersOf(meta4) + peersOf(meta6) === 1;
}

/** Before a torrent is inserted: the torrent alone for longest in the page of `hash`, or in the next that has one, goes. */
export function makeRoomForTorrent(w: Int32Array, hash: number, tick: number): void {
  let at = hash;
  for (let pages = 0; pages <= NEIGHBOUR_PAGES; pages++) {
    const page = torrentPage(w, at);
    if (removeOldestAlone(w, page, tick)) return;
    at = hashOfNextPage(at, w[page] >>> PAGE_DEPTH_SHIFT);
  }
}

/**
 * After a peer of the torrent at `hash` could not be stored: torrents in the pages behind its own go. Its own page stays
 * as it is, so that its record does not move.
 */
export function makeRoomForPeer(w: Int32Array, hash: number, tick: number): void {
  const own = torrentPage(w, hash);
  let page = own;
  let at = hash;
  for (let pages = 0; pages < NEIGHBOUR_PAGES; pages++) {
    at = hashOfNextPage(at, w[page] >>> PAGE_DEPTH_SHIFT);
    page = torrentPage(w, at);
    if (page === own) return;
    for (let removed = 0; removed < REMOVED_PER_PAGE; removed++)
      if (!removeOldestAlone(w, page, tick)) break;
  }
}

/** The first hash behind the page that stands for `depth` leading bits of `hash`; after the last page comes the first. */
function hashOfNextPage(hash: number, depth: number): number {
  return depth === 0 ? hash : ((hash >>> (32 - depth)) + 1) << (32 - depth);
}

function peersOf(meta: number): number {
  return smallLeechers(meta) + smallSeeders(meta);
}

function removeOldestAlone(w: Int32Array, page: number, tick: number): boolean {
  let oldest = -1;
  let oldestAge = -1;
  const count = w[page] & PAGE_COUNT_MASK;
  for (let index = 0; index < count; index++) {
    const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
    if (!isAlone(w, record)) continue;
    const age = ageOf(w, record, tick);
    if (age <= oldestAge) continue;
    oldest = index;
    oldestAge = age;
  }
  if (oldest < 0) return false;
  const record = page + TORRENT_RECORDS + oldest * RECORD_WORDS;
  removeOnlyPeer(w, record + RECORD_SWARM_4, SLOT_WORDS_4);
  removeOnlyPeer(w, record + RECORD_SWARM_6, SLOT_WORDS_6);
  if (oldestAge === AGE_WITHOUT_PEERS && w[KEPT_COUNT] > 0) w[KEPT_COUNT]--;
  removeTorrentAt(w, page, oldest);
  w[GAVE_WAY]++;
  return true;
}

function ageOf(w: Int32Array, record: number, tick: number): number {
  let tail = 0;
  if (w[record + RECORD_SWARM_4 + 1] !== 0) tail = w[record + RECORD_SWARM_4] + SLOT_WORDS_4 - 1;
  else if (w[record + RECORD_SWARM_6 + 1] !== 0)
    tail = w[record + RECORD_SWARM_6] + SLOT_WORDS_6 - 1;
  else return AGE_WITHOUT_PEERS;
  return ageTicks(w[tail], tick);
}

function removeOnlyPeer(w: Int32Array, swarm: number, slotWords: number): void {
  const meta = w[swarm + 1];
  if (meta === 0) return;
  const family = slotWords === SLOT_WORDS_4 ? 0 : 1;
  const slot = w[swarm];
  countPeer(w, swarm, slotWords, w[slot], w[slot + 1], -1);
  w[PEER_COUNT + family]--;
  if (smallSeeders(meta) !== 0) w[SEEDER_COUNT + family]--;
  removeSmall(w, swarm, slotWords, slot);
}
