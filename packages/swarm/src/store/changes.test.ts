import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Announce } from "../announce/hot/announce.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../announce/hot/role.ts";
import { ChangeReader, ChangeTaker, LostChanges } from "./changes.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { SwarmWalk } from "./walk.ts";

const openStore = () => createSwarmStore({ memoryBytesMax: 64 * 2 ** 20 });
const infoHash = new Int32Array(5);
const address = new Int32Array(4);
const record = new Announce(infoHash, address, new Uint16Array(0));
const ROLES = [
  0,
  ANNOUNCE_SEEDER,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED,
  ANNOUNCE_STOPPED,
];

function announce(store: SwarmStore, torrent: number, peer: number, role: number): void {
  for (let i = 0; i < 5; i++) infoHash[i] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * i);
  const isIpv6 = peer % 3 === 0;
  address.set(isIpv6 ? [0xb80d0120 | 0, 0, 0, peer] : [peer, 0, 0, 0]);
  record.family = isIpv6 ? 6 : 4;
  record.port = (peer * 7 + 1) & 0xffff;
  record.flags = ROLES[role] ?? 0;
  record.hasEvent = true;
  store.announce(record);
}

/** Every torrent and slot, sorted. */
function contentsOf(store: SwarmStore): string[] {
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
          lines.add(`${hash} ${i < leechers} ${walk.slots.slice(at, at + words).join(".")}`);
      }
    }
  }
  return [...lines].sort();
}

const step = (torrents: number, peers: number) =>
  fc.record({
    torrent: fc.nat(torrents),
    peer: fc.nat(peers),
    role: fc.nat(ROLES.length - 1),
    seconds: fc.nat(6),
  });

for (const [name, torrents, peers] of [
  ["small swarms", 30, 20],
  ["large swarms", 1, 300],
] as const)
  test(`changes of ${name}, applied as they come, make the same swarms, also where some come twice`, () => {
    const histories = fc.array(step(torrents, peers), { maxLength: 600, size: "max" });
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 50 }), (history, every) => {
        const from = openStore();
        const into = openStore();
        const reader = new ChangeReader(from);
        const taker = new ChangeTaker(into);
        let nowSeconds = 0;
        for (const [i, { torrent, peer, role, seconds }] of history.entries()) {
          nowSeconds += seconds;
          from.setNow(nowSeconds);
          announce(from, torrent, peer, role);
          if (i % every !== 0) continue;
          reader.read((changes) => {
            taker.take(changes);
            // Of one moment all may come again: a change says what is true, not what happened.
            taker.take(changes);
          });
        }
        reader.read((changes) => taker.take(changes));
        const [a, b] = [readSwarmTotals(from), readSwarmTotals(into)];
        taker.addTotals(a);
        assert.deepEqual(contentsOf(into), contentsOf(from));
        assert.deepEqual(
          [b.peersIpv4, b.peersIpv6, b.seedersIpv4, b.seedersIpv6, taker.refused],
          [a.peersIpv4, a.peersIpv6, a.seedersIpv4, a.seedersIpv6, 0],
        );
        assert.equal(readSwarmTotals(into).completed, a.completed);
      }),
      { numRuns: 40 },
    );
  });

test("completions on both sides are counted where the stores go on beside each other", () => {
  const from = openStore();
  const into = openStore();
  for (const store of [from, into]) for (const peer of [1, 2, 3, 4]) announce(store, 1, peer, 0);
  const reader = new ChangeReader(from);
  const taker = new ChangeTaker(into);
  taker.isShared = true;
  announce(into, 1, 1, 3);
  announce(into, 1, 2, 3);
  announce(from, 1, 3, 3);
  announce(from, 1, 3, 1);
  announce(from, 1, 4, 3);
  announce(from, 1, 4, 4);
  reader.read((changes) => taker.take(changes));
  const completed = contentsOf(into).filter((line) => line.includes("completed"));
  assert.match(completed.join(), /completed 4$/);
  assert.equal(readSwarmTotals(into).completed, 4);
});

test("nothing is noted before or after, and what was noted is forgotten at the end", () => {
  const store = openStore();
  announce(store, 1, 1, 0);
  const reader = new ChangeReader(store);
  let changes = 0;
  const count = (some: Int32Array) => {
    changes += some.length / 12;
  };
  reader.read(count);
  assert.equal(changes, 0);
  announce(store, 1, 2, 0);
  announce(store, 1, 2, 4);
  reader.read(count);
  assert.equal(changes, 2);
  announce(store, 1, 4, 0);
  reader.end();
  announce(store, 1, 5, 0);
  reader.read(count);
  assert.equal(changes, 2);
});

test("more changes than there is room for are told, not left out, and a new reader begins anew", () => {
  const store = openStore();
  const reader = new ChangeReader(store);
  for (let i = 0; i < 5461; i++) announce(store, 1, 1, 0);
  let words = 0;
  reader.read((some) => {
    words += some.length;
  });
  assert.equal(words, 5461 * 12);
  for (let i = 0; i < 5462; i++) announce(store, 1, 1, 0);
  assert.throws(() => reader.read(() => {}), LostChanges);
  reader.end();
  new ChangeReader(store).read(() => {});
});

test("a store without room counts what it could not take", () => {
  const from = openStore();
  const reader = new ChangeReader(from);
  const taker = new ChangeTaker(createSwarmStore({ memoryBytesMax: 2 ** 22 }));
  for (let torrent = 0; torrent < 300_000; torrent++) {
    announce(from, torrent, torrent, 0);
    if (torrent % 10_000 === 0) reader.read((changes) => taker.take(changes));
  }
  assert.ok(taker.refused > 0);
});
