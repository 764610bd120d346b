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

test("a loop that tells how long it has slept in all is looked at once in 20 ms", () => {
  const meter = new LoadMeter();
  const looks = [
    { now: 1000, slept: 900, isBehind: false },
    { now: 1015, slept: 900, isBehind: false },
    { now: 1020, slept: 900.5, isBehind: true },
    { now: 1030, slept: 910, isBehind: true },
    { now: 1040, slept: 910, isBehind: false },
  ];
  for (const { now, slept, isBehind } of looks) {
    if (meter.isDue(now)) meter.look(now, slept);
    assert.equal(meter.isBehind, isBehind, `at ${now}`);
  }
});

test("a burst that is worked off within the window leaves nobody behind", () => {
  const meter = new LoadMeter();
  const idle = after(meter, 1000, 3, 0.1, 30);
  assert.equal(after(meter, idle.now, 50, 0.2, 0).isBehind, false);
});
