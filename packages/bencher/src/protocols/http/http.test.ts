import assert from "node:assert/strict";
import { test } from "node:test";
import type { CrowdRound } from "../../harness/crowd.ts";
import { figureOf } from "../../harness/figures.ts";
import { chartOf, reportOf, warningsOf } from "../../harness/report.ts";
import { parseResults, type Results } from "../../harness/results.ts";
import { TesterReportReader } from "../../harness/tester-report.ts";
import {
  costToFloor,
  HTTP_LABELS,
  type HttpRound,
  httpBenchmark,
  httpSheet,
  summarizeHttpRound,
  toAquatic,
  toOpentracker,
} from "./http.ts";
import { infoHashOf } from "./torrents.ts";

const round = (server: string, micros: number, changes: Partial<HttpRound> = {}): HttpRound => ({
  server,
  command: [server, "-c", "config.toml"],
  responsesPerSecond: 1e6 / micros,
  errorsPerSecond: 0,
  unannouncedPerSecond: 0,
  userMicros: micros / 4,
  systemMicros: (micros * 3) / 4,
  serverBusy: 1,
  strangersBusy: 0.01,
  residentBeforeBytes: 2 ** 20,
  residentAfterBytes: 2 ** 21,
  ...changes,
});

const idle = (server: string, bytesEach: number): CrowdRound => ({
  server,
  connections: 1000,
  lost: 0,
  residentBeforeBytes: 0,
  residentAfterBytes: bytesEach * 1000,
});

const results = (): Results => ({
  date: "2026-11-24 12:00",
  machine: "a machine",
  versions: { swarmtide: "swarmtide 0.1.0, Node.js v20.1.0" },
  load: { durationSeconds: 15, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
  comparisons: [
    {
      title: "Plain, connections kept",
      description: "All at once.",
      rounds: [[round("floor", 6), round("aquatic_http", 80), round("swarmtide", 8)]],
    },
    {
      title: "Connections that are kept and idle, TLS",
      description: "Ten seconds later.",
      rounds: [[idle("aquatic_http", 20_480), idle("swarmtide", 10_240)]],
    },
  ],
});

test("a round divides the CPU time between two samples by the answers of that stretch", () => {
  const sample = (atSeconds: number, userSeconds: number, strangersSeconds: number) => ({
    atSeconds,
    userSeconds,
    systemSeconds: userSeconds * 3,
    strangersSeconds,
  });
  const result = summarizeHttpRound(sample(100, 1, 5), sample(110, 3, 7), {
    responses: 400_000,
    errors: 20,
    unannounced: 0,
  });
  assert.equal(result.responsesPerSecond, 40_000);
  assert.equal(result.errorsPerSecond, 2);
  assert.equal(result.userMicros, 5);
  assert.equal(result.systemMicros, 15);
  assert.equal(result.serverBusy, 0.8);
  assert.equal(result.strangersBusy, 0.1);
});

test("ratios are taken within a round, then the median", () => {
  const rounds = [
    [round("floor", 5), round("aquatic_http", 100), round("swarmtide", 10)],
    [round("floor", 10), round("aquatic_http", 200), round("swarmtide", 10)],
    [round("floor", 6), round("aquatic_http", 60), round("swarmtide", 9)],
  ];
  assert.equal(figureOf(rounds, "swarmtide", toAquatic)?.toFixed(3), "10.000");
  assert.equal(figureOf(rounds, "swarmtide", costToFloor), 1.5);
  assert.equal(figureOf(rounds, "swarmtide", toOpentracker), undefined);
});

test("the report warns of noise, of idle servers and of errors", () => {
  const lines = warningsOf(httpSheet, [
    [
      round("floor", 5, { serverBusy: 0.5 }),
      round("aquatic_http", 5, { strangersBusy: 0.2 }),
      round("opentracker", 5, { unannouncedPerSecond: 7 }),
      round("swarmtide", 5, { errorsPerSecond: 1 }),
    ],
  ]);
  assert.deepEqual(
    lines.map((line) => /floor|aquatic_http|opentracker|swarmtide/.exec(line)?.[0]),
    ["floor", "aquatic_http", "opentracker", "swarmtide"],
  );
  assert.deepEqual(warningsOf(httpSheet, [[round("swarmtide", 5)]]), []);
});

test("the report holds every table, and memory beside aquatic's of the same kind", () => {
  const report = reportOf(httpBenchmark, results());
  for (const part of ["## Plain", "All at once.", "10.00", "1.33", "kept and idle", "0.50"])
    assert.ok(report.includes(part), part);
  const { comparisons, ...rest } = results();
  const loadOnly = { ...rest, comparisons: comparisons.slice(0, 1) };
  assert.ok(!reportOf(httpBenchmark, loadOnly).includes("and idle"));
});

test("the chart has a block for each way to connect and each kind of idle connection", () => {
  const chart = chartOf(httpBenchmark, results());
  assert.equal(chart.match(/font-weight="bold"/g)?.length, 2);
  assert.match(chart, /swarmtide, Node 20/);
  assert.match(chart, /125,000/);
});

test("figures that an earlier version wrote are reported and drawn as those of this one", () => {
  const { comparisons, ...rest } = results();
  const [load, held] = comparisons;
  const earlier = {
    ...rest,
    comparisons: [load],
    idle: held?.rounds[0]?.map((entry) => ({ ...entry, isTls: true })),
  };
  const read = parseResults(JSON.stringify(earlier), httpBenchmark.tables);
  assert.equal(chartOf(httpBenchmark, read), chartOf(httpBenchmark, results()));
  assert.match(reportOf(httpBenchmark, read), /and idle, TLS[\s\S]*0\.50/);
});

test("aquatic's blocks are read as they come, its closing average is not another", () => {
  let blocks = 0;
  const reader = new TesterReportReader(HTTP_LABELS, () => blocks++);
  for (const line of [
    "",
    "Requests out: 100.00/second",
    "Responses in: 99.50/second",
    "  - Announce responses: 98.00",
    "  - Scrape responses:   0.00",
    "  - Failure responses:  1.50",
    "Bandwidth out: 1.00Mbit/s",
    "Requests out: 50.00/second",
    "Responses in: 49.00/second",
    "# aquatic load test report",
    "Requests out: 7.00/second",
  ])
    reader.line(line);
  assert.equal(blocks, 2);
  assert.deepEqual(reader.intervals, [
    { responses: 99.5, errors: 1.5, unannounced: 0 },
    { responses: 49, errors: 0, unannounced: 0 },
  ]);
});

test("wrk is sampled at its start and at its end, and counted from the line of its script", () => {
  let marks = 0;
  const reader = new TesterReportReader(HTTP_LABELS, () => marks++);
  for (const line of ["start", "Running 5s test", '{"responses":12,"errors":1,"unannounced":3}'])
    reader.line(line);
  assert.equal(marks, 2);
  assert.deepEqual(reader.intervals.at(-1), { responses: 12, errors: 1, unannounced: 3 });
});

test("torrents have the info hashes that the script of wrk names", () => {
  // Printed by announces.lua in wrk: percents(0, 1) and percents(9999, 1).
  assert.equal(infoHashOf(0), "0002b40dd90c83dc784f961866c859320007b09e");
  assert.equal(infoHashOf(9999), "2a3115040acd719a4c688552e35cef71fae1a69f");
});
