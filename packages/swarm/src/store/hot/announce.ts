/**
 * One announce to one swarm: find, insert, refresh, switch role or remove the asker, then count and choose peers.
 * Called by SwarmStore with the shard's lock held. `swarm` is the word index of the record's (reference, meta) pair.
 */

import { countPeer } from "../../limits/hot/address-counts.ts";
import type { AnnounceLimits } from "../../limits/hot/announce-limits.ts";
import {
  COMPLETED_BIT,
  COMPLETED_COUNT,
  LARGE_LEECHERS,
  LARGE_META,
  LARGE_PAUSED,
  LARGE_SEEDERS,
  PAUSED_BIT,
  PEER_COUNT,
  SEEDER_COUNT,
  SLOT_WORDS_4,
  SMALL_PEERS_MAX_4,
  SMALL_PEERS_MAX_6,
  SMALL_RENEWED,
} from "../layout.ts";
import { keyedHash } from "./keyed-hash.ts";
import { findLarge, insertLarge, promote, refreshLarge, removeLarge } from "./large-swarm.ts";
import {
  findSlot,
  insertSmall,
  removeSmall,
  smallLeechers,
  smallSeeders,
  switchRoleSmall,
} from "./small-swarm.ts";

function family(slotWords: number): number {
  return slotWords === SLOT_WORDS_4 ? 0 : 1;
}

/** Leechers of a swarm, paused ones included. */
export function countLeechers(w: Int32Array, swarm: number): number {
  return w[swarm + 1] === LARGE_META ? w[w[swarm] + LARGE_LEECHERS] : smallLeechers(w[swarm + 1]);
}

export function countSeeders(w: Int32Array, swarm: number): number {
  return w[swarm + 1] === LARGE_META ? w[w[swarm] + LARGE_SEEDERS] : smallSeeders(w[swarm + 1]);
}

/** Partial seeds of a swarm (BEP 21). */
export function countPaused(w: Int32Array, swarm: number, slotWords: number): number {
  if (w[swarm + 1] === LARGE_META) return w[w[swarm] + LARGE_PAUSED];
  const leechers = smallLeechers(w[swarm + 1]);
  let paused = 0;
  for (let i = 1; i <= leechers; i++)
    if ((w[w[swarm] + i * slotWords - 1] & PAUSED_BIT) !== 0) paused++;
  return paused;
}

/** Takes the peer out, if it is there. True when it was. */
export function removePeer(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  hashKey: Int32Array,
  key: Int32Array,
): boolean {
  const meta = w[swarm + 1];
  let seeder: boolean;
  if (meta === LARGE_META) {
    const hash = keyedHash(hashKey, key, 0, slotWords);
    seeder = false;
    let slot = findLarge(w, w[swarm], slotWords, hash, key, false);
    if (slot === 0) {
      seeder = true;
      slot = findLarge(w, w[swarm], slotWords, hash, key, true);
      if (slot === 0) return false;
    }
    removeLarge(w, w[swarm], slotWords, hash, slot, seeder);
  } else {
    const leechers = smallLeechers(meta);
    const slot = findSlot(w, w[swarm], leechers + smallSeeders(meta), slotWords, key);
    if (slot === 0) return false;
    seeder = slot >= w[swarm] + leechers * slotWords;
    removeSmall(w, swarm, slotWords, slot);
  }
  w[PEER_COUNT + family(slotWords)]--;
  if (seeder) w[SEEDER_COUNT + family(slotWords)]--;
  countPeer(w, swarm, slotWords, key[0], key[1], -1);
  return true;
}

/**
 * Stores or refreshes the peer. Returns its slot, 0 when the arena is full and it was not stored, or a negative number,
 * which changes nothing: down to REFUSAL_MIN it says why a new peer is refused, below it is the slot of a repeat.
 * `completedAt` is the word to count up when a known leecher says that it has completed, or 0; `repeatTicksMax` the limit of
 * `limits`, or NO_REPEATS for an announce that cannot be one. Ten parameters, because a record of them, filled once for an
 * announce, made an announce 8 % slower (medians of five pairs).
 */
