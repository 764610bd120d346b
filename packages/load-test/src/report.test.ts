import assert from "node:assert/strict";
import { test } from "node:test";
import { failuresOf, makeReport, progressLine, reportText } from "./report.ts";
import { Tally } from "./tally.ts";

function counted(changes: Partial<Pick<Tally, "errors" | "lost" | "malformed">> = {}) {
  const tally = new Tally(["connect", "announce"]);
  tally.sent.set([100, 300]);
  tally.answered.set([100, 280]);
  tally.peers = 560;
  Object.assign(tally, changes);
  return tally.counts();
}

const report = (counts = counted()) =>
  makeReport(counts, 2, {
    target: "udp://127.0.0.1:3000",
    latencyMicroseconds: { p50: 1500 },
    latencyFrom: "due",
    configuration: {},
  });

test("the report names rates, kinds, peers and latencies", () => {
  const text = reportText(report());
  for (const part of ["Requests:  200/s", "Responses: 190/s", "300 sent, 280 answered, 140/s"])
    assert.ok(text.includes(part), part);
  assert.match(text, /Peers per announce reply: 2\.0/);
  assert.match(text, /from when a request was due: p50 1,500/);
});

test("the same stands in the JSON under names of its own", () => {
  const { requestsPerSecond, responsesPerSecond, counts } = JSON.parse(JSON.stringify(report()));
  assert.deepEqual([requestsPerSecond, responsesPerSecond, counts.sent.announce], [200, 190, 300]);
});

test("errors, wrong answers and losses beyond their limits are failures; none at all is one", () => {
  const limits = { maxErrorPercent: 1, maxLostPercent: 5 };
  assert.deepEqual(failuresOf(report(counted({ errors: 2, malformed: 2, lost: 20 })), limits), []);
  const [errors, lost] = failuresOf(report(counted({ errors: 3, malformed: 2, lost: 21 })), limits);
  assert.match(errors ?? "", /1\.25 % errors and wrong answers, at most 1 %/);
  assert.match(lost ?? "", /5\.25 % requests lost, at most 5 %/);
  const silent = new Tally(["connect"]).counts();
  assert.deepEqual(failuresOf(report(silent), limits), ["The tracker answered nothing"]);
});

test("a line of progress holds what happened since the last", () => {
  const before = new Tally(["connect", "announce"]).counts();
  assert.equal(
    progressLine(before, counted({ lost: 4 }), 2),
    "200 requests/s, 190 responses/s, 0 errors/s, 2 lost/s",
  );
});
