/**
 * Finds a peer whose role is not known, for those who put peers beside the ones that announce: announces of other nodes, a
 * snapshot's reader, changes of a hand-over. The caller holds the shard's lock.
 */
import { LARGE_META } from "../layout.ts";
import { keyedHash } from "./keyed-hash.ts";
import { findLarge } from "./large-swarm.ts";
import { findSlot, smallLeechers, smallSeeders } from "./small-swarm.ts";

/** The slot of the peer `key` where it is a leecher, minus its slot where it is a seeder, 0 where it is not in the swarm. */
export function findPeer(
  w: Int32Array,
  swarm: number,
  slotWords: number,
  hashKey: Int32Array,
  key: Int32Array,
): number {
  const meta = w[swarm + 1];
  const reference = w[swarm];
  if (meta !== LARGE_META) {
    const leechers = smallLeechers(meta);
    const slot = findSlot(w, reference, leechers + smallSeeders(meta), slotWords, key);
    return slot < reference + leechers * slotWords ? slot : 0 - slot;
  }
  const hash = keyedHash(hashKey, key, 0, slotWords);
  const leecher = findLarge(w, reference, slotWords, hash, key, false);
  return leecher === 0 ? 0 - findLarge(w, reference, slotWords, hash, key, true) : leecher;
}
