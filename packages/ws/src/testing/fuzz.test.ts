import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzTrackers } from "./fuzz.ts";

test("a smoke of the fuzzer: nothing throws, nothing is left, and every kind of thing has come up", () => {
  const seed = Math.floor(Math.random() * 1e9);
  const report = fuzzTrackers(6000, seed);
  for (const count of Object.values(report))
    assert.ok(count > 50, `seed ${seed}: ${JSON.stringify(report)}`);
});
