import assert from "node:assert/strict";
import { test } from "node:test";
import { heapsIn } from "./gc-log.ts";

test("of each heap the last collection counts, of all the largest before one", () => {
  const report = heapsIn(`Memory: 176 MiB for swarms
[70:0x5f3a8c0]       34 ms: Scavenge 4.5 (6.2) -> 4.1 (6.4) MB, 0.9 / 0.0 ms  (average mu = 1.000)
[70:0x7f10:0]       60 ms: Mark-Compact 44.0 (51.2) -> 12.5 (31.4) MB, 3.2 / 0.0 ms
[70:0x5f3a8c0:0]      90 ms: Mark-Compact (reduce) 9.5 (11.2) -> 5.1 (9.4) MB, 0.9 / 0.0 ms
`);
  assert.deepEqual(report, { heaps: 2, mostMib: 44, leftMib: 12.5 });
});

test("without a collection there is nothing to tell", () => {
  assert.deepEqual(heapsIn("Point clients at …"), { heaps: 0, mostMib: 0, leftMib: 0 });
});
