import assert from "node:assert/strict";
import { test } from "node:test";
import { benchRequests } from "./requests.bench.ts";

test("the benchmark runs, small", () => {
  const lines = benchRequests(40);
  assert.equal(lines.length, 8);
  assert.ok(lines.every(({ nanoseconds }) => Number.isFinite(nanoseconds)));
});
