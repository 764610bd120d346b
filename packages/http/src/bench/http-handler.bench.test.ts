import assert from "node:assert/strict";
import { test } from "node:test";
import { runHandlerBenchmarks, runMutations } from "./http-handler.bench.ts";

test("the benchmark answers every request", () => {
  const [announce, scrape] = runHandlerBenchmarks(500, 50);
  assert.ok(announce && scrape);
  assert.ok(announce.replyBytes > 500 * 200);
  assert.ok(scrape.replyBytes > 500 * 300);
});

test("damaged requests crash nothing, and are answered the same however they arrive", () => {
  const statuses = runMutations(20_000, 7);
  for (const status of [200, 400, 404, 405, 413, 414, 431, 505])
    assert.ok((statuses.get(status) ?? 0) > 0, `no answer with ${status}`);
  assert.ok((statuses.get(200) ?? 0) > 5000);
  assert.ok((statuses.get(400) ?? 0) > 5000);
});
