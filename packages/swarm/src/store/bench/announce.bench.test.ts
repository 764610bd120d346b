import assert from "node:assert/strict";
import { test } from "node:test";
import { runBench } from "./announce.bench.ts";

test("the announce bench runs, and its peers find each other", () => {
  const rows = runBench(0.001);
  assert.equal(rows.length, 9);
  for (const row of rows) assert.ok(row.checksum >= row.peers);
});
