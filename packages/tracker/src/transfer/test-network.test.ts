/** What test processes that were killed leave of their networks, and the sweep that the next ones make: ip-netns(8). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import {
  listNamespaces,
  networkProblem,
  removeNamespace,
  sweepNamespaces,
} from "./test-network.ts";

/** The pid of a process that has ended. */
function endedPid(): number {
  return spawnSync("true").pid;
}

describe("the networks of tests that were killed", { skip: networkProblem() }, () => {
  it("are removed, and those of tests that still run are not", () => {
    const left = `swarmtide-${endedPid()}-1-tracker`;
    const living = `swarmtide-${process.pid}-99-tracker`;
    // Another test may sweep the first one before this one does: that is no fault.
    for (const name of [left, living])
      assert.equal(spawnSync("ip", ["netns", "add", name]).status, 0, name);
    sweepNamespaces();
    const after = listNamespaces();
    removeNamespace(living);
    assert.ok(!after.includes(left), after);
    assert.ok(after.includes(living), after);
  });

  it("may have gone since they were listed: their test closed them and ended meanwhile", () => {
    sweepNamespaces(`swarmtide-${endedPid()}-8-seeder\n`);
    assert.equal(networkProblem(), undefined);
  });
});