export function upsertPeer(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  hashKey: Int32Array,
  key: Int32Array,
  tail: number,
  seeder: boolean,
  completedAt: number,
  limits: AnnounceLimits,
  repeatTicksMax: number,
): number {
  const meta = w[swarm + 1];
  if (meta !== LARGE_META) {
    const leechers = smallLeechers(meta);
    const count = leechers + smallSeeders(meta);
    const slot = findSlot(w, w[swarm], count, slotWords, key);
    if (slot !== 0) {
      const wasSeeder = slot >= w[swarm] + leechers * slotWords;
      const at = slot + slotWords - 1;
      if (wasSeeder === seeder && limits.isRepeat(w[at], tail, key, slotWords, repeatTicksMax))
        return -slot;
      w[at] = tail | completion(w, w[at], wasSeeder, completedAt);
      if ((meta & SMALL_RENEWED) === 0) w[swarm + 1] = meta | SMALL_RENEWED;
      if (wasSeeder === seeder) return slot;
      w[SEEDER_COUNT + family(slotWords)] += seeder ? 1 : -1;
      return switchRoleSmall(w, swarm, slotWords, slot, seeder);
    }
    const refusal = limits.refusalInSmall(w, w[swarm], count, slotWords, key);
    if (refusal !== 0) return refusal;
    if (count !== (slotWords === SLOT_WORDS_4 ? SMALL_PEERS_MAX_4 : SMALL_PEERS_MAX_6)) {
      if (!insertSmall(w, swarm, slotWords, key, tail, seeder)) return 0;
      countNewPeer(w, swarm, slotWords, seeder, limits);
      return w[swarm] + (seeder ? count : leechers) * slotWords;
    }
    if (!promote(w, swarm, slotWords, hashKey)) return 0;
  }
  return upsertLarge(
    w,
    swarm,
    slotWords,
    hashKey,
    key,
    tail,
    seeder,
    completedAt,
    limits,
    repeatTicksMax,
  );
}

function upsertLarge(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  hashKey: Int32Array,
  key: Int32Array,
  tail: number,
  seeder: boolean,
  completedAt: number,
  limits: AnnounceLimits,
  repeatTicksMax: number,
): number {
  const header = w[swarm];
  const hash = keyedHash(hashKey, key, 0, slotWords);
  let slot = findLarge(w, header, slotWords, hash, key, seeder);
  if (slot !== 0) {
    const old = w[slot + slotWords - 1];
    if (limits.isRepeat(old, tail, key, slotWords, repeatTicksMax)) return -slot;
    const kept = tail | completion(w, old, seeder, completedAt);
    refreshLarge(w, header, slotWords, slot, kept, seeder);
    return slot;
  }
  const oldSlot = findLarge(w, header, slotWords, hash, key, !seeder);
  if (oldSlot === 0) {
    const refusal = limits.refusalInLarge(w, swarm, slotWords, key);
    if (refusal !== 0) return refusal;
    slot = insertLarge(w, header, slotWords, hashKey, hash, key, tail, seeder);
    if (slot === 0) return 0;
    countNewPeer(w, swarm, slotWords, seeder, limits);
    return slot;
  }
  // The new role first: when the arena is full the peer keeps its old one.
  const old = w[oldSlot + slotWords - 1];
  slot = insertLarge(
    w,
    header,
    slotWords,
    hashKey,
    hash,
    key,
    tail | (old & COMPLETED_BIT),
    seeder,
  );
  if (slot === 0) return 0;
  w[slot + slotWords - 1] |= completion(w, old, !seeder, completedAt);
  removeLarge(w, header, slotWords, hash, oldSlot, !seeder);
  w[SEEDER_COUNT + family(slotWords)] += seeder ? 1 : -1;
  return slot;
}

/** The completed bit of a known peer after this announce; counts a leecher's first completion. */
function completion(w: Int32Array, old: number, wasSeeder: boolean, completedAt: number): number {
  if (completedAt === 0 || wasSeeder || (old & COMPLETED_BIT) !== 0) return old & COMPLETED_BIT;
  w[completedAt]++;
  w[COMPLETED_COUNT]++;
  return COMPLETED_BIT;
}

function countNewPeer(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  seeder: boolean,
  limits: AnnounceLimits,
): void {
  limits.countNewPeer(w, swarm);
  w[PEER_COUNT + family(slotWords)]++;
  if (seeder) w[SEEDER_COUNT + family(slotWords)]++;
}
