import assert from "node:assert/strict";
import { openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CounterTable } from "@swarmtide/metrics";
import { createLogger } from "@swarmtide/runtime";
import { AccessList, readSwarmTotals, type SwarmStore, swarmSection } from "@swarmtide/swarm";
import { temporaryFolder } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { snapshotSection } from "./config.ts";
import { FAILED, RESTORED_PEERS, snapshotCounters, WRITTEN } from "./counters.ts";
import { SnapshotKeeper } from "./keeper.ts";
import { CrashDisk } from "./testing/crash-disk.ts";
import { announce, openStore, writeStream } from "./testing/swarms.ts";

const UNIX = 1_764_080_000;
const WITHOUT_LIMIT = { bytesPerSecond: 0, goesOnAfter: () => true };

function keeperOf(store: SwarmStore, path: string, disk?: CrashDisk) {
  const lines: string[] = [];
  const table = CounterTable.create(snapshotCounters, 1);
  let nowSeconds = 0;
  const keeper = new SnapshotKeeper(
    {
      ...{ store, path, counters: table.row(0), nowSeconds: () => nowSeconds },
      log: createLogger({ logLevel: "debug", logFormat: "text" }, "test", {
        write: (line) => void lines.push(line),
        now: () => new Date(0),
      }),
      unixSeconds: () => UNIX,
      ...(disk === undefined ? {} : { fileCalls: disk }),
    },
    {
      config: defaultConfig(snapshotSection),
      swarm: defaultConfig(swarmSection),
      accessList: AccessList.build({ mode: "off" }),
    },
  );
  const wait = (milliseconds: number) => {
    nowSeconds += milliseconds / 1000;
  };
  return { keeper, lines, table, wait };
}

function severalMegabytes(): SwarmStore {
  const store = openStore();
  for (let torrent = 0; torrent < 60_000; torrent++) announce(store, torrent, 1);
  return store;
}

function snapshotIn(t: TestContext, store: SwarmStore): string {
  const path = join(temporaryFolder(t), "swarms");
  writeFileSync(path, writeStream(store).bytes);
  return path;
}

test("a snapshot is written no faster than it may be", (t) => {
  const path = join(temporaryFolder(t), "swarms");
  const { keeper, wait } = keeperOf(severalMegabytes(), path);
  let waited = 0;
  const bytesPerSecond = 2 ** 20;
  const goesOnAfter = (milliseconds: number) => {
    wait(milliseconds);
    waited += milliseconds;
    return true;
  };
  assert.ok(keeper.write({ bytesPerSecond, goesOnAfter }));
  const bytes = readFileSync(path).length;
  // The last chunk and the end are written behind the last wait.
  assert.ok(waited / 1000 > bytes / bytesPerSecond - 0.3);
  assert.ok(waited / 1000 <= bytes / bytesPerSecond);
});

test("one that is given up half way leaves the previous one and no other file", (t) => {
  const former = openStore();
  announce(former, 1, 1);
  const path = snapshotIn(t, former);
  const before = readFileSync(path);
  const { keeper, table } = keeperOf(severalMegabytes(), path);
  let looks = 0;
  assert.equal(keeper.write({ bytesPerSecond: 0, goesOnAfter: () => looks++ < 5 }), false);
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(path, "..")), ["swarms"]);
  assert.deepEqual([table.sum(WRITTEN), table.sum(FAILED)], [0, 0]);
});

test("a restore that is cut short is never written over the whole file", (t) => {
  const path = snapshotIn(t, severalMegabytes());
  const before = readFileSync(path);
  const store = openStore();
  const { keeper, lines } = keeperOf(store, path);
  let chunks = 0;
  keeper.restore(openSync(path, "r"), path, () => chunks++ < 3);
  assert.ok(readSwarmTotals(store).torrents < 60_000);
  assert.equal(keeper.write(WITHOUT_LIMIT), false);
  assert.deepEqual(readFileSync(path), before);
  assert.match(lines.join(""), /stopped while it was restored; the file stays as it is/);
});

test("what is restored is counted, and written again with the next snapshot", (t) => {
  const path = snapshotIn(t, severalMegabytes());
  const store = openStore();
  const { keeper, lines, table } = keeperOf(store, path);
  keeper.restore(openSync(path, "r"), path, () => true);
  assert.match(lines.join(""), /restored peers=60000 torrents=60000/);
  assert.equal(table.sum(RESTORED_PEERS), 60_000);
  assert.ok(keeper.write(WITHOUT_LIMIT));
  const again = openStore();
  keeperOf(again, path).keeper.restore(openSync(path, "r"), path, () => true);
  assert.equal(readSwarmTotals(again).peersIpv4, 60_000);
});

test("every call that fails is told with its reason and remedy, and the next snapshot is written", () => {
  const path = "/swarms/swarms";
  const old = new Uint8Array([1, 2, 3]);
  const store = openStore();
  announce(store, 1, 1);
  const calls = new CrashDisk(path, old);
  assert.ok(keeperOf(store, path, calls).keeper.write(WITHOUT_LIMIT));
  for (let failAt = 0; failAt < calls.calls; failAt++) {
    const disk = new CrashDisk(path, old);
    Object.assign(disk, { failAt, failure: "ENOSPC" });
    const { keeper, lines, table } = keeperOf(store, path, disk);
    assert.equal(keeper.write(WITHOUT_LIMIT), false);
    assert.match(lines.join(""), /not written: ENOSPC: simulated. Free space on this disk/);
    assert.equal(table.sum(FAILED), 1);
    assert.ok(keeper.write(WITHOUT_LIMIT));
    assert.equal(table.sum(WRITTEN), 1);
  }
});

test("a file from the future is told; its peers keep their ages", (t) => {
  const store = openStore();
  announce(store, 1, 1);
  const path = join(temporaryFolder(t), "swarms");
  writeFileSync(path, writeStream(store, { unixSeconds: UNIX + 500 }).bytes);
  const into = openStore();
  const { keeper, lines } = keeperOf(into, path);
  keeper.restore(openSync(path, "r"), path, () => true);
  assert.match(lines.join(""), /written 500 seconds in the future/);
  assert.equal(readSwarmTotals(into).peersIpv4, 1);
});
