import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzNodes } from "./fuzz-nodes.ts";

for (const workers of [
  [1, 1, 1],
  [2, 3, 1],
])
  test(`whatever nodes of ${workers} workers are told and not told, answers go to who offered, and in the end all count the same`, () => {
    const seed = 20_261_127;
    const report = fuzzNodes(workers, 9000, seed);
    for (const [name, count] of Object.entries(report))
      assert.ok(count > 20, `seed ${seed}: ${name} in ${JSON.stringify(report)}`);
  });
