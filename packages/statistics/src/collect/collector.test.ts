import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { add } from "@swarmtide/metrics";
import { FAKE_REPLIES, FakeTracker } from "../testing/fake-source.ts";
import { StatisticsCollector } from "./collector.ts";
import { History, valuesOf } from "./history.ts";

const announces = (total: number) =>
  [{ protocol: "udp", family: "ipv4", kind: "announce", total }] as const;

/** A collector over a fake tracker; `pass` lets seconds pass, `each` says what has happened in each of them. */
function open() {
  const tracker = new FakeTracker();
  const collector = new StatisticsCollector(tracker.source, tracker.collectorClock);
  return {
    tracker,
    collector,
    pass(seconds: number, each: (second: number) => void = () => {}) {
      for (let second = 1; second <= seconds; second++) {
        tracker.clock.advanceSeconds(1);
        each(second);
        collector.collect();
      }
      return collector.latest.stats;
    },
  };
}

test("rates are over the last second, ten seconds and minute, and over what there is of it at the start", () => {
  const { tracker, pass } = open();
  tracker.say({ requests: announces(0) });
  let total = 0;
  const serve = (perSecond: number) => () => {
    total += perSecond;
    tracker.say({ requests: announces(total) });
  };
  pass(1);
  assert.deepEqual(pass(5, serve(10)).requests.all, {
    total: 50,
    perSecond: { second: 10, tenSeconds: 8.33, minute: 8.33 },
  });
  pass(60, serve(10));
  assert.deepEqual(pass(5, serve(40)).requests.rows[0], {
    ...{ protocol: "udp", family: "ipv4", kind: "announce", total: 850 },
    perSecond: { second: 40, tenSeconds: 25, minute: 12.5 },
  });
  assert.equal(pass(60).requests.all.perSecond.minute, 0);
});

test("samples, totals and rates of a snapshot are of one moment", () => {
  const { tracker, collector } = open();
  const counters = tracker.table.row(0, 4);
  add(counters, FAKE_REPLIES, 7);
  tracker.say({ responses: announces(7) });
  const { samples, stats } = collector.collect();
  add(counters, FAKE_REPLIES, 100);
  assert.equal(samples.find(({ value }) => value > 0)?.value, 7);
  assert.equal(stats.responses.all.total, 7);
  assert.equal(collector.latest.stats, stats);
});

test("a problem is listed once it has happened, the most frequent first", () => {
  const { tracker, pass } = open();
  const problem = (metric: string, total: number) => ({
    ...({ protocol: "udp", text: metric, help: metric, metric, labels: {}, total } as const),
  });
  tracker.say({ problems: [problem("a", 0), problem("b", 0), problem("c", 0)] });
  assert.deepEqual(pass(1).problems, []);
  tracker.say({ problems: [problem("a", 0), problem("b", 3), problem("c", 60)] });
  const { problems, latest } = pass(1);
  assert.deepEqual(
    problems.map(({ metric, total }) => [metric, total]),
    [
      ["c", 60],
      ["b", 3],
    ],
  );
  assert.equal(latest.values.problems, 63);
});

test("latencies are those of the last ten seconds and minute", () => {
  const { tracker, pass } = open();
  pass(1, () => tracker.latency.row(0).recordMany(1000, 99));
  tracker.latency.row(0).record(1_000_000);
  const [all, worker] = pass(1).latency;
  assert.equal(all?.worker, null);
  assert.equal(worker?.worker, "udp-1");
  assert.equal(worker?.tenSeconds.count, 100);
  assert.ok(Math.abs((worker?.tenSeconds.p50Seconds ?? 0) - 0.001) < 0.0001);
  assert.equal(worker?.tenSeconds.maxSeconds, 1);
  const later = pass(11).latency[1];
  assert.equal(later?.tenSeconds.count, 0);
  assert.equal(later?.tenSeconds.p99Seconds, 0);
  assert.equal(later?.minute.count, 100);
});

