import assert from "node:assert/strict";
import { test } from "node:test";
import { runsAlone } from "./alone.ts";

test("what depends on processor time runs alone, whatever else runs does not", () => {
  assert.ok(runsAlone("packages/udp/dist/bench/overload.bench.test.js"));
  assert.ok(runsAlone("packages/tracker/dist/transfer/browser.test.js"));
  assert.ok(!runsAlone("packages/swarm/dist/store/model.test.js"));
});
