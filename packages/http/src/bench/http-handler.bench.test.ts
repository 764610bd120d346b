import assert from "node:assert/strict";
import { test } from "node:test";
import { runHandlerBenchmarks, runMutations } from "./http-handler.bench.ts";

test("the benchmark answers every request", () => {
  const [announce, scrape] = runHandlerBenchmarks(500, 50);
  assert.ok(announce.replyBytes > 500 * 200);
  assert.ok(scrape.replyBytes > 500 * 300);
});

test("damaged requests crash nothing", () => {
  const statuses = runMutations(20_000, 7);
  assert.ok((statuses.get(200) ?? 0) > 1000);
  assert.ok((statuses.get(400) ?? 0) > 1000);
});