test("a budget that grows says when it will be full, one that does not says nothing", () => {
  const { tracker, pass } = open();
  const budget = (usedBytes: number) => ({
    budgets: [{ name: "swarms", usedBytes, limitBytes: 1000, refusedTotal: 0 } as const],
  });
  const early = pass(50, (second) => tracker.say(budget(second)));
  assert.equal(early.memory.budgets[0]?.secondsUntilFull, null);
  const { memory, verdicts } = pass(50, (second) => tracker.say(budget(50 + second)));
  assert.equal(memory.budgets[0]?.secondsUntilFull, 900);
  assert.equal(verdicts.capacity.status, "warning");
  assert.match(verdicts.capacity.reasons.join(), /full in 15 minutes/);
  const still = pass(700).memory.budgets[0];
  assert.equal(still?.secondsUntilFull, null);
  assert.equal(still?.usedBytes, 100);
});

test("memory that a snapshot or other nodes fill is no trend, and what grew meanwhile counts for none later", () => {
  const { tracker, pass } = open();
  const budget = (usedBytes: number) => ({
    budgets: [{ name: "swarms", usedBytes, limitBytes: 1000, refusedTotal: 0 } as const],
  });
  tracker.say({ isBeingFilled: true });
  const filling = pass(100, (second) => tracker.say(budget(5 * second)));
  assert.equal(filling.memory.budgets[0]?.secondsUntilFull, null);
  assert.equal(filling.verdicts.capacity.status, "ok");
  tracker.say({ isBeingFilled: false });
  assert.equal(pass(200).memory.budgets[0]?.secondsUntilFull, null);
  const growing = pass(200, (second) => tracker.say(budget(500 + second)));
  assert.equal(growing.memory.budgets[0]?.secondsUntilFull, 600);
});

test("charts have a point a second for five minutes and a point a minute before", () => {
  const { tracker, collector, pass } = open();
  let total = 0;
  tracker.say({ requests: announces(total) });
  pass(400, (second) => {
    total += second <= 60 ? 5 : 10;
    tracker.say({ requests: announces(total) });
  });
  const { seconds, minutes } = collector.history;
  assert.equal(seconds.timeSeconds.length, 300);
  assert.equal(seconds.timeSeconds.at(-1), 1_000_400);
  assert.equal(seconds.series.requestsUdp.at(-1), 10);
  assert.equal(seconds.series.latencyP99Seconds.at(-1), null);
  assert.deepEqual(
    minutes.timeSeconds.map((time) => time % 60),
    minutes.timeSeconds.map(() => 0),
  );
  assert.equal(minutes.series.requestsUdp.at(-1), 10);
});

test("a day of points a minute is kept, and no more", () => {
  const history = new History();
  for (let timeSeconds = 0; timeSeconds < 1500 * 60; timeSeconds += 15)
    history.push({
      timeSeconds,
      values: valuesOf((name) => (name === "problems" ? timeSeconds : 1)),
    });
  const { minutes } = history.read();
  assert.equal(minutes.timeSeconds.length, 1440);
  assert.equal(minutes.timeSeconds.at(-1), 1498 * 60);
  assert.equal(minutes.series.problems.at(-1), 1498 * 60 + 45);
});

test("processor time is told in cores", () => {
  const { tracker, pass } = open();
  const { process, latest } = pass(10, () => {
    tracker.cpuMicroseconds += 500_000;
  });
  assert.equal(process.cpuCores, 0.5);
  assert.ok((latest.values.cpuShare ?? 0) > 0);
});

test("health names a worker that stalled, and calms down when it is over", () => {
  const { tracker, pass } = open();
  tracker.latency.row(0).recordMany(1_500_000, 50);
  const { verdicts } = pass(1);
  assert.equal(verdicts.health.status, "critical");
  assert.match(
    verdicts.health.reasons.join(),
    /udp-1 stalled: 1 of 100 requests waited 1\.5 s inside/,
  );
  assert.equal(pass(12).verdicts.health.status, "ok");
});

test("JSON has what the documented example has", () => {
  const example: unknown = JSON.parse(
    readFileSync(new URL("../../testdata/stats.json", import.meta.url), "utf8"),
  );
  const { collector } = open();
  const real = { ...collector.latest.stats, history: collector.history };
  assert.deepEqual(Object.keys(real).sort(), Object.keys(Object(example)).sort());
});
