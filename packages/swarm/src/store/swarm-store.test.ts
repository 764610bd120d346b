import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../announce/hot/role.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { attachSwarmStore, createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf, infoHashOf, peersInReply } from "./testing/peers.ts";

const MEBIBYTE = 2 ** 20;
const reply = new Uint16Array(4096);

function announce(
  store: SwarmStore,
  torrent: number,
  peer: number,
  flags: number,
  wanted = 50,
  family: 4 | 6 = 4,
): number[] {
  const announce = announceOf(torrent, peer, { family, flags, peersWanted: wanted, reply });
  announce.replyAt = 1;
  const count = store.announce(announce);
  return peersInReply(reply, 1, count, family);
}

const openStore = () => createSwarmStore({ memoryBytesMax: 64 * MEBIBYTE });

for (const family of [4, 6] as const) {
  test(`a lone IPv${family} peer gets no peers and is counted`, () => {
    const store = openStore();
    assert.deepEqual(announce(store, 1, 1, 0, 50, family), []);
    assert.deepEqual([store.seeders, store.leechers], [0, 1]);
    assert.equal(store.stored, true);
  });

  test(`IPv${family} peers of one torrent find each other, never themselves, at every swarm size`, () => {
    const store = openStore();
    for (let peer = 0; peer < 400; peer++) {
      const peers = announce(store, 1, peer, peer % 3 === 0 ? ANNOUNCE_SEEDER : 0, 30, family);
      assert.ok(!peers.includes(peer));
      assert.equal(new Set(peers).size, peers.length);
      const leechersBefore = peer - Math.ceil(peer / 3);
      const available = peer % 3 === 0 ? leechersBefore : peer;
      assert.equal(peers.length, Math.min(30, available));
      for (const other of peers) assert.ok(other < peer);
      if (peer % 3 === 0) for (const other of peers) assert.notEqual(other % 3, 0);
    }
    assert.deepEqual([store.seeders, store.leechers], [134, 266]);
  });

  test(`every IPv${family} peer of a swarm is chosen sooner or later, small and large`, () => {
    for (const size of [5, 40, 300]) {
      const store = openStore();
      for (let peer = 0; peer < size; peer++)
        announce(store, 1, peer, peer % 2 === 0 ? ANNOUNCE_SEEDER : 0, 0, family);
      const seen = new Map<number, number>();
      const rounds = size * 20;
      for (let round = 0; round < rounds; round++) {
        store.setNow(0);
        for (const other of announce(store, 1, 100_000, 0, 4, family))
          seen.set(other, (seen.get(other) ?? 0) + 1);
      }
      assert.equal(seen.size, size);
      const share = (rounds * 4) / size;
      for (const [peer, times] of seen)
        assert.ok(times > share / 8, `peer ${peer} of ${size} came ${times} times of ${share}`);
    }
  });
}

test("wanted is kept exactly, from none to more than there are", () => {
  const store = openStore();
  for (let peer = 0; peer < 200; peer++)
    announce(store, 1, peer, peer % 4 === 0 ? ANNOUNCE_SEEDER : 0);
  for (let wanted = 0; wanted <= 220; wanted++)
    assert.equal(announce(store, 1, 999, 0, wanted).length, Math.min(wanted, 200));
  assert.equal(announce(store, 1, 999, ANNOUNCE_SEEDER, 220).length, 150);
});

test("a swarm of seeders with one leecher gives a seeder that leecher", () => {
  const store = openStore();
  for (let peer = 0; peer < 5000; peer++) announce(store, 1, peer, ANNOUNCE_SEEDER, 0);
  announce(store, 1, 7777, 0, 0);
  assert.deepEqual(announce(store, 1, 1, ANNOUNCE_SEEDER, 50), [7777]);
});

test("stopped removes the peer and returns counts but no peers; an unknown torrent is not created", () => {
  const store = openStore();
  announce(store, 1, 1, ANNOUNCE_SEEDER);
  announce(store, 1, 2, 0);
  assert.deepEqual(announce(store, 1, 1, ANNOUNCE_STOPPED), []);
  assert.deepEqual([store.seeders, store.leechers], [0, 1]);
  announce(store, 2, 1, ANNOUNCE_STOPPED);
  assert.equal(readSwarmTotals(store).torrents, 1);
});

