/**
 * Cleaning of single swarms: takes out the peers that have not announced for too long. The caller holds the shard's
 * lock. `tick` is when the pass began, `ageTicksMax` the greatest age that is kept; both in ticks of 4 s modulo 2^14. A peer
 * that has announced since is younger than no age, not as old as the ring is long.
 */

import { countPeer } from "../../limits/hot/address-counts.ts";
import {
  LARGE_CLASS,
  LARGE_LEECHER_SET,
  LARGE_LEECHERS,
  LARGE_PAUSED,
  LARGE_SEEDER_SET,
  LARGE_SEEDERS,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  PAUSED_BIT,
  PEER_COUNT,
  SEEDER_COUNT,
  SLOT_WORDS_4,
  SMALL_CLASS_MASK,
  SMALL_PEERS_MAX_4,
  SMALL_PEERS_MAX_6,
} from "../layout.ts";
import { shrinkDirectory } from "./directory.ts";
import { demote, slabClassFor } from "./large-swarm.ts";
import { ageTicks } from "./peer-age.ts";
import { firstSlot, joinTwins, peerPage } from "./peer-pages.ts";
import { gatherBlock } from "./slab-pages.ts";
import { copySlot, moveSlab, removeSmall, smallLeechers, smallSeeders } from "./small-swarm.ts";

/** Counts the peer at `slot`, which is still there, as removed. */
function countRemoved(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  slot: number,
  seeder: boolean,
): void {
  countPeer(w, swarm, slotWords, w[slot], w[slot + 1], -1);
  const family = slotWords === SLOT_WORDS_4 ? 0 : 1;
  w[PEER_COUNT + family]--;
  if (seeder) w[SEEDER_COUNT + family]--;
}

/** Cleans a small swarm and gives it a smaller slab when a quarter would do; returns how many peers were removed. */
export function expireSmall(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  tick: number,
  ageTicksMax: number,
): number {
  let removed = 0;
  const meta = w[swarm + 1];
  for (let i = smallLeechers(meta) + smallSeeders(meta) - 1; i >= 0; i--) {
    const slot = w[swarm] + i * slotWords;
    if (ageTicks(w[slot + slotWords - 1], tick) <= ageTicksMax) continue;
    countRemoved(w, swarm, slotWords, slot, i >= smallLeechers(w[swarm + 1]));
    removeSmall(w, swarm, slotWords, slot);
    removed++;
  }
  const left = smallLeechers(w[swarm + 1]) + smallSeeders(w[swarm + 1]);
  if (removed > 0 && left > 0) {
    const fitting = slabClassFor(left, slotWords);
    if (fitting + 2 <= (w[swarm + 1] & SMALL_CLASS_MASK)) moveSlab(w, swarm, slotWords, fitting);
  }
  return removed;
}

/**
 * Cleans the page of one role of a large swarm that `hash` belongs to; returns how many peers were removed. When the page is joined with its
 * twin, the joined page is cleaned as well.
 */
export function expirePage(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  seeder: boolean,
  hash: number,
  tick: number,
  ageTicksMax: number,
): number {
  const header = w[swarm];
  const set = header + (seeder ? LARGE_SEEDER_SET : LARGE_LEECHER_SET);
  let removed = 0;
  for (;;) {
    const page = peerPage(w, set, hash);
    const first = firstSlot(page, slotWords);
    for (let i = (w[page] & PAGE_COUNT_MASK) - 1; i >= 0; i--) {
      const slot = first + i * slotWords;
      const tail = w[slot + slotWords - 1];
      if (ageTicks(tail, tick) <= ageTicksMax) continue;
      countRemoved(w, swarm, slotWords, slot, seeder);
      w[page]--;
      const last = first + (w[page] & PAGE_COUNT_MASK) * slotWords;
      if (slot !== last) copySlot(w, last, slot, slotWords);
      if (!seeder && (tail & PAUSED_BIT) !== 0) w[header + LARGE_PAUSED]--;
      w[header + (seeder ? LARGE_SEEDERS : LARGE_LEECHERS)]--;
      removed++;
    }
    const depth = w[page] >>> PAGE_DEPTH_SHIFT;
    joinTwins(w, set, slotWords, hash);
    if (w[peerPage(w, set, hash)] >>> PAGE_DEPTH_SHIFT === depth) return removed;
  }
}

/** How many leading bits the page of `hash` stands for. */
export function pageDepth(w: Int32Array, header: number, seeder: boolean, hash: number): number {
  const set = header + (seeder ? LARGE_SEEDER_SET : LARGE_LEECHER_SET);
  return w[peerPage(w, set, hash)] >>> PAGE_DEPTH_SHIFT;
}

/** After all pages were cleaned: smaller directories out of sparse pages, and a slab again for a swarm of few peers. */
export function settleLarge(w: Int32Array, swarm: number, slotWords: number): void {
  const header = w[swarm];
  shrinkDirectory(w, header + LARGE_LEECHER_SET);
  shrinkDirectory(w, header + LARGE_SEEDER_SET);
  const count = w[header + LARGE_LEECHERS] + w[header + LARGE_SEEDERS];
  const smallMax = slotWords === SLOT_WORDS_4 ? SMALL_PEERS_MAX_4 : SMALL_PEERS_MAX_6;
  // Half of the limit, so that a swarm on the border does not change its form in turn.
  if (count <= smallMax >>> 1 && demote(w, swarm, slotWords, slabClassFor(count, slotWords)))
    return;
  gatherBlock(w, swarm, LARGE_CLASS);
  gatherBlock(w, w[swarm] + LARGE_LEECHER_SET, w[w[swarm] + LARGE_LEECHER_SET + 1]);
  gatherBlock(w, w[swarm] + LARGE_SEEDER_SET, w[w[swarm] + LARGE_SEEDER_SET + 1]);
}
