import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";

test("a clock stands still until the test moves it", () => {
  const clock = new FakeClock(5);
  const { nowSeconds, nowMilliseconds } = clock;
  assert.equal(nowMilliseconds(), 5000);
  assert.equal(nowMilliseconds(), 5000);
  clock.advanceMilliseconds(999);
  assert.equal(nowSeconds(), 5);
  assert.equal(nowMilliseconds(), 5999);
  clock.advanceSeconds(1);
  assert.equal(nowSeconds(), 6);
});

test("a clock refuses to go back", () => {
  assert.throws(() => new FakeClock().advanceSeconds(-1), /cannot go back, asked for -1000 ms/);
});
