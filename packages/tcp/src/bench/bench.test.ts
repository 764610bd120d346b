import assert from "node:assert/strict";
import { test } from "node:test";
import { benchSlowReaders } from "./slow-readers.bench.ts";

test("clients that read slowly hear offers and answers, with a limit to what waits in the kernel and without", async () => {
  for (const unsentInKernelBytes of [0, 16 * 1024]) {
    const report = await benchSlowReaders(2, unsentInKernelBytes);
    assert.ok(report.offersRead > 0 && report.answersRead > 0 && report.repliesRead > 0);
    assert.equal(report.answersDropped, 0);
  }
});
