/**
 * Changes of a store on their way to another process: the running one notes and reads them (`ChangeReader`), the one that takes
 * over applies them (`ChangeTaker`) to a store that nobody announces to yet. hot/change-log.ts shows a change. Main threads of
 * both.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import { type AnnounceLimits, NO_REPEATS } from "../limits/hot/announce-limits.ts";
import { removePeer, upsertPeer } from "./hot/announce.ts";
import {
  CHANGE_ADDRESS_AT,
  CHANGE_COMPLETED_AT,
  CHANGE_IPV6,
  CHANGE_PRESENT,
  CHANGE_SEEDER,
  CHANGE_STATE_AT,
  CHANGE_TAIL_AT,
  CHANGE_WORDS,
  CHANGES_WORDS,
  NOTING_LOST,
  NOTING_ON,
} from "./hot/change-log.ts";
import { findPeer } from "./hot/find-peer.ts";
import { keyedHash } from "./hot/keyed-hash.ts";
import { lock, unlock } from "./hot/lock.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { findTorrent, insertTorrent } from "./hot/torrent-table.ts";
import {
  COMPLETED_BIT,
  COMPLETED_COUNT,
  GAVE_WAY,
  LOCK,
  NOTED_WORDS,
  NOTING,
  PORT_MASK,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  REFUSED,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
} from "./layout.ts";
import { openNoLimits } from "./restore.ts";

/** Thrown where a shard has noted more than it has room for: the other process was too slow. */
export class LostChanges extends Error {}

/** Makes a store note its changes, and takes what was noted. */
export class ChangeReader {
  readonly #store: SwarmStore;
  readonly #changes: Int32Array;
  readonly #copy = new Int32Array(CHANGES_WORDS);

  /** From here on changes are noted, until `end`. */
  constructor(store: SwarmStore) {
    this.#store = store;
    this.#changes = new Int32Array(store.handle.changes);
    this.#set(NOTING_ON);
  }

  /** Hands what was noted to `take`, shard by shard, in a view that the next one overwrites. Throws LostChanges. */
  read(take: (changes: Int32Array) => void): void {
    for (const [shard, w] of this.#store.shards.entries()) {
      lock(w, LOCK);
      const isLost = w[NOTING] === NOTING_LOST;
      const words = w[NOTED_WORDS] ?? 0;
      const from = shard * CHANGES_WORDS;
      this.#copy.set(this.#changes.subarray(from, from + words));
      w[NOTED_WORDS] = 0;
      unlock(w, LOCK);
      if (isLost) throw new LostChanges("peers changed faster than they could be handed over");
      if (words > 0) take(this.#copy.subarray(0, words));
    }
  }

  /** Nothing is noted any more. */
  end(): void {
    this.#set(0);
  }

  #set(noting: number): void {
    for (const w of this.#store.shards) {
      lock(w, LOCK);
      w[NOTING] = noting;
      w[NOTED_WORDS] = 0;
      unlock(w, LOCK);
    }
  }
}

/** What a store counts for its whole life, beside what it holds. */
export interface StoreTotals {
  readonly completed: number;
  readonly refused: number;
  readonly gaveWay: number;
}

/** Applies changes in the order in which they were noted. */
export class ChangeTaker {
  /** Changes that memory had no room for. */
  refused = 0;
  /**
   * Whether others announce to this store meanwhile, so that its completed counts and the other's have parted: then a peer that
   * has completed there and not here is counted.
   */
  isShared = false;
  readonly #store: SwarmStore;
  readonly #limits: AnnounceLimits;
  readonly #key = new Int32Array(SLOT_WORDS_6);

  constructor(store: SwarmStore) {
    this.#store = store;
    this.#limits = openNoLimits(store);
  }

  /** `changes` are whole ones. */
  take(changes: Int32Array): void {
    for (let at = 0; at + CHANGE_WORDS <= changes.length; at += CHANGE_WORDS)
      this.#apply(changes, at);
  }

  /** What the other process has counted goes on here. */
  addTotals({ completed, refused, gaveWay }: StoreTotals): void {
    const [w] = this.#store.shards;
    if (w === undefined) return;
    lock(w, LOCK);
    w[COMPLETED_COUNT] = (w[COMPLETED_COUNT] ?? 0) + completed;
    w[REFUSED] = (w[REFUSED] ?? 0) + refused;
    w[GAVE_WAY] = (w[GAVE_WAY] ?? 0) + gaveWay;
    unlock(w, LOCK);
  }

  #apply(changes: Int32Array, at: number): void {
    const { hashKey } = this.#store.handle;
    const hash = keyedHash(hashKey, changes, at, INFO_HASH_WORDS);
    const w = this.#store.shards[hash & (this.#store.shards.length - 1)];
    if (w === undefined) return;
    const isPresent = ((changes[at + CHANGE_STATE_AT] ?? 0) & CHANGE_PRESENT) !== 0;
    lock(w, LOCK);
    let record = findTorrent(w, hash, changes, at);
    if (record === 0 && isPresent) record = insertTorrent(w, hashKey, hash, changes, at);
    if (record !== 0) this.#applyTo(w, record, changes, at);
    else if (isPresent) this.refused++;
    unlock(w, LOCK);
  }

  #applyTo(w: Int32Array, record: number, changes: Int32Array, at: number): void {
    const { hashKey } = this.#store.handle;
    const key = this.#key;
    const state = changes[at + CHANGE_STATE_AT] ?? 0;
    const tail = changes[at + CHANGE_TAIL_AT] ?? 0;
    const completed = changes[at + CHANGE_COMPLETED_AT] ?? 0;
    const completedAt = record + RECORD_COMPLETED;
    const isIpv6 = (state & CHANGE_IPV6) !== 0;
    const slotWords = isIpv6 ? SLOT_WORDS_6 : SLOT_WORDS_4;
    const swarm = record + (isIpv6 ? RECORD_SWARM_6 : RECORD_SWARM_4);
    for (let i = 0; i < slotWords - 1; i++) key[i] = changes[at + CHANGE_ADDRESS_AT + i] ?? 0;
    key[slotWords - 1] = tail & PORT_MASK;
    if (this.isShared && (tail & COMPLETED_BIT) !== 0) {
      const known = Math.abs(findPeer(w, swarm, slotWords, hashKey, key));
      if (known !== 0 && ((w[known + slotWords - 1] ?? 0) & COMPLETED_BIT) === 0) {
        w[completedAt] = (w[completedAt] ?? 0) + 1;
        w[COMPLETED_COUNT] = (w[COMPLETED_COUNT] ?? 0) + 1;
      }
    }
    if (completed >>> 0 > (w[completedAt] ?? 0) >>> 0) w[completedAt] = completed;
    if ((state & CHANGE_PRESENT) === 0) {
      removePeer(w, swarm, slotWords, hashKey, key);
      return;
    }
    const seeder = (state & CHANGE_SEEDER) !== 0;
    const args = [w, swarm, slotWords, hashKey, key, tail, seeder, 0] as const;
    const slot = upsertPeer(...args, this.#limits, NO_REPEATS);
    if (slot === 0) this.refused++;
    else w[slot + slotWords - 1] = tail;
  }
}
