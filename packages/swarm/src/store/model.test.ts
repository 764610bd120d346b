import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow } from "@swarmtide/test-kit";
import fc from "fast-check";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../announce/hot/role.ts";
import { SwarmCleaning } from "./cleaning.ts";
import { createSwarmStore, readSwarmTotals } from "./open-store.ts";
import { ModelStore } from "./testing/model.ts";
import { announceOf, infoHashOf, peersInReply } from "./testing/peers.ts";

const reply = new Uint16Array(1024);

/** Runs one history of announces and cleanings on the store and the model and compares after every step. */
function runHistory(seed: number, steps: number, torrents: number, peers: number): void {
  const random = randomBelow(seed);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const model = new ModelStore();
  let nowSeconds = random(100_000);
  for (let step = 0; step < steps; step++) {
    if (random(500) === 0) {
      nowSeconds += random(900);
      const cleaning = new SwarmCleaning(store, { nowSeconds, peerAgeSecondsMax: 1200 });
      while (cleaning.step());
      model.clean(nowSeconds, 1200);
      assert.equal(readSwarmTotals(store).torrents, model.torrents.size);
      continue;
    }
    const seeder = random(2) === 0;
    const a = {
      torrent: random(torrents),
      peer: random(peers),
      family: random(3) === 0 ? (6 as const) : (4 as const),
      seeder,
      stopped: random(5) === 0,
      paused: !seeder && random(4) === 0,
      completed: random(3) === 0,
      nowSeconds,
    };
    const wanted = random(40);
    store.setNow(nowSeconds);
    const flags =
      (a.stopped ? ANNOUNCE_STOPPED : 0) |
      (a.seeder ? ANNOUNCE_SEEDER : 0) |
      (a.paused ? ANNOUNCE_PAUSED : 0) |
      (a.completed ? ANNOUNCE_COMPLETED : 0);
    const count = store.announce(
      announceOf(a.torrent, a.peer, { family: a.family, flags, peersWanted: wanted, reply }),
    );
    model.announce(a);
    const expected = model.counts(a.torrent, a.family);
    assert.equal(store.seeders, expected.seeders);
    assert.equal(store.leechers, expected.leechers);
    checkPeers(model, a, wanted, peersInReply(reply, 0, count, a.family));
    store.scrape(infoHashOf(a.torrent), 0, a.family);
    assert.equal(store.downloaders, expected.downloaders);
    if (model.torrents.has(a.torrent)) assert.equal(store.completed, expected.completed);
  }
  const totals = readSwarmTotals(store);
  let ipv4 = 0;
  let ipv6 = 0;
  for (const torrent of model.torrents.values()) {
    ipv4 += torrent.swarms[4].size;
    ipv6 += torrent.swarms[6].size;
  }
  assert.deepEqual([totals.peersIpv4, totals.peersIpv6], [ipv4, ipv6]);
}

function checkPeers(
  model: ModelStore,
  a: { torrent: number; peer: number; family: 4 | 6; seeder: boolean; stopped: boolean },
  wanted: number,
  peers: number[],
): void {
  const swarm = model.torrents.get(a.torrent)?.swarms[a.family];
  const available = [...(swarm ?? [])].filter(
    ([peer, state]) => peer !== a.peer && !(a.seeder && state.seeder),
  );
  assert.equal(peers.length, a.stopped ? 0 : Math.min(wanted, available.length));
  assert.equal(new Set(peers).size, peers.length);
  const allowed = new Set(available.map(([peer]) => peer));
  for (const peer of peers) assert.ok(allowed.has(peer), `peer ${peer} may not be there`);
}

test("random histories in few large swarms agree with the model", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => runHistory(seed, 3000, 3, 400)),
    { numRuns: 10 },
  );
});

test("random histories in many small swarms agree with the model", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => runHistory(seed, 3000, 400, 40)),
    { numRuns: 10 },
  );
});

test("random histories in one swarm that grows, empties and grows again agree with the model", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => runHistory(seed, 20_000, 1, 5000)),
    { numRuns: 3 },
  );
});
