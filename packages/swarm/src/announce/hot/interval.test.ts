import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnounceInterval } from "./interval.ts";

test("intervals spread over a tenth of the configured one, either way, and reach both ends", () => {
  const interval = new AnnounceInterval(100, 7);
  const drawn = Array.from({ length: 10_000 }, () => interval.next());
  assert.equal(Math.min(...drawn), 90);
  assert.equal(Math.max(...drawn), 110);
  const mean = drawn.reduce((sum, seconds) => sum + seconds, 0) / drawn.length;
  assert.ok(Math.abs(mean - 100) < 0.5, `mean ${mean}`);
});

test("equal seeds give equal intervals, different seeds different ones", () => {
  const draw = (seed: number) => {
    const interval = new AnnounceInterval(900, seed);
    return Array.from({ length: 20 }, () => interval.next()).join(" ");
  };
  assert.equal(draw(5), draw(5));
  assert.notEqual(draw(5), draw(6));
  assert.notEqual(draw(5), draw(-5));
});

test("a seed of zero spreads as well", () => {
  const interval = new AnnounceInterval(900, 0);
  assert.ok(new Set(Array.from({ length: 100 }, () => interval.next())).size > 50);
});

test("without jitter, and for an interval too short for a tenth, every reply gets the interval itself", () => {
  const exact = new AnnounceInterval(900, 1, 0);
  const short = new AnnounceInterval(9, 1);
  for (let i = 0; i < 10; i++) {
    assert.equal(exact.next(), 900);
    assert.equal(short.next(), 9);
  }
});

test("an interval that a reload changes holds from the next reply on", () => {
  const interval = new AnnounceInterval(900, 7);
  interval.next();
  interval.change(100);
  const drawn = Array.from({ length: 1000 }, () => interval.next());
  assert.ok(Math.min(...drawn) >= 90 && Math.max(...drawn) <= 110);
});
