import assert from "node:assert/strict";
import { test } from "node:test";
import { RandomSource, randomBelow } from "./random-source.ts";

test("the random source repeats itself and fills its range", () => {
  const one = new RandomSource(5);
  const two = randomBelow(5);
  const seen = new Set<number>();
  for (let index = 0; index < 1000; index++) {
    const number = one.below(10);
    assert.equal(number, two(10));
    seen.add(number);
  }
  assert.equal(seen.size, 10);
});

test("the first words are those of xorshift32 with shifts of 13, 17 and 5", () => {
  const source = new RandomSource(1);
  assert.deepEqual([source.word(), source.word()], [270_369, 67_634_689]);
});

test("fractions, choices and bytes use all of their range", () => {
  const source = new RandomSource(7);
  const fractions = Array.from({ length: 1000 }, () => source.fraction());
  assert.ok(Math.min(...fractions) < 0.01 && Math.max(...fractions) > 0.99);
  assert.ok(fractions.every((fraction) => fraction >= 0 && fraction < 1));
  assert.deepEqual(
    [...new Set(Array.from({ length: 50 }, () => source.pick("abc".split(""))))].sort(),
    ["a", "b", "c"],
  );
  assert.equal(new Set(source.bytes(5000)).size, 256);
  assert.throws(() => source.pick([]), /nothing to choose from/);
});
