/**
 * Puts swarms that were read from elsewhere into the store, while it serves: the reader of a snapshot calls it, on a thread
 * of its own. What has announced meanwhile is younger and stays as it is; counts of completed downloads only grow.
 *
 * A lock is held for one torrent and at most 64 of its peers. While memory is short nothing is taken, so that the last
 * sixteenth of each arena is left to those who announce; nothing that is there makes room.
 */

import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import { countPeer } from "../limits/hot/address-counts.ts";
import { type AnnounceLimits, NO_REPEATS } from "../limits/hot/announce-limits.ts";
import { makeLimits, openAnnounceLimits } from "../limits/limits.ts";
import { takeBlock } from "./hot/allocator.ts";
import { upsertPeer } from "./hot/announce.ts";
import { findPeer } from "./hot/find-peer.ts";
import { isShort } from "./hot/give-way.ts";
import { keyedHash } from "./hot/keyed-hash.ts";
import { slabClassFor } from "./hot/large-swarm.ts";
import { lock, unlock } from "./hot/lock.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { findTorrent, insertTorrent } from "./hot/torrent-table.ts";
import { isEmpty, markOf, readMark, writeMark } from "./kept-completed.ts";
import {
  COMPLETED_BIT,
  LOCK,
  PEER_COUNT,
  PORT_MASK,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  SEEDER_COUNT,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_LEECHERS_SHIFT,
  SMALL_PEERS_MAX_4,
  SMALL_PEERS_MAX_6,
  SMALL_RENEWED,
  SMALL_SEEDERS_SHIFT,
} from "./layout.ts";
import { ageOfTail, tickOf } from "./slot-tail.ts";

const SECONDS_PER_HOUR = 3600;
const PEERS_PER_HOLD = 64;

/** Limits hold for announces: what is restored was within them. It is counted by address all the same. */
export const openNoLimits = ({ shards }: SwarmStore): AnnounceLimits =>
  openAnnounceLimits(makeLimits(undefined), shards);

/** Some peers of one role and family, as slots (layout.ts). */
interface Peers {
  readonly swarmOffset: number;
  readonly slotWords: number;
  readonly seeder: boolean;
  readonly slotsAt: number;
  readonly count: number;
}

/** A torrent on its way into the store. One for each thread, filled anew for every torrent. */
export class TorrentSlots {
  readonly infoHash: Int32Array = new Int32Array(INFO_HASH_WORDS);
  completed = 0;
  /** Whether one of its peers has announced more than once. */
  isRenewed = false;
  /** For a torrent without peers: for how long. */
  hoursEmpty = 0;
  /** IPv4 leechers, IPv4 seeders, IPv6 leechers, IPv6 seeders. */
  slots: Int32Array = new Int32Array(0);
  readonly leechers: Record<4 | 6, number> = { 4: 0, 6: 0 };
  readonly seeders: Record<4 | 6, number> = { 4: 0, 6: 0 };
}

export class SwarmRestore {
  /** What was taken so far, and what was not because memory is short. A peer that was there already is taken. */
  recordsStored = 0;
  peersStored = 0;
  recordsRefused = 0;
  peersRefused = 0;
  readonly #store: SwarmStore;
  readonly #limits: AnnounceLimits;
  readonly #holdsLimits: boolean;
  readonly #key = new Int32Array(SLOT_WORDS_6);
  #nowSeconds = 0;
  #tick = 0;

  /** Of swarms that come from another node, `holdsLimits`: they are taken only as far as announces would be. */
  constructor(store: SwarmStore, holdsLimits = false) {
    this.#store = store;
    this.#holdsLimits = holdsLimits;
    this.#limits = holdsLimits ? store.limits : openNoLimits(store);
  }

  /** The clock of SwarmStore.setNow. Ages of slots count from here. */
  setNow(seconds: number): void {
    this.#nowSeconds = seconds;
    this.#tick = tickOf(seconds);
  }

