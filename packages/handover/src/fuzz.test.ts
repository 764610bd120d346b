import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./testing/fuzz.ts";

test("of three thousand mutated hand-overs each is complete or fails with a reason", async () => {
  const { complete, refused, reasons } = await fuzz(3000, 12345);
  assert.ok(complete > 300 && refused > 1000 && reasons.size > 10);
});
