import assert from "node:assert/strict";
import { test } from "node:test";
import { runLimitsBench } from "./limits.bench.ts";

test("the bench of limits runs, and both sides do the same work", () => {
  const timing = runLimitsBench(32_000, 1000, 2);
  assert.equal(timing.refused, 0);
  assert.ok(timing.offNanoseconds > 0 && timing.onNanoseconds > 0);
});
