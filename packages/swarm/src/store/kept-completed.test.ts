import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNOUNCE_COMPLETED, ANNOUNCE_SEEDER, ANNOUNCE_STOPPED } from "../announce/hot/role.ts";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf, infoHashOf } from "./testing/peers.ts";
import { SwarmWalk } from "./walk.ts";

const HOUR = 3600;
const DAYS_30 = 30 * 24 * HOUR;

/** A leecher comes, completes and leaves. */
function download(store: SwarmStore, torrent: number, family: 4 | 6 = 4): void {
  store.announce(announceOf(torrent, 1, { family }));
  store.announce(announceOf(torrent, 1, { family, flags: ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED }));
  store.announce(announceOf(torrent, 1, { family, flags: ANNOUNCE_STOPPED }));
}

function clean(store: SwarmStore, nowSeconds: number, keepCompletedSeconds = DAYS_30) {
  const cleaning = new SwarmCleaning(store, {
    nowSeconds,
    peerAgeSecondsMax: 1200,
    keepCompletedSeconds,
  });
  while (cleaning.step());
  return cleaning;
}

function completedOf(store: SwarmStore, torrent: number): number {
  store.scrape(infoHashOf(torrent), 0, 4);
  return store.completed;
}

test("a completed count outlives the last peer for as long as it is kept, and no longer", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  download(store, 1);
  store.announce(announceOf(2, 1));
  store.announce(announceOf(2, 1, { flags: ANNOUNCE_STOPPED }));
  assert.equal(clean(store, 0).torrentsKept, 1);
  const { torrents, torrentsKept } = readSwarmTotals(store);
  assert.deepEqual([torrents, torrentsKept], [0, 1]);
  clean(store, 100 * HOUR);
  clean(store, DAYS_30 - HOUR);
  assert.equal(completedOf(store, 1), 1);
  const last = clean(store, DAYS_30);
  assert.deepEqual([last.torrentsKept, last.torrentsRemoved], [0, 1]);
  assert.equal(completedOf(store, 1), 0);
});

test("without an interval to keep them, completed counts go with the last peer", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  download(store, 1);
  assert.equal(clean(store, 0, 0).torrentsRemoved, 1);
  assert.equal(completedOf(store, 1), 0);
});

test("peers that expire leave the count of a small and of a large swarm behind", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  for (const family of [4, 6] as const)
    for (const peers of [1, 500]) {
      for (let peer = 0; peer < peers; peer++) store.announce(announceOf(peers, peer, { family }));
      const flags = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
      store.announce(announceOf(peers, 0, { family, flags }));
    }
  const { torrentsKept } = clean(store, 2000);
  assert.deepEqual([torrentsKept, completedOf(store, 1), completedOf(store, 500)], [2, 2, 2]);
});

for (const family of [4, 6] as const)
  test(`a visit of an IPv${family} peer begins the time anew, whoever looks meanwhile`, () => {
    const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
    download(store, 1);
    clean(store, 0);
    store.setNow(DAYS_30 - HOUR);
    store.announce(announceOf(1, 7, { family }));
    assert.equal(store.completed, 1);
    store.announce(announceOf(1, 7, { family, flags: ANNOUNCE_STOPPED }));
    clean(store, DAYS_30 - HOUR);
    clean(store, 2 * DAYS_30 - 2 * HOUR);
    assert.equal(completedOf(store, 1), 1);
    clean(store, 2 * DAYS_30 - HOUR);
    assert.equal(completedOf(store, 1), 0);
  });

test("kept torrents are counted once although pages are joined, and take a bounded part of the memory", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const most = 64 * (2 ** 26 / 64 / 4 / 256);
  for (let torrent = 0; torrent < 1.5 * most; torrent++) download(store, torrent);
  for (let torrent = 1_000_000; torrent < 1_100_000; torrent++) {
    store.announce(announceOf(torrent, 1));
    store.announce(announceOf(torrent, 1, { flags: ANNOUNCE_STOPPED }));
  }
  const first = clean(store, 0);
  // A page that is joined while the last place is taken may hold marked ones of its twin beyond it.
  assert.ok(first.torrentsKept >= most && first.torrentsKept <= most + 64 * 51);
  assert.equal(readSwarmTotals(store).torrents, 0);
  const again = clean(store, HOUR);
  assert.deepEqual([again.torrentsKept, again.torrentsRemoved], [first.torrentsKept, 0]);
});

test("kept counts are the first to go when memory is short", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 22 });
  for (let torrent = 0; torrent < 100; torrent++) download(store, torrent);
  assert.equal(clean(store, 0).torrentsKept, 100);
  const before = readSwarmTotals(store).gaveWay;
  for (let torrent = 1000; torrent < 60_000; torrent++) {
    store.announce(announceOf(torrent, 1));
    store.announce(announceOf(torrent, 1));
  }
  const totals = readSwarmTotals(store);
  assert.ok(totals.gaveWay > before);
  // A newcomer looks at the pages around its own, so that one or two may be left.
  assert.ok(clean(store, 0).torrentsKept < 10);
});

test("a walk tells for how long a torrent has had no peers", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  download(store, 1);
  clean(store, 5 * HOUR);
  const hoursAt = (seconds: number) => {
    const walk = new SwarmWalk(store, { withPeers: true });
    while (walk.next()) if (walk.count === 1) return walk.hoursEmpty(0, seconds);
    return undefined;
  };
  assert.equal(hoursAt(29 * HOUR), 24);
  store.announce(announceOf(1, 1, { family: 6 }));
  assert.equal(hoursAt(29 * HOUR), 0);
});
