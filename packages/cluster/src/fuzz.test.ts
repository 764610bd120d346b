import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./testing/fuzz.ts";

test("twenty thousand mutated messages break nothing, and both good and bad ones are among them", () => {
  const { malformed, records } = fuzz(20_000, 12345);
  assert.ok(malformed > 5000 && records > 5000, `${malformed} malformed, ${records} records`);
});
