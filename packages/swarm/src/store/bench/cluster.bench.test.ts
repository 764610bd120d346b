import assert from "node:assert/strict";
import { test } from "node:test";
import { runClusterBench } from "./cluster.bench.ts";

test("the cluster bench runs, and its records are applied", () => {
  const { rows, checksum, applied } = runClusterBench(1000, 2, 640);
  assert.equal(rows.length, 7);
  assert.ok(checksum > 0);
  assert.equal(applied, 3 * 2 * 640 + 640);
});
