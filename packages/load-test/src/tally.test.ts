import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "./tally.ts";

test("what was slow while the load warmed up does not show in the percentiles, and still counts", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const tally = new Tally(["announce"]);
  tally.warmUp(2);
  tally.latencies.record(900_000);
  tally.answered[0] = 1;
  context.mock.timers.tick(1999);
  assert.ok(tally.latencyMicroseconds().max >= 900_000);
  context.mock.timers.tick(1);
  tally.latencies.record(50);
  assert.ok(tally.latencyMicroseconds().max < 100);
  assert.deepEqual(tally.counts().answered, { announce: 1 });
});

test("without a warm-up all latencies count", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const tally = new Tally(["announce"]);
  tally.warmUp(0);
  tally.latencies.record(900_000);
  context.mock.timers.tick(10_000);
  assert.ok(tally.latencyMicroseconds().max >= 900_000);
});
