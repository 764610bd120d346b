import assert from "node:assert/strict";
import { test } from "node:test";
import { runAccessListBench } from "./access-list.bench.ts";

test("the access list benchmark finds each listed info hash and no other", () => {
  const { allowed, fileBytes } = runAccessListBench(1000, 2000);
  assert.equal(fileBytes, 41_000);
  assert.equal(allowed, 1000);
});
