import assert from "node:assert/strict";
import { test } from "node:test";
import { meanAndBound } from "./paired-cost.ts";

test("the bound lies above the mean by 2.045 standard errors, and on it where all pairs agree", () => {
  assert.deepEqual(meanAndBound([5, 5, 5]), { mean: 5, upperBound: 5 });
  const { mean, upperBound } = meanAndBound([1, 2, 3]);
  assert.equal(mean, 2);
  assert.ok(Math.abs(upperBound - (2 + 2.045 / Math.sqrt(3))) < 1e-9);
});
