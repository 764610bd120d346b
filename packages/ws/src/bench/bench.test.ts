import assert from "node:assert/strict";
import { test } from "node:test";
import { benchAnnounces } from "./announces.bench.ts";
import { benchMembers } from "./members.bench.ts";
import { benchRemote } from "./remote.bench.ts";

test("the benchmark runs, small, and every announce is answered and its offers passed on", () => {
  const report = benchAnnounces({
    connections: 40,
    torrents: 2,
    announces: 80,
    sdpBytes: 47,
    idleConnections: 20,
  });
  assert.equal(report.announces, 80);
  assert.ok(
    report.messagesOut > 80 * 9 && report.messagesOut <= 80 * 11,
    String(report.messagesOut),
  );
  assert.ok(Number.isFinite(report.nanosecondsPerMessageOut));
});

test("the benchmark of memberships enters as many as it was asked for", () => {
  const report = benchMembers(20_000, 100, 100);
  assert.equal(report.peers, 20_000);
  assert.ok(Number.isFinite(report.bytesPerPeer));
});

test("the benchmark of other nodes' peers enters as many as it was asked for", () => {
  const report = benchRemote(20_000, 4000, 800);
  assert.equal(report.peers, 20_000);
  assert.ok(Number.isFinite(report.renewNanoseconds));
});
