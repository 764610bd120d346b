import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerCores, bytesIn, type Costs, carried, coresPerNode, recordsIn } from "./costs.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulation.ts";

const COSTS: Costs = {
  announceMicros: 5,
  sendMicros: 0,
  brokerInMicros: 0.1,
  brokerOutMicros: 0.1,
  receiveMicros: 1,
  recordBytes: 28,
};
const SHAPE = { nodes: 4, coresPerNode: 16, threads: 16, sentShare: 1, parts: 1 };

test("a single node carries what its cores serve, and nothing goes anywhere", () => {
  const one = { ...SHAPE, nodes: 1 };
  const { rate, limit } = carried(COSTS, one);
  assert.deepEqual([Math.round(rate), limit], [3_200_000, "cores"]);
  assert.equal(recordsIn(one, 1e6), 0);
});

test("four nodes share the announces and each applies those of the three others", () => {
  // A million announces a second: a quarter of them at 5 µs, three quarters at 1 µs.
  assert.equal(coresPerNode(COSTS, SHAPE, 1e6), 2);
  assert.equal(Math.round(carried(COSTS, SHAPE).rate), 8_000_000);
  assert.equal(bytesIn(COSTS, SHAPE, 1e6), 21e6);
  assert.equal(brokerCores(COSTS, SHAPE, 1e6).toFixed(6), "0.400000");
});

test("one thread that applies records is a limit of its own, which thinning and parts move", () => {
  const { rate, limit } = carried(COSTS, { ...SHAPE, threads: 1 });
  assert.deepEqual([Math.round(rate), limit], [1_333_333, "thread"]);
  assert.equal(
    Math.round(carried(COSTS, { ...SHAPE, threads: 1, sentShare: 0.5 }).rate),
    2_666_667,
  );
  // Two nodes hold each half: the one gets what the other serves of it.
  assert.equal(recordsIn({ ...SHAPE, parts: 2 }, 1e6), 250_000);
});

const SCENARIO: Scenario = {
  ...{ nodes: 3, requestsPerSecond: 100_000, peers: 300, intervalSeconds: 300 },
  ...{ renewalSeconds: 0, maxPeerAgeSeconds: 600, staySeconds: 1800, stoppedShare: 0.5 },
  ...{ movedShare: 0.02, lostShare: 0, threads: 1, seconds: 3000, seed: 21 },
};

test("the same seed gives the same result, another one another", () => {
  assert.deepEqual(simulate(COSTS, SCENARIO), simulate(COSTS, SCENARIO));
  assert.notDeepEqual(simulate(COSTS, SCENARIO), simulate(COSTS, { ...SCENARIO, seed: 22 }));
});

test("without losses every node hears of a peer within two messages, and holds what one store would", () => {
  const { delayMilliseconds, missing, gone, goneInOne, sentShare, lostRecords } = simulate(
    COSTS,
    SCENARIO,
  );
  assert.ok(delayMilliseconds.median > 10 && delayMilliseconds.p99 < 200);
  assert.ok(missing.mean < 0.001);
  assert.ok(Math.abs(gone.mean - goneInOne) < 0.002);
  assert.ok(goneInOne > 0.02, "half of the peers leave without a word");
  assert.deepEqual([sentShare, lostRecords], [1, 0]);
});

test("what nodes cannot apply waits, grows old, and is lost at last", () => {
  const busy = simulate(COSTS, { ...SCENARIO, requestsPerSecond: 1.51e6, seconds: 1200 });
  assert.ok(busy.delayMilliseconds.p99 > 500);
  const beyond = simulate(COSTS, { ...SCENARIO, requestsPerSecond: 3e6, seconds: 1200 });
  assert.ok(beyond.lostRecords > 0);
  assert.ok(beyond.missing.mean > 0.01);
  const threads = simulate(COSTS, {
    ...SCENARIO,
    requestsPerSecond: 3e6,
    seconds: 1200,
    threads: 4,
  });
  assert.equal(threads.lostRecords, 0);
});

test("thinned renewals are fewer records and, with a longer age, no peers less", () => {
  const { sentShare, missing } = simulate(COSTS, {
    ...{ ...SCENARIO, renewalSeconds: 900, maxPeerAgeSeconds: 1300 },
  });
  assert.ok(sentShare > 0.3 && sentShare < 0.65, `${sentShare}`);
  assert.ok(missing.mean < 0.001);
});

test("thinned beyond the age at which peers are forgotten, they are missing in between", () => {
  const { missing } = simulate(COSTS, { ...SCENARIO, renewalSeconds: 1800 });
  assert.ok(missing.mean > 0.05);
});

test("a lost record is made up for by the next announce", () => {
  const { missing, lostRecords } = simulate(COSTS, { ...SCENARIO, lostShare: 0.05 });
  assert.ok(lostRecords > 0);
  assert.ok(missing.mean < 0.05 && missing.mean > 0);
});

test("a partition heals within an announce interval of its end", () => {
  const partition = { fromSeconds: 1500, untilSeconds: 2100 };
  const { healedSeconds, missing } = simulate(COSTS, { ...SCENARIO, partition });
  assert.ok(missing.most > 0.1);
  assert.ok(healedSeconds !== undefined && healedSeconds <= 300 * 1.1 + 5);
});
