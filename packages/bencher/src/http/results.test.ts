import assert from "node:assert/strict";
import { test } from "node:test";
import { drawHttpChart } from "./chart.ts";
import type { IdleResult } from "./idle-connections.ts";
import { type HttpResults, httpReport, httpWarnings, summarizeHttpServers } from "./results.ts";
import { type HttpRound, summarizeHttpRound } from "./round.ts";

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

const idle = (server: string, isTls: boolean, bytesEach: number): IdleResult => ({
  server,
  isTls,
  connections: 1000,
  lost: 0,
  residentBeforeBytes: 0,
  residentAfterBytes: bytesEach * 1000,
});

const results = (changes: Partial<HttpResults> = {}): HttpResults => ({
  date: "2026-11-24 12:00",
  machine: "a machine",
  versions: { swarmtide: "swarmtide 0.1.0, Node.js v20.1.0" },
  load: { durationSeconds: 15, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
  comparisons: [
    {
      title: "Plain",
      description: "All at once.",
      rounds: [[round("floor", 6), round("aquatic_http", 80), round("swarmtide", 8)]],
    },
  ],
  idle: [idle("aquatic_http", true, 20_480), idle("swarmtide", true, 10_240)],
  ...changes,
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
  const [, , ours] = summarizeHttpServers(rounds);
  assert.equal(ours?.perCpuSecondToAquatic?.toFixed(3), "10.000");
  assert.equal(ours?.costToFloor, 1.5);
  assert.equal(ours?.perCpuSecondToOpentracker, undefined);
});

test("the report warns of noise, of idle servers and of errors", () => {
  const lines = httpWarnings([
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
  assert.deepEqual(httpWarnings([[round("swarmtide", 5)]]), []);
});

test("the report holds every table, and memory beside aquatic's of the same kind", () => {
  const report = httpReport(results());
  for (const part of ["## Plain", "All at once.", "10.00", "1.33", "kept and idle", "0.50"])
    assert.ok(report.includes(part), part);
  assert.ok(!httpReport(results({ idle: [] })).includes("idle\n"));
});

test("the chart has a block for each way to connect and each kind of idle connection", () => {
  const chart = drawHttpChart(results());
  assert.equal(chart.match(/font-weight="bold"/g)?.length, 2);
  assert.match(chart, /swarmtide, Node 20/);
  assert.match(chart, /125,000/);
});
