import assert from "node:assert/strict";
import { test } from "node:test";
import { runCodecBench } from "./codec.bench.ts";

test("the codec benchmark does the same work every time", () => {
  const results = runCodecBench(3);
  assert.deepEqual(
    results.map(({ name, checksum }) => [name, checksum]),
    runCodecBench(3).map(({ name, checksum }) => [name, checksum]),
  );
  assert.equal(results[0]?.checksum, 3 * 56); // 56 announces of 64 datagrams, status 1 each; connects are 0
});
