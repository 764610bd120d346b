import assert from "node:assert/strict";
import { test } from "node:test";
import { runExportBench } from "./export.bench.ts";

test("the bench of exports runs, and every step of both is timed", () => {
  const { timings, seconds } = runExportBench(2000);
  assert.deepEqual(
    timings.map(({ kind }) => kind),
    ["cleaning", "export"],
  );
  for (const { steps } of timings) assert.ok(steps > 64);
  assert.equal(seconds.length, 3);
});
