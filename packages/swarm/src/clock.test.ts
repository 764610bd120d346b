import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { FakeClock } from "@swarmtide/test-kit";
import { monotonicSeconds, openClock, openServedClock, Standstills } from "./clock.ts";

test("a clock counts from the moment that it was opened on, and never goes back", () => {
  const started = monotonicSeconds() - 1000;
  const nowSeconds = openClock(started);
  const first = nowSeconds();
  assert.ok(first >= 1000);
  assert.ok(nowSeconds() >= first);
  assert.ok(nowSeconds() <= monotonicSeconds() - started + 0.001);
});

test("threads that open a clock on the same moment read the same time", async () => {
  const started = monotonicSeconds();
  const here = openClock(started);
  const before = here();
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     import(workerData.clock).then(({ openClock }) =>
       parentPort.postMessage(openClock(workerData.started)()));`,
    {
      eval: true,
      workerData: {
        clock: new URL(
          import.meta.url.endsWith(".ts") ? "./clock.ts" : "./clock.js",
          import.meta.url,
        ).href,
        started,
      },
    },
  );
  const there: number = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  assert.ok(before <= there + 0.001 && there <= here() + 0.001);
});

test("the clock of connections leaves out what the thread did not run, and nothing else", () => {
  const clock = new FakeClock();
  const served = openServedClock(clock.nowMilliseconds);
  for (let i = 0; i < 60; i++) {
    clock.advanceMilliseconds(1000);
    served();
  }
  assert.equal(served(), 60_000);
  clock.advanceMilliseconds(5000);
  assert.equal(served(), 65_000, "a busy thread");
  clock.advanceMilliseconds(60_000);
  assert.equal(served(), 65_000, "a stopped process");
  clock.advanceMilliseconds(10);
  assert.equal(served(), 65_010);
});

test("after a standstill peers are kept longer by as much, until all have had their time to announce", () => {
  const standstills = new Standstills(0);
  for (let now = 1; now <= 1100; now++) assert.equal(standstills.look(now), 0);
  assert.equal(standstills.peerAgeSecondsMax(1100, 1200), 1200);
  assert.equal(standstills.look(1160), 60);
  assert.equal(standstills.peerAgeSecondsMax(1160, 1200), 1260);
  assert.equal(standstills.peerAgeSecondsMax(2360, 1200), 1260);
  assert.equal(standstills.peerAgeSecondsMax(2361, 1200), 1200);
});

test("standstills that follow each other add up, as far as ages reach", () => {
  const standstills = new Standstills(0);
  standstills.look(100);
  standstills.look(101);
  standstills.look(401);
  assert.equal(standstills.peerAgeSecondsMax(402, 1200), 1200 + 100 + 300);
  assert.equal(standstills.peerAgeSecondsMax(1301, 1200), 1200 + 300);
  standstills.look(1_000_000);
  assert.equal(standstills.peerAgeSecondsMax(1_000_001, 1200), 61_436);
});
