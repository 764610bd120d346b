import assert from "node:assert/strict";
import { test } from "node:test";
import { runHttpStatisticsBench } from "./statistics.bench.ts";

test("the bench of what statistics cost an HTTP announce runs and has numbers", () => {
  const cost = runHttpStatisticsBench(2, 4);
  assert.ok(cost.nanosecondsOff > 0);
  assert.ok(cost.nanosecondsUpperBound >= cost.nanoseconds);
});
