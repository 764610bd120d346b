import assert from "node:assert/strict";
import { test } from "node:test";
import { runModel } from "./testing/model.ts";

test("after partitions, restarts and losses every node answers what a single store would", () => {
  const { restarts, partitions } = runModel(6, 1);
  assert.ok(restarts > 0 && partitions > 5, `${restarts} restarts, ${partitions} partitions`);
});
