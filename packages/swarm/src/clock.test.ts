import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { monotonicSeconds, openClock } from "./clock.ts";

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