test("IPv4 and IPv6 are separate swarms of one torrent", () => {
  const store = openStore();
  announce(store, 1, 1, ANNOUNCE_SEEDER, 50, 4);
  assert.deepEqual(announce(store, 1, 2, 0, 50, 6), []);
  store.scrape(infoHashOf(1), 0, 4);
  assert.deepEqual([store.seeders, store.leechers], [1, 0]);
  store.scrape(infoHashOf(1), 0, 6);
  assert.deepEqual([store.seeders, store.leechers], [0, 1]);
  assert.equal(readSwarmTotals(store).torrents, 1);
});

test("completed counts a known leecher once, not a stranger and not twice", () => {
  for (const crowd of [0, 500]) {
    const store = openStore();
    for (let peer = 1000; peer < 1000 + crowd; peer++) announce(store, 1, peer, 0, 0);
    announce(store, 1, 1, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
    assert.equal(store.completed, 0);
    announce(store, 1, 2, 0);
    announce(store, 1, 2, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
    assert.equal(store.completed, 1);
    announce(store, 1, 2, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
    announce(store, 1, 2, 0);
    announce(store, 1, 2, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
    assert.equal(store.completed, 1);
    announce(store, 1, 3, 0);
    announce(store, 1, 3, ANNOUNCE_COMPLETED);
    assert.equal(store.completed, 1);
  }
});

test("a paused peer is a leecher that is not downloading", () => {
  for (const crowd of [0, 500]) {
    const store = openStore();
    for (let peer = 1000; peer < 1000 + crowd; peer++) announce(store, 1, peer, 0, 0);
    announce(store, 1, 1, ANNOUNCE_PAUSED);
    announce(store, 1, 2, 0);
    store.scrape(infoHashOf(1), 0, 4);
    assert.deepEqual([store.leechers, store.downloaders], [crowd + 2, crowd + 1]);
    announce(store, 1, 1, 0);
    store.scrape(infoHashOf(1), 0, 4);
    assert.equal(store.downloaders, crowd + 2);
  }
});

test("an arena full of torrents that are shared answers but does not store, and says so", () => {
  const store = createSwarmStore({ memoryBytesMax: 0 });
  let refused = 0;
  for (let torrent = 0; torrent < 200_000 && refused < 1000; torrent++)
    for (let peer = 1; peer <= 2 && refused < 1000; peer++) {
      announce(store, torrent, peer, 0);
      if (!store.stored) refused++;
    }
  assert.equal(refused, 1000);
  assert.equal(readSwarmTotals(store).refused, 1000);
  announce(store, 0, 1, 0);
  assert.equal(store.stored, true, "a peer that is already there is still refreshed");
});

test("a swarm that fills its arena still answers with the peers it has, and stores again when some leave", () => {
  const store = createSwarmStore({ memoryBytesMax: 0 });
  let peers = 0;
  do announce(store, 0, peers++, 0);
  while (store.stored && peers < 100_000);
  assert.equal(store.stored, false);
  assert.equal(store.leechers, peers - 1);
  assert.equal(announce(store, 0, peers - 1, 0, 10).length, 10);
  assert.equal(store.stored, false);
  for (let peer = 0; peer < peers; peer++) announce(store, 0, peer, ANNOUNCE_STOPPED);
  announce(store, 0, 1, 0);
  assert.equal(store.stored, true);
  assert.equal(store.leechers, 1);
});

test("a large IPv4 swarm takes at most 16 bytes a peer, wherever it stands between two splits", () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 32 });
  const empty = readSwarmTotals(store);
  const bytesOf = () => {
    const totals = readSwarmTotals(store);
    return totals.usedBytes - totals.freeBytes - (empty.usedBytes - empty.freeBytes);
  };
  let peer = 0;
  for (let size = 50_000; size <= 400_000; size = Math.round(size * 1.15)) {
    while (peer < size) announce(store, 1, peer++, peer % 4 === 0 ? 0 : ANNOUNCE_SEEDER, 0);
    assert.ok(bytesOf() <= 16 * size, `${bytesOf() / size} bytes a peer at ${size}`);
  }
});

test("an attached store sees the same swarms", () => {
  const store = openStore();
  const other = attachSwarmStore(structuredClone(store.handle));
  announce(store, 1, 1, 0);
  assert.deepEqual(announce(other, 1, 2, 0), [1]);
});
