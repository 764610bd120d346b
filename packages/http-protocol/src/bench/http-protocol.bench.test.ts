import assert from "node:assert/strict";
import { test } from "node:test";
import { runBenchmarks } from "./http-protocol.bench.ts";

test("the benchmarks do the work they are named after", () => {
  const checksums = runBenchmarks(30).map(({ checksum }) => checksum);
  assert.deepEqual(checksums.slice(0, 2), [30 * 6881, 100]);
  assert.ok((checksums[2] ?? 0) > 30 * 300);
});
