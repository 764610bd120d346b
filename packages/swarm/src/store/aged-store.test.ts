import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf } from "./testing/peers.ts";

const STORE_BYTES = 64 * 2 ** 20;

/** Passes of cleaning until nothing is left to remove or to move together. */
function clean(store: SwarmStore, nowSeconds: number): void {
  for (let pass = 0; pass < 2; pass++) {
    const cleaning = new SwarmCleaning(store, { nowSeconds, peerAgeSecondsMax: 1200 });
    while (cleaning.step());
  }
}

/** How many peers one swarm can hold until its arena is full. */
function fill(store: SwarmStore, torrent: number): number {
  const announce = announceOf(torrent, 0);
  const { address } = announce;
  for (let peer = 1; ; peer++) {
    address[0] = peer;
    store.announce(announce);
    if (!store.stored) return peer - 1;
  }
}

/** Announces one peer to each of `count` torrents that nobody else asks for. */
function flood(store: SwarmStore, first: number, count: number): void {
  for (let i = 0; i < count; i++) store.announce(announceOf(first + i, i));
}

test("after 1.6 million torrents of one peer have expired, one swarm holds as much as in a fresh store", () => {
  const fresh = createSwarmStore({ memoryBytesMax: STORE_BYTES });
  const aged = createSwarmStore({ memoryBytesMax: STORE_BYTES });
  // Where pages split depends on the key of the hash: with the same key both swarms grow alike.
  aged.handle.hashKey.set(fresh.handle.hashKey);
  aged.setNow(0);
  flood(aged, 1_000_000, 1_600_000);
  clean(aged, 1300);
  assert.equal(readSwarmTotals(aged).torrents, 0);
  fresh.setNow(1300);
  aged.setNow(1300);
  const held = fill(aged, 1);
  const wanted = fill(fresh, 1);
  assert.ok(held > wanted * 0.99, `${held} peers, ${wanted} in a fresh store`);
});

test("what is left of a random history takes no more room than the same peers in a fresh store", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat({ max: 300 }), (survivors, peers) => {
      const aged = createSwarmStore({ memoryBytesMax: STORE_BYTES });
      const fresh = createSwarmStore({ memoryBytesMax: STORE_BYTES });
      aged.setNow(0);
      flood(aged, 1_000_000, 200_000);
      for (let torrent = 0; torrent < 500; torrent++)
        for (let peer = 0; peer < (torrent % 90) + 1; peer++)
          aged.announce(announceOf(torrent, peer));
      for (const store of [aged, fresh]) {
        store.setNow(1000);
        for (let torrent = 0; torrent < survivors; torrent++)
          for (let peer = 0; peer <= (torrent * peers) % 100; peer++)
            store.announce(announceOf(1_000_000 + torrent * 1000, peer));
      }
      clean(aged, 1300);
      clean(fresh, 1300);
      const [held, wanted] = [aged, fresh].map((store) => {
        const { usedBytes, freeBytes } = readSwarmTotals(store);
        return usedBytes - freeBytes;
      });
      // A torrent page may be less full after joins than after splits.
      assert.ok(
        (held ?? 0) <= (wanted ?? 0) * 2 + 64 * 4096,
        `${held} bytes, ${wanted} in a fresh store`,
      );
    }),
    { numRuns: 5 },
  );
});
