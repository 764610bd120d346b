import assert from "node:assert/strict";
import { test } from "node:test";
import { runExportBench } from "./export.bench.ts";
import { runWaitingBench } from "./waiting.bench.ts";

test("the bench of exports runs, and every step of both is timed", () => {
  const { timings, seconds } = runExportBench(2000);
  assert.deepEqual(
    timings.map(({ kind }) => kind),
    ["cleaning", "export"],
  );
  for (const { steps } of timings) assert.ok(steps > 64);
  assert.equal(seconds.length, 3);
});

test("the bench of waiting announces beside each of its phases", async () => {
  const timings = await runWaitingBench(50_000, 50);
  assert.deepEqual(
    timings.map(({ beside }) => beside),
    ["nothing", "cleaning", "export", "export with gzip"],
  );
  for (const { announces, longestMicroseconds } of timings) {
    assert.ok(announces > 0);
    assert.ok(longestMicroseconds > 0);
  }
});
