import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzRequests } from "./fuzz.ts";

test("a smoke of the fuzzer: nothing throws, every kind of request comes up", () => {
  const seed = 20_261_126;
  const report = fuzzRequests(50_000, seed);
  for (const count of [report.whole, report.refused, report.announces, report.scrapes])
    assert.ok(count > 3000, `seed ${seed}: ${JSON.stringify(report)}`);
  assert.equal(report.compared, report.announces);
});
