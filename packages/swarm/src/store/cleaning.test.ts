import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNOUNCE_SEEDER } from "../announce/hot/role.ts";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf, infoHashOf } from "./testing/peers.ts";

function announce(store: SwarmStore, torrent: number, peer: number, family: 4 | 6 = 4): void {
  const flags = peer % 2 === 0 ? ANNOUNCE_SEEDER : 0;
  store.announce(announceOf(torrent, peer, { family, flags }));
}

function clean(store: SwarmStore, nowSeconds: number, allowed?: (words: Int32Array) => boolean) {
  const accessList = allowed && { allows: allowed };
  const cleaning = new SwarmCleaning(store, { nowSeconds, peerAgeSecondsMax: 1200, accessList });
  while (cleaning.step());
  return cleaning;
}

test("peers are kept up to the maximal age and removed after it, in small and large swarms", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  for (const family of [4, 6] as const)
    for (const [torrent, peers] of [
      [1, 1],
      [2, 10],
      [3, 3000],
    ] as const) {
      store.setNow(0);
      for (let peer = 0; peer < peers; peer++) announce(store, torrent, peer, family);
    }
  assert.equal(clean(store, 1200).peersRemoved, 0);
  assert.equal(clean(store, 1208).peersRemoved, 2 * 3011);
  assert.equal(readSwarmTotals(store).torrents, 0);
  assert.equal(readSwarmTotals(store).seedersIpv4, 0);
});

test("a renewed peer stays when its neighbours go, and its swarm becomes small again", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  for (let peer = 0; peer < 3000; peer++) announce(store, 1, peer);
  store.setNow(1000);
  for (let peer = 0; peer < 3000; peer += 300) announce(store, 1, peer);
  clean(store, 1300);
  store.scrape(infoHashOf(1), 0, 4);
  assert.deepEqual([store.seeders, store.leechers], [10, 0]);
});

test("the clock may run over the end of its 14 bits", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  const wrap = 2 ** 14 * 4;
  store.setNow(wrap - 100);
  announce(store, 1, 1);
  assert.equal(clean(store, wrap + 1000).peersRemoved, 0);
  assert.equal(clean(store, wrap + 1200).peersRemoved, 1);
});

test("a peer that announces while a pass is under way stays, however long the pass takes", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  for (const secondsLater of [5, 60, 3600]) {
    const cleaning = new SwarmCleaning(store, { nowSeconds: 10_000, peerAgeSecondsMax: 1200 });
    store.setNow(10_000 + secondsLater);
    for (let peer = 0; peer < 3000; peer++) announce(store, 1, peer);
    announce(store, 2, 1, 6);
    while (cleaning.step());
    assert.equal(cleaning.peersRemoved, 0, `${secondsLater} s`);
  }
});

test("a refused torrent loses its peers, also those that have announced since the pass began", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  store.setNow(1060);
  for (let peer = 0; peer < 3000; peer++) announce(store, 1, peer);
  announce(store, 2, 1, 6);
  assert.equal(clean(store, 1000, () => false).peersRemoved, 3001);
  assert.equal(readSwarmTotals(store).torrents, 0);
});

test("memory that expired peers took is used again: ten full turns need no more than two", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 30 });
  const used: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    store.setNow(turn * 5000);
    for (let torrent = 0; torrent < 2000; torrent++)
      for (let peer = 0; peer < 1 + (torrent % 5); peer++) announce(store, torrent, peer);
    for (let peer = 0; peer < 5000; peer++) announce(store, 1_000_000, peer);
    clean(store, turn * 5000 + 4000);
    const totals = readSwarmTotals(store);
    assert.equal(totals.torrents, 0);
    used.push(totals.usedBytes);
  }
  assert.ok(
    (used[9] ?? 0) <= (used[1] ?? 0) * 1.2,
    `bytes used after each turn: ${used.join(" ")}`,
  );
});

test("torrents that the access list refuses go with all their peers", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  for (const [torrent, peers] of [
    [1, 3],
    [2, 3000],
    [3, 3],
    [4, 3000],
  ] as const)
    for (let peer = 0; peer < peers; peer++) announce(store, torrent, peer);
  const refused = new Set([infoHashOf(1)[0], infoHashOf(2)[0]]);
  const cleaning = clean(store, 0, (words) => !refused.has(words[0]));
  assert.equal(cleaning.peersRemoved, 3003);
  assert.equal(cleaning.torrentsRemoved, 2);
  assert.deepEqual([readSwarmTotals(store).torrents, readSwarmTotals(store).peersIpv4], [2, 3003]);
});
