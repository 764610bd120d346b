import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { HISTORY_SERIES } from "./api-history.ts";
import { API_VERSION, type ApiStats } from "./api-shape.ts";

const example = JSON.parse(
  readFileSync(new URL("../testdata/stats.json", import.meta.url), "utf8"),
) as ApiStats;

test("the example that the page is built against is of today's version and has every series", () => {
  assert.equal(example.apiVersion, API_VERSION);
  for (const ring of [example.history?.seconds, example.history?.minutes]) {
    assert.deepEqual(Object.keys(ring?.series ?? {}), [...HISTORY_SERIES]);
    for (const name of HISTORY_SERIES)
      assert.equal(ring?.series[name].length, ring?.timeSeconds.length, name);
  }
});
