import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzHandler } from "../testing/fuzz-handler.ts";

test("random and mutated datagrams never crash the handler nor get more bytes than they may", () => {
  const seed = 20_261_126;
  const report = fuzzHandler(200_000, seed);
  assert.ok(report.answeredWithId > 50_000, `seed ${seed}`);
  assert.ok(report.silent > 50_000, `seed ${seed}`);
});