  /** Takes a torrent with its peers, or as many of them as there is memory for. */
  restore(torrent: TorrentSlots): void {
    const hash = keyedHash(this.#store.handle.hashKey, torrent.infoHash, 0, INFO_HASH_WORDS);
    const w = this.#store.shards[hash & (this.#store.shards.length - 1)];
    if (w === undefined) return;
    const { leechers, seeders } = torrent;
    const peers = leechers[4] + seeders[4] + leechers[6] + seeders[6];
    const storedBefore = this.peersStored;
    lock(w, LOCK);
    const record = this.#openTorrent(w, hash, torrent);
    const isStored = record !== 0;
    if (isStored && peers <= PEERS_PER_HOLD) this.#restoreFew(w, record, torrent);
    unlock(w, LOCK);
    if (isStored && peers > PEERS_PER_HOLD) this.#restoreMany(w, hash, torrent);
    if (isStored) this.recordsStored++;
    else this.recordsRefused++;
    this.peersRefused += peers - (this.peersStored - storedBefore);
  }

  /** The torrent's record with its completed count; 0 where memory is short. */
  #openTorrent(w: Int32Array, hash: number, torrent: TorrentSlots): number {
    let record = findTorrent(w, hash, torrent.infoHash, 0);
    if (record === 0 && !isShort(w))
      record = insertTorrent(w, this.#store.handle.hashKey, hash, torrent.infoHash, 0);
    if (record === 0) return 0;
    const at = record + RECORD_COMPLETED;
    if (torrent.completed > (w[at] ?? 0) >>> 0) w[at] = torrent.completed;
    if (isEmpty(w, record) && readMark(w, record) === 0 && torrent.hoursEmpty > 0)
      writeMark(w, record, markOf(this.#nowSeconds - torrent.hoursEmpty * SECONDS_PER_HOUR));
    return record;
  }

  /** All peers under one lock. */
  #restoreFew(w: Int32Array, record: number, torrent: TorrentSlots): void {
    const { leechers, seeders } = torrent;
    let slotsAt = 0;
    for (const family of [4, 6] as const) {
      const count = leechers[family] + seeders[family];
      if (count === 0) continue;
      const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
      const swarm = record + (family === 4 ? RECORD_SWARM_4 : RECORD_SWARM_6);
      const peersMax = family === 4 ? SMALL_PEERS_MAX_4 : SMALL_PEERS_MAX_6;
      const isNew = !this.#holdsLimits && w[swarm + 1] === 0 && count <= peersMax;
      if (isNew && !hasTwins(torrent.slots, slotsAt, slotWords, count))
        this.#openSmall(w, swarm, slotWords, torrent, slotsAt, leechers[family], count);
      else
        for (let i = 0; i < count; i++)
          this.#merge(w, swarm, slotWords, torrent, slotsAt + i * slotWords, i >= leechers[family]);
      if (torrent.isRenewed) markRenewed(w, swarm);
      slotsAt += count * slotWords;
    }
  }

  /** A swarm that has no peers yet gets all of its slots at once. */
  #openSmall(
    w: Int32Array,
    swarm: number,
    slotWords: number,
    { slots }: TorrentSlots,
    slotsAt: number,
    leechers: number,
    count: number,
  ): void {
    const sizeClass = slabClassFor(count, slotWords);
    const slab = takeBlock(w, sizeClass);
    if (slab === 0) return;
    for (let i = 0; i < count * slotWords; i++) w[slab + i] = slots[slotsAt + i] ?? 0;
    for (let slot = slab; slot < slab + count * slotWords; slot += slotWords)
      countPeer(w, swarm, slotWords, w[slot] ?? 0, w[slot + 1] ?? 0, 1);
    const seeders = count - leechers;
    w[swarm] = slab;
    w[swarm + 1] =
      sizeClass | (leechers << SMALL_LEECHERS_SHIFT) | (seeders << SMALL_SEEDERS_SHIFT);
    const family = slotWords === SLOT_WORDS_4 ? 0 : 1;
    w[PEER_COUNT + family] = (w[PEER_COUNT + family] ?? 0) + count;
    w[SEEDER_COUNT + family] = (w[SEEDER_COUNT + family] ?? 0) + seeders;
    this.peersStored += count;
  }

  /** A part of a large swarm: some peers under each lock. */
  #restoreMany(w: Int32Array, hash: number, torrent: TorrentSlots): void {
    let slotsAt = 0;
    for (const family of [4, 6] as const)
      for (const seeder of [false, true]) {
        const swarmOffset = family === 4 ? RECORD_SWARM_4 : RECORD_SWARM_6;
        const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
        const total = (seeder ? torrent.seeders : torrent.leechers)[family];
        for (let first = 0; first < total; first += PEERS_PER_HOLD) {
          const count = Math.min(PEERS_PER_HOLD, total - first);
          const at = slotsAt + first * slotWords;
          this.#restorePart(w, hash, torrent, {
            swarmOffset,
            slotWords,
            seeder,
            slotsAt: at,
            count,
          });
        }
        slotsAt += total * slotWords;
      }
  }

  #restorePart(w: Int32Array, hash: number, torrent: TorrentSlots, peers: Peers): void {
    const { slotWords, slotsAt } = peers;
    lock(w, LOCK);
    // Meanwhile cleaning may have taken an empty torrent out.
    const record = this.#openTorrent(w, hash, torrent);
    if (record !== 0)
      for (let i = 0; i < peers.count; i++)
        this.#merge(
          w,
          record + peers.swarmOffset,
          slotWords,
          torrent,
          slotsAt + i * slotWords,
          peers.seeder,
        );
    if (record !== 0 && torrent.isRenewed) markRenewed(w, record + peers.swarmOffset);
    unlock(w, LOCK);
  }

  /** One peer beside those that are there. Of the same peer, the younger stays; both say whether it was counted. */
  #merge(
    w: Int32Array,
    swarm: number,
    slotWords: number,
    { slots }: TorrentSlots,
    slotAt: number,
    seeder: boolean,
  ): void {
    const key = this.#key;
    const { hashKey } = this.#store.handle;
    for (let i = 0; i < slotWords - 1; i++) key[i] = slots[slotAt + i] ?? 0;
    const tail = slots[slotAt + slotWords - 1] ?? 0;
    key[slotWords - 1] = tail & PORT_MASK;
    const known = Math.abs(findPeer(w, swarm, slotWords, hashKey, key));
    if (known !== 0) {
      const at = known + slotWords - 1;
      const old = w[at] ?? 0;
      const isYounger = ageOfTail(tail, this.#tick) < ageOfTail(old, this.#tick);
      w[at] = old | (tail & COMPLETED_BIT);
      this.peersStored++;
      if (!isYounger) return;
    } else if (isShort(w)) return;
    const slot = upsertPeer(
      w,
      swarm,
      slotWords,
      hashKey,
      key,
      tail,
      seeder,
      0,
      this.#limits,
      NO_REPEATS,
    );
    if (slot > 0 && known === 0) this.peersStored++;
  }
}

/** A large swarm is renewed anyway, and one without peers has nothing to mark. */
function markRenewed(w: Int32Array, swarm: number): void {
  const meta = w[swarm + 1] ?? 0;
  if (meta > 0) w[swarm + 1] = meta | SMALL_RENEWED;
}

/** Whether the same peer stands in two of these slots; no writer does that, but a file may hold anything. */
function hasTwins(slots: Int32Array, at: number, slotWords: number, count: number): boolean {
  const end = at + count * slotWords;
  for (let a = at; a < end; a += slotWords)
    for (let b = a + slotWords; b < end; b += slotWords)
      if (areTwins(slots, a, b, slotWords)) return true;
  return false;
}

function areTwins(slots: Int32Array, a: number, b: number, slotWords: number): boolean {
  for (let i = slotWords - 2; i >= 0; i--) if (slots[a + i] !== slots[b + i]) return false;
  const tails = (slots[a + slotWords - 1] ?? 0) ^ (slots[b + slotWords - 1] ?? 0);
  return (tails & PORT_MASK) === 0;
}
