import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { runBench } from "./snapshot.bench.ts";

test("the snapshot bench runs, and restores every peer that it wrote", async () => {
  const { peers, restoredPeers, phases } = await runBench(0.002, tmpdir());
  assert.ok(peers > 15_000);
  assert.equal(restoredPeers, peers);
  // So small a phase may be over before the other thread has a core.
  assert.equal(phases.filter(({ what }) => what.startsWith("restoring")).length, 3);
});
