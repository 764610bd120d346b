/** Records of announces (hot/announce-record.ts) for tests, and stores whose hashes are the same in every run. */
import { ANNOUNCE_RECORD_WORDS } from "../hot/announce-record.ts";
import type { SwarmStore } from "../hot/swarm-store.ts";
import { createSwarmStore, type SwarmStoreOptions } from "../open-store.ts";
import { SwarmWalk } from "../walk.ts";
import { addressOf, infoHashOf, portOf } from "./peers.ts";

/** A store whose keys are numbers of the test's own, so that a history does the same in every run. */
export function fixedStore(options: SwarmStoreOptions = { memoryBytesMax: 2 ** 26 }): SwarmStore {
  const store = createSwarmStore(options);
  store.handle.hashKey.forEach((_, i, key) => {
    key[i] = Math.imul(i + 1, 0x9e3779b1);
  });
  return store;
}

/** The record of a peer of `peers.ts` with these flags and this age in ticks. */
export function recordOf(torrent: number, peer: number, flags = 0, age = 0): Int32Array {
  const words = new Int32Array(ANNOUNCE_RECORD_WORDS);
  words.set(infoHashOf(torrent));
  words[5] = flags;
  words.set(addressOf(peer, (flags & 16) === 0 ? 4 : 6), 6);
  words[10] = portOf(peer);
  words[11] = age;
  return words;
}

/** Every torrent with its completed count, and every peer with role, mark and age at the store's tick; sorted. */
export function contentsOf(store: SwarmStore, withMarks = true): string[] {
  const lines = new Set<string>();
  const walk = new SwarmWalk(store, { withPeers: true });
  while (walk.next()) {
    let at = 0;
    for (let row = 0; row < walk.count; row++) {
      const hash = Buffer.from(walk.infoHashes.subarray(row * 48, row * 48 + 20)).toString("hex");
      lines.add(`${hash} completed ${walk.completed(row)}`);
      for (const family of [4, 6] as const) {
        const words = family === 4 ? 2 : 5;
        const leechers = walk.leechers(row, family);
        for (let i = 0; i < leechers + walk.seeders(row, family); i++, at += words)
          lines.add(`${hash} ${i < leechers ? "L" : "S"} ${slotText(walk.slots, at, words)}`);
      }
    }
  }
  return [...lines].sort();

  function slotText(slots: Int32Array, at: number, words: number): string {
    const tail = slots[at + words - 1] ?? 0;
    const age = (store.tick - (tail >>> 16)) & 0x3fff;
    const flags = `${tail & 0x40000000 ? "paused" : ""}${withMarks && tail < 0 ? "counted" : ""}`;
    return `${slots.slice(at, at + words - 1).join(".")}:${tail & 0xffff} ${age} ${flags}`;
  }
}
