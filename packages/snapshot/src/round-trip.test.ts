import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  readSwarmTotals,
  SwarmCleaning,
  type SwarmStore,
} from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import fc from "fast-check";
import { COMPRESSIONS } from "./records/chunk.ts";
import { hasCompression } from "./records/compression.ts";
import {
  announce,
  infoHashOf,
  linesOf,
  openStore,
  restoreStream,
  writeStream,
} from "./testing/swarms.ts";

const UNIX = 1_764_080_000;

/** A history drawn from a seed: announces of all roles and families, with pauses and cleaning in between. */
function runHistory(store: SwarmStore, seed: number, torrents: number, peers: number): number {
  const random = randomBelow(seed);
  let nowSeconds = random(100_000);
  const roles = [
    0,
    ANNOUNCE_SEEDER,
    ANNOUNCE_PAUSED,
    ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED,
    ANNOUNCE_STOPPED,
  ];
  for (let step = 0; step < 3000; step++) {
    store.setNow(nowSeconds);
    announce(store, random(torrents), random(peers), random(3) === 0 ? 6 : 4, roles[random(5)]);
    if (random(300) !== 0) continue;
    nowSeconds += random(900);
    const cleaning = new SwarmCleaning(store, {
      nowSeconds,
      peerAgeSecondsMax: 1200,
      keepCompletedSeconds: 7200,
    });
    while (cleaning.step());
  }
  return nowSeconds;
}

for (const [name, torrents, peers] of [
  ["few large swarms", 3, 600],
  ["many small swarms", 500, 40],
] as const)
  test(`random histories in ${name} are the same swarms after snapshot and restore`, () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom("none", "gzip"), (seed, compression) => {
        const store = openStore();
        const nowSeconds = runHistory(store, seed, torrents, peers);
        // Torrents without peers and without a completed count are not worth a record.
        const clean = { nowSeconds, peerAgeSecondsMax: 32_000, keepCompletedSeconds: 86_400 };
        const cleaning = new SwarmCleaning(store, clean);
        while (cleaning.step());
        const { bytes, writer } = writeStream(store, { nowSeconds, compression });
        const into = openStore();
        const now = nowSeconds;
        const { reader, restorer } = restoreStream(bytes, into, { nowSeconds: () => now });
        assert.ok(reader.isWhole);
        assert.deepEqual(linesOf(into, now), linesOf(store, now));
        const [a, b] = [readSwarmTotals(store), readSwarmTotals(into)];
        assert.deepEqual(
          [b.peersIpv4, b.peersIpv6, b.seedersIpv4, b.seedersIpv6],
          [a.peersIpv4, a.peersIpv6, a.seedersIpv4, a.seedersIpv6],
        );
        assert.equal(restorer.taken.peersStored, writer.peersIpv4 + writer.peersIpv6);
        assert.equal(restorer.taken.peersRefused, 0);
      }),
      { numRuns: 15 },
    );
  });

test("ages go on while the tracker was down, and who has expired meanwhile is left out", () => {
  const store = openStore();
  store.setNow(0);
  announce(store, 1, 1);
  announce(store, 3, 1);
  store.setNow(1000);
  announce(store, 1, 2);
  announce(store, 2, 3, 6, ANNOUNCE_SEEDER);
  const { bytes } = writeStream(store, { nowSeconds: 1000 });
  const into = openStore();
  const { restorer } = restoreStream(bytes, into, {
    nowSeconds: () => 5,
    unixSeconds: () => UNIX + 240,
    peerAgeSecondsMax: 1200,
  });
  const young = linesOf(into, 5).filter((line) => !line.includes("completed"));
  assert.deepEqual(
    young.map((line) => line.split(" ").at(-1)),
    ["60", "60"],
  );
  assert.deepEqual([restorer.peersExpired, restorer.recordsExpired], [2, 1]);
  assert.equal(readSwarmTotals(into).torrents, 2);
});

test("peers keep the age they had where the time of day was set back", () => {
  const store = openStore();
  announce(store, 1, 1);
  const { bytes } = writeStream(store, { nowSeconds: 400 });
  const into = openStore();
  restoreStream(bytes, into, { nowSeconds: () => 9000, unixSeconds: () => UNIX - 86_400 });
  const [age] = linesOf(into, 9000).filter((line) => !line.includes("completed"));
  assert.equal(age?.split(" ").at(-1), "100");
});

