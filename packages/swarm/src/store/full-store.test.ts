import assert from "node:assert/strict";
import { test } from "node:test";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf, infoHashOf } from "./testing/peers.ts";

/** 64 arenas of 128 KiB. */
const STORE_BYTES = 8 * 2 ** 20;
const FLOOD_TORRENTS = 300_000;
const LIVING = 36;
const FLOOD = 1_000_000;

/** Some swarms of two peers, then more torrents of one peer than the store has room for. */
function fillWithFlood(times = 1): SwarmStore {
  const store = createSwarmStore({ memoryBytesMax: times * STORE_BYTES });
  store.setNow(0);
  for (let torrent = 0; torrent < LIVING; torrent++)
    for (let peer = 0; peer < 2; peer++) store.announce(announceOf(torrent, peer));
  store.setNow(100);
  for (let i = 0; i < times * FLOOD_TORRENTS; i++) store.announce(announceOf(FLOOD + i, i));
  return store;
}

const leechersOf = (store: SwarmStore, torrent: number): number => {
  store.scrape(infoHashOf(torrent), 0, 4);
  return store.leechers;
};

test("a newcomer of a swarm that lives is stored in a store that a flood has filled", () => {
  const store = fillWithFlood();
  for (let torrent = 0; torrent < LIVING; torrent++) {
    store.announce(announceOf(torrent, 7));
    assert.equal(store.stored, true);
    assert.equal(leechersOf(store, torrent), 3);
  }
});

test("swarms that live go on growing while the flood goes on", () => {
  // Several times as large: what is left to swarms that live must hold these until cleaning frees more.
  const store = fillWithFlood(4);
  for (let peer = 2; peer < 200; peer++)
    for (let torrent = 0; torrent < LIVING; torrent++) {
      store.announce(announceOf(torrent, peer));
      assert.equal(store.stored, true, `peer ${peer} of torrent ${torrent}`);
      for (let i = 0; i < 5; i++)
        store.announce(announceOf(5 * FLOOD + (peer * LIVING + torrent) * 5 + i, i));
    }
  for (let torrent = 0; torrent < LIVING; torrent++) assert.equal(leechersOf(store, torrent), 200);
});

test("a torrent whose only peer has announced again does not give way, nor one that somebody completed", () => {
  const store = createSwarmStore({ memoryBytesMax: STORE_BYTES });
  store.setNow(0);
  const renewed = 500;
  for (let turn = 0; turn < 2; turn++)
    for (let torrent = 0; torrent < renewed; torrent++) store.announce(announceOf(torrent, 1));
  store.setNow(100);
  for (let i = 0; i < FLOOD_TORRENTS; i++) store.announce(announceOf(FLOOD + i, i));
  for (let torrent = 0; torrent < renewed; torrent++)
    assert.equal(leechersOf(store, torrent), 1, `torrent ${torrent}`);
});

test("who gives way is counted, and the totals stay exact", () => {
  const store = fillWithFlood();
  const totals = readSwarmTotals(store);
  assert.ok(totals.gaveWay > 100_000, `${totals.gaveWay}`);
  assert.equal(totals.torrents, LIVING + FLOOD_TORRENTS - totals.gaveWay);
  assert.equal(totals.peersIpv4, 2 * LIVING + FLOOD_TORRENTS - totals.gaveWay);
  assert.equal(totals.refused, 0);
});

test("while memory is short, cleaning keeps what nobody shares for half of the time, and what lives for all of it", () => {
  const store = fillWithFlood();
  const pass = new SwarmCleaning(store, { nowSeconds: 800, peerAgeSecondsMax: 1200 });
  while (pass.step());
  assert.ok(pass.torrentsRemoved > 1000, `${pass.torrentsRemoved}`);
  for (let torrent = 0; torrent < LIVING; torrent++) assert.equal(leechersOf(store, torrent), 2);
});

test("a store whose every torrent is shared refuses newcomers and still answers", () => {
  const store = createSwarmStore({ memoryBytesMax: STORE_BYTES });
  store.setNow(0);
  let refused = 0;
  for (let torrent = 0; torrent < FLOOD_TORRENTS; torrent++)
    for (let peer = 0; peer < 2; peer++) {
      store.announce(announceOf(torrent, peer));
      if (!store.stored) refused++;
    }
  assert.ok(refused > 0);
  store.announce(announceOf(1, 1));
  assert.deepEqual([store.stored, store.leechers], [true, 2]);
});
