import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./testing/fuzz.ts";

test("ten thousand mutated snapshots break nothing, and some of each kind are among them", () => {
  const { unreadable, whole, peersRestored } = fuzz(10_000, 12345);
  assert.ok(unreadable > 100 && whole > 10 && peersRestored > 1000);
});
