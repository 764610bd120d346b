import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { measureWholeWay, runStatisticsBench } from "./statistics.bench.ts";

test("the bench of what statistics cost runs and has numbers", () => {
  const cost = runStatisticsBench(2, 5);
  assert.ok(cost.nanosecondsOff > 0);
  // A difference of two times: below zero where the machine disturbed one of two pairs.
  assert.ok(Number.isFinite(cost.nanosecondsCounters));
  assert.ok(cost.nanosecondsUpperBound >= cost.nanoseconds);
});

const skip = linuxSupported() ? false : "batches of datagrams need Linux";

test("the whole way of an announce is measured over a socket", { skip }, async () => {
  assert.ok((await measureWholeWay(2)) > 0);
});
