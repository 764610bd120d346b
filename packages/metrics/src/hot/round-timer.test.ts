import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram } from "../histogram.ts";
import { RoundTimer } from "./round-timer.ts";

const SLEEP_MILLISECONDS = 50;

function openTimer() {
  const histogram = Histogram.create({ rows: 1, precisionBits: 4 });
  const timer = new RoundTimer(histogram.row(0), SLEEP_MILLISECONDS, 0);
  let now = 0;
  return {
    histogram,
    /** `rounds` rounds of `requests` requests, each `taken` long, one every `every` milliseconds. */
    serve(rounds: number, requests: number, taken: number, every: number) {
      for (let i = 0; i < rounds; i++) {
        timer.begin(now);
        assert.ok(Math.abs(timer.end(requests, now + taken) - taken) < 1e-6);
        now += every;
      }
    },
    beat(times: number, every: number) {
      for (let i = 0; i < times; i++) {
        timer.beat(now);
        now += every;
      }
    },
    pass(milliseconds: number) {
      now += milliseconds;
    },
  };
}

test("every request of a round counts with the time of the round", () => {
  const { histogram, serve } = openTimer();
  serve(100, 64, 0.3, 1);
  const { count, max } = histogram.snapshot();
  assert.equal(count, 6400);
  assert.equal(max, 300);
});

test("a second in which a round hangs shows in p99 of ten seconds, and leaves p50 as it was", () => {
  const { histogram, serve, pass } = openTimer();
  serve(4500, 10, 0.1, 1);
  serve(1, 10, 1000, 1000);
  serve(4500, 10, 0.1, 1);
  pass(0);
  const snapshot = histogram.snapshot();
  assert.ok(snapshot.percentile(99) > 500_000, `${snapshot.percentile(99)} µs`);
  assert.ok(snapshot.percentile(50) < 200, `${snapshot.percentile(50)} µs`);
});

test("so does a second between two rounds in which the whole thread stood still", () => {
  const { histogram, serve, pass } = openTimer();
  serve(4500, 10, 0.1, 1);
  pass(1000);
  serve(4500, 10, 0.1, 1);
  assert.ok(histogram.snapshot().percentile(99) > 500_000);
});

test("a worker that waits for requests does not stall", () => {
  const { histogram, serve, beat } = openTimer();
  beat(100, SLEEP_MILLISECONDS);
  assert.equal(histogram.snapshot().count, 0);
  serve(100, 1, 0.1, SLEEP_MILLISECONDS);
  assert.equal(histogram.snapshot().max, 100);
});

test("a stall while nobody asks counts for nobody, and one while few ask for the one that waited longest", () => {
  const idle = openTimer();
  idle.beat(1, 1);
  idle.pass(3000);
  idle.beat(100, SLEEP_MILLISECONDS);
  assert.equal(idle.histogram.snapshot().count, 0);

  const calm = openTimer();
  calm.serve(30, 1, 0.1, 50);
  calm.pass(300);
  calm.beat(1, 1);
  const { count, max } = calm.histogram.snapshot();
  assert.equal(count, 31);
  assert.ok(max > 300_000);
});

test("a stall of an idle worker that somebody waited for counts once", () => {
  const { histogram, serve, beat, pass } = openTimer();
  beat(1, 1);
  pass(3000);
  serve(1, 1, 0.1, 1);
  const { count, max } = histogram.snapshot();
  assert.equal(count, 2);
  assert.ok(max > 2_900_000);
});
