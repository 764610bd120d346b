import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyReport, fuzzFrames, fuzzRequests } from "./fuzz.ts";

test("a smoke of the fuzzer: nothing throws, every kind of message and stream comes up", () => {
  const report = emptyReport();
  const seed = 20_261_126;
  fuzzRequests(5000, seed, report);
  fuzzFrames(10_000, seed, report);
  assert.deepEqual([report.messages, report.streams], [5000, 10_000]);
  for (const count of [
    report.announces,
    report.scrapes,
    report.refused,
    report.streamMessages,
    report.brokenStreams,
  ])
    assert.ok(count > 300, `seed ${seed}: ${JSON.stringify(report)}`);
  assert.ok(report.brokenStreams < 9000);
  // Every machine this is tested on has vectors; without them the fuzzer would try less than it says.
  assert.ok(report.vectorOffers > 300, `seed ${seed}: ${JSON.stringify(report)}`);
});
