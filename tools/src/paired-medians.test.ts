import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRuns, comparisonTable, quantile } from "./paired-medians.ts";

test("a quantile lies between its neighbours", () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([4, 1, 2, 3], 0.5), 2.5);
  assert.equal(quantile([1, 2], 0.25), 1.25);
  assert.equal(quantile([7], 0.75), 7);
});

test("pairs are compared with each other, so that a machine that slows down does not look like a change", () => {
  const others = [100, 200, 400].map((connect) => ({ connect }));
  const heres = [110, 220, 440].map((connect) => ({ connect }));
  const [comparison] = compareRuns(others, heres);
  assert.ok(comparison !== undefined);
  assert.equal(comparison.other, 200);
  assert.equal(comparison.here, 220);
  assert.ok(Math.abs(comparison.ratio - 1.1) < 1e-9);
  assert.ok(comparison.ratioHigh - comparison.ratioLow < 1e-9);
});

test("what only one side measures is left out", () => {
  assert.deepEqual(compareRuns([{ old: 1, both: 2 }], [{ both: 2, new: 3 }]).length, 1);
});

test("the table has a row for each measurement", () => {
  assert.equal(
    comparisonTable(compareRuns([{ scrape: 200 }], [{ scrape: 190 }])),
    "| what | other, ns | here, ns | here / other | quartiles |\n|---|---|---|---|---|\n" +
      "| scrape | 200 | 190 | 0.950 | 0.950 to 0.950 |",
  );
});
