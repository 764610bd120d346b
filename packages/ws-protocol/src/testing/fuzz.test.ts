import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyReport, fuzzFrames, fuzzRequests } from "./fuzz.ts";
import { RandomSource } from "./random-source.ts";

test("a smoke of the fuzzer: nothing throws, every kind of message and stream comes up", () => {
  const report = emptyReport();
  const seed = Math.floor(Math.random() * 1e9);
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

test("the random source repeats itself and fills its range", () => {
  const [one, two] = [new RandomSource(5), new RandomSource(5)];
  const seen = new Set<number>();
  for (let index = 0; index < 1000; index++) {
    const number = one.below(10);
    assert.equal(number, two.below(10));
    seen.add(number);
  }
  assert.equal(seen.size, 10);
});
