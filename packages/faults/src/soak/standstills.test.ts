import assert from "node:assert/strict";
import { test } from "node:test";
import { SaidStandstills } from "./standstills.ts";

test("standstills are read from the log once, line by line, and count until peers have announced again", () => {
  const tracker = { output: "Point clients at x\n" };
  const said = new SaidStandstills(tracker, 100);
  assert.equal(said.creditSeconds(0), 0);
  tracker.output += "WARN cleaning: the process stood still for 6 s; peers are kept\n";
  assert.equal(said.creditSeconds(10), 6);
  assert.equal(said.creditSeconds(20), 6);
  tracker.output += "WARN cleaning: the process stood still for 60 s; peers are kept\n";
  assert.equal(said.creditSeconds(50), 66);
  assert.equal(said.creditSeconds(111), 60);
  assert.equal(said.creditSeconds(151), 0);
});
