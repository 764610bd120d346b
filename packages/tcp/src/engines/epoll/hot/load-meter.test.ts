import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadMeter } from "./load-meter.ts";

/** Rounds that each work and then sleep for so long; whether the worker is behind after each. */
function after(meter: LoadMeter, start: number, rounds: number, work: number, sleep: number) {
  let now = start;
  for (let round = 0; round < rounds; round++) {
    meter.woke(now);
    now += work;
    meter.ended(now);
    now += sleep;
  }
  return { now, isBehind: meter.isBehind };
}

test("a worker that never sleeps for 20 ms is behind, and no longer once it sleeps again", () => {
  const meter = new LoadMeter();
  const idle = after(meter, 1000, 5, 0.1, 50);
  assert.equal(idle.isBehind, false);
  const busy = after(meter, idle.now, 500, 0.2, 0);
  assert.equal(busy.isBehind, true);
  assert.equal(after(meter, busy.now, 100, 0.2, 0.1).isBehind, false);
});

test("many short naps are as good as a long one", () => {
  const meter = new LoadMeter();
  assert.equal(after(meter, 1000, 1000, 0.04, 0.01).isBehind, false);
});

test("a burst that is worked off within the window leaves nobody behind", () => {
  const meter = new LoadMeter();
  const idle = after(meter, 1000, 3, 0.1, 30);
  assert.equal(after(meter, idle.now, 50, 0.2, 0).isBehind, false);
});