test("who has announced since the start stays as he is, and is not counted as completed twice", () => {
  const store = openStore();
  announce(store, 1, 1);
  announce(store, 1, 1, 4, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
  announce(store, 1, 2);
  const { bytes } = writeStream(store, { nowSeconds: 100 });
  const into = openStore();
  into.setNow(50);
  announce(into, 1, 1, 4, 0);
  restoreStream(bytes, into, { nowSeconds: () => 50 });
  into.scrape(infoHashOf(1), 0, 4);
  assert.deepEqual([into.seeders, into.leechers, into.completed], [0, 2, 1]);
  announce(into, 1, 1, 4, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
  assert.equal(into.completed, 1);
});

test("the access list applies: refused torrents are left out and counted", () => {
  const store = openStore();
  for (let torrent = 0; torrent < 10; torrent++) announce(store, torrent, 1);
  const { bytes } = writeStream(store);
  const into = openStore();
  const refused = infoHashOf(3)[0];
  const { restorer } = restoreStream(bytes, into, {
    accessList: { allows: (words, at) => words[at] !== refused },
  });
  assert.equal(restorer.recordsDenied, 1);
  assert.equal(readSwarmTotals(into).torrents, 9);
});

test("a smaller memory takes what fits in the order of the file and counts the rest", () => {
  const store = openStore(256);
  for (let torrent = 0; torrent < 60_000; torrent++) announce(store, torrent, torrent);
  for (let peer = 0; peer < 100_000; peer++) announce(store, 70_000, peer);
  const { bytes } = writeStream(store);
  const into = openStore(4);
  const { restorer } = restoreStream(bytes, into);
  const totals = readSwarmTotals(into);
  const { taken } = restorer;
  assert.ok(taken.recordsRefused > 1000 && taken.peersRefused > 1000);
  assert.equal(taken.peersStored + taken.peersRefused, 160_000);
  assert.equal(totals.peersIpv4, taken.peersStored);
  assert.equal(totals.refused, 0);
  // What is left of the memory goes to those who announce.
  into.setNow(0);
  announce(into, 99_999_999, 1);
  assert.equal(into.stored, true);
});

test("completed counts without peers come back with the time since when, and not once that is over", () => {
  const store = openStore();
  announce(store, 1, 1);
  announce(store, 1, 1, 4, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
  announce(store, 1, 1, 4, ANNOUNCE_STOPPED);
  const keep = { peerAgeSecondsMax: 1200, keepCompletedSeconds: 86_400 };
  for (const nowSeconds of [0, 36_000]) {
    const cleaning = new SwarmCleaning(store, { ...keep, nowSeconds });
    while (cleaning.step());
  }
  const { bytes } = writeStream(store, { nowSeconds: 36_000 });
  const restoreAfter = (hours: number) => {
    const into = openStore();
    restoreStream(bytes, into, { ...keep, unixSeconds: () => UNIX + hours * 3600 });
    into.scrape(infoHashOf(1), 0, 4);
    return { completed: into.completed, lines: linesOf(into, 0) };
  };
  const after = restoreAfter(5);
  assert.equal(after.completed, 1);
  assert.equal(after.lines[0]?.split(" ").at(-1), "15");
  assert.equal(restoreAfter(14).completed, 0);
});

test("what is announced while a snapshot is written does not disturb those who stay", () => {
  const store = openStore();
  for (let torrent = 0; torrent < 3000; torrent++) announce(store, torrent, 1);
  for (let peer = 0; peer < 500; peer++) announce(store, 5000, peer, 6);
  const before = linesOf(store, 0).filter((line) => !line.includes("completed"));
  let passer = 0;
  const { bytes } = writeStream(store, {
    between() {
      for (let i = 0; i < 20; i++, passer++) {
        announce(store, 10_000 + (passer % 900), 1_000_000 + passer);
        announce(store, 5000, 1_000_000 + passer, 6);
      }
    },
  });
  const into = openStore();
  assert.ok(restoreStream(bytes, into).reader.isWhole);
  const after = new Set(linesOf(into, 0));
  assert.deepEqual(
    before.filter((line) => !after.has(line)),
    [],
  );
});

for (const compression of COMPRESSIONS.filter(hasCompression))
  test(`a stream with compression ${compression} comes back whole`, () => {
    const store = openStore();
    for (let peer = 0; peer < 5000; peer++) announce(store, 1, peer);
    const { bytes, writer } = writeStream(store, { compression });
    const into = openStore();
    assert.ok(restoreStream(bytes, into).reader.isWhole);
    assert.equal(bytes.length < writer.bodyBytes, compression !== "none");
    assert.equal(readSwarmTotals(into).peersIpv4, 5000);
  });
