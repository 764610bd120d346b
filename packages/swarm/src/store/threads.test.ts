import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { SwarmCleaning } from "./cleaning.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import type { HammerReport, HammerTask } from "./testing/hammer-worker.ts";
import { infoHashOf } from "./testing/peers.ts";

const worker = new URL(
  import.meta.url.endsWith(".ts") ? "./testing/hammer-worker.ts" : "./testing/hammer-worker.js",
  import.meta.url,
);
const THREADS = 4;

/** Several threads announce to the same torrents while this one cleans; returns what each thread left. */
async function hammer(store: SwarmStore, peers: number, torrents: number): Promise<HammerReport[]> {
  const threads = Array.from({ length: THREADS }, (_, index) => {
    const workerData: HammerTask = {
      handle: store.handle,
      seed: 77 + index,
      firstPeer: index * 1_000_000,
      peers,
      torrents,
      announces: 60_000,
    };
    return new Worker(worker, { workerData });
  });
  let running = true;
  const reports = Promise.all(
    threads.map(async (thread) => (await once(thread, "message"))[0]),
  ).finally(() => {
    running = false;
  });
  while (running) {
    const cleaning = new SwarmCleaning(store, { nowSeconds: 0, peerAgeSecondsMax: 1200 });
    while (cleaning.step());
    assert.equal(cleaning.peersRemoved, 0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return reports;
}

for (const [name, peers, torrents] of [
  ["two large swarms", 800, 2],
  ["many small swarms", 5, 200],
] as const) {
  test(`${name} hammered by ${THREADS} threads and cleaned meanwhile lose and invent no peer`, async () => {
    const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
    const reports = await hammer(store, peers, torrents);
    let stored = 0;
    for (let torrent = 0; torrent < torrents; torrent++) {
      const roles = reports.flatMap((report) => [
        ...report.subarray(torrent * peers, (torrent + 1) * peers),
      ]);
      store.scrape(infoHashOf(torrent), 0, 4);
      assert.equal(store.leechers, roles.filter((role) => role === 1).length);
      assert.equal(store.seeders, roles.filter((role) => role === 2).length);
      stored += store.leechers + store.seeders;
    }
    assert.equal(readSwarmTotals(store).peersIpv4, stored);
  });
}
