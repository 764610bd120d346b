import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANNOUNCE_COMPLETED, ANNOUNCE_SEEDER, ANNOUNCE_STOPPED } from "../announce/hot/role.ts";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { PORT_MASK, SLOT_WORDS_4, SLOT_WORDS_6 } from "./layout.ts";
import { createSwarmStore } from "./open-store.ts";
import { announceOf, infoHashOf, portOf } from "./testing/peers.ts";
import { INFO_HASH_STRIDE, SwarmWalk } from "./walk.ts";

const seed = (peer: number) => (peer % 3 === 0 ? ANNOUNCE_SEEDER : 0);

function announce(store: SwarmStore, torrent: number, peer: number, family: 4 | 6 = 4): void {
  store.announce(announceOf(torrent, peer, { family, flags: seed(peer) }));
}

const hexOf = (words: Int32Array) =>
  Buffer.from(words.buffer, words.byteOffset, 20).toString("hex");

/** What a step of a walk with peers brings, as lines "info hash, family, role, peer"; fails where a port is foreign. */
function peersOfStep(walk: SwarmWalk): string[] {
  const lines: string[] = [];
  let at = 0;
  for (let row = 0; row < walk.count; row++) {
    const start = row * INFO_HASH_STRIDE;
    const infoHash = Buffer.from(walk.infoHashes.subarray(start, start + 20)).toString("hex");
    for (const family of [4, 6] as const) {
      const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
      const leechers = walk.leechers(row, family);
      for (let i = 0; i < leechers + walk.seeders(row, family); i++, at += slotWords) {
        const peer = walk.slots[at + slotWords - 2] ?? -1;
        assert.equal((walk.slots[at + slotWords - 1] ?? 0) & PORT_MASK, portOf(peer));
        lines.push(`${infoHash} ${family} ${i < leechers ? "leecher" : "seeder"} ${peer}`);
      }
    }
  }
  return lines;
}

function allPeers(walk: SwarmWalk, between: () => void = () => {}): string[] {
  const lines: string[] = [];
  while (walk.next()) {
    lines.push(...peersOfStep(walk));
    between();
  }
  return lines;
}

const lineOf = (torrent: number, family: 4 | 6, peer: number) =>
  `${hexOf(infoHashOf(torrent))} ${family} ${seed(peer) ? "seeder" : "leecher"} ${peer}`;

test("a walk with peers brings every peer of small and large swarms of both families once", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  const expected: string[] = [];
  const fill = (torrent: number, family: 4 | 6, peers: number) => {
    for (let peer = 0; peer < peers; peer++) {
      announce(store, torrent, peer, family);
      expected.push(lineOf(torrent, family, peer));
    }
  };
  for (let torrent = 0; torrent < 20_000; torrent++) fill(torrent, torrent % 5 === 0 ? 6 : 4, 1);
  fill(30_000, 4, 63);
  fill(30_001, 6, 25);
  fill(30_002, 4, 3000);
  fill(30_002, 6, 3000);
  fill(30_003, 4, 10);
  fill(30_003, 6, 3000);
  assert.deepEqual(allPeers(new SwarmWalk(store, { withPeers: true })).sort(), expected.sort());
});

test("a walk without peers brings one row for each torrent with its counts and completed downloads", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  for (let peer = 0; peer < 300; peer++) announce(store, 1, peer);
  for (let peer = 0; peer < 6; peer++) announce(store, 1, peer, 6);
  store.announce(announceOf(2, 7));
  store.announce(announceOf(2, 7, { flags: ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED }));
  store.announce(announceOf(2, 7, { flags: ANNOUNCE_STOPPED }));
  const walk = new SwarmWalk(store, { withPeers: false });
  const rows = new Map<string, number[]>();
  while (walk.next())
    for (let i = 0; i < walk.count; i++) {
      const start = i * INFO_HASH_STRIDE;
      const infoHash = Buffer.from(walk.infoHashes.subarray(start, start + 20)).toString("hex");
      assert.ok(!rows.has(infoHash));
      const counts = ([4, 6] as const).flatMap((f) => [walk.leechers(i, f), walk.seeders(i, f)]);
      rows.set(infoHash, [walk.completed(i), ...counts]);
    }
  assert.deepEqual(rows.get(hexOf(infoHashOf(1))), [0, 200, 100, 4, 2]);
  assert.deepEqual(rows.get(hexOf(infoHashOf(2))), [1, 0, 0, 0, 0]);
  assert.equal(rows.size, 2);
});

test("it tells which torrents have been announced to more than once", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  for (let peer = 0; peer < 100; peer++) announce(store, 1, peer);
  announce(store, 2, 1);
  announce(store, 2, 1);
  announce(store, 3, 1, 6);
  const walk = new SwarmWalk(store, { withPeers: false });
  const renewed: string[] = [];
  while (walk.next())
    for (let i = 0; i < walk.count; i++) {
      const start = i * INFO_HASH_STRIDE;
      const infoHash = Buffer.from(walk.infoHashes.subarray(start, start + 20)).toString("hex");
      if (walk.isRenewed(i)) renewed.push(infoHash);
    }
  assert.deepEqual(renewed.sort(), [1, 2].map((torrent) => hexOf(infoHashOf(torrent))).sort());
});

test("peers that stay come once while others make pages split, join and swarms change their form", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 40 }), (first, pace) => {
      const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
      const staying: string[] = [];
      const stay = (torrent: number, family: 4 | 6, peer: number) => {
        announce(store, torrent, peer, family);
        staying.push(lineOf(torrent, family, peer));
      };
      for (let torrent = 0; torrent < 2000; torrent++) stay(torrent, 4, 1);
      for (let peer = 0; peer < 20; peer++) stay(5000, 4, peer);
      for (let peer = 0; peer < 400; peer++) stay(5001, 6, peer);
      // Passers-by, whose coming splits pages and whose leaving joins them.
      let passer = first;
      const churn = () => {
        for (let i = 0; i < pace; i++, passer++) {
          const flags = passer % 1500 < 750 ? seed(passer) : ANNOUNCE_STOPPED;
          const peer = 1_000_000 + (passer % 750);
          store.announce(announceOf(10_000 + (passer % 750), peer, { flags }));
          store.announce(announceOf(5000, peer, { flags }));
          store.announce(announceOf(5001, peer, { flags, family: 6 }));
        }
        const cleaning = new SwarmCleaning(store, { nowSeconds: 0, peerAgeSecondsMax: 1200 });
        if (passer % 7 === 0) while (cleaning.step());
      };
      for (let i = 0; i < 40; i++) churn();
      const lines = allPeers(new SwarmWalk(store, { withPeers: true }), churn);
      const ofStaying = lines.filter((line) => Number(line.split(" ")[3]) < 1_000_000);
      assert.deepEqual(ofStaying.sort(), [...staying].sort());
    }),
    { numRuns: 20 },
  );
});
