import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLatency,
  formatRate,
  formatShare,
} from "./format.ts";

test("counts are whole up to ten thousand and have three digits beyond", () => {
  const written = [0, 999, 1234, 9999, 10_000, 84_574, 999_499, 999_999, 6_995_037_870].map(
    formatCount,
  );
  assert.deepEqual(written, [
    "0",
    "999",
    "1,234",
    "9,999",
    "10.0 k",
    "84.6 k",
    "999 k",
    "1.00 M",
    "7.00 G",
  ]);
});

test("rates below ten keep a digit, and what is not zero does not look like zero", () => {
  assert.deepEqual([0, 0.01, 0.4, 9.5, 10, 84_574].map(formatRate), [
    "0",
    "< 0.1",
    "0.4",
    "9.5",
    "10",
    "84.6 k",
  ]);
});

test("bytes go by 1024", () => {
  assert.deepEqual([0, 512, 1024, 1_572_864, 2 ** 40].map(formatBytes), [
    "0 B",
    "512 B",
    "1.00 KiB",
    "1.50 MiB",
    "1.00 TiB",
  ]);
});

test("latencies are microseconds, milliseconds or seconds", () => {
  assert.deepEqual([0, 0.00025, 0.0012, 0.25, 2].map(formatLatency), [
    "0 µs",
    "250 µs",
    "1.20 ms",
    "250 ms",
    "2.00 s",
  ]);
});

test("durations have their two largest units", () => {
  assert.deepEqual([0, 59.6, 245, 3600, 90_061, 86_405].map(formatDuration), [
    "0 s",
    "1 min",
    "4 min 5 s",
    "1 h",
    "1 d 1 h",
    "1 d",
  ]);
});

test("a share that is not zero is not written as zero", () => {
  assert.deepEqual([0, 0.001, 0.42, 1].map(formatShare), ["0 %", "< 1 %", "42 %", "100 %"]);
});

test("what is not known is a dash", () => {
  for (const format of [
    formatBytes,
    formatCount,
    formatDuration,
    formatLatency,
    formatRate,
    formatShare,
  ])
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(format(value), "–");
});
