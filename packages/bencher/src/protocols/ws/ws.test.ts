import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesPerConnection } from "../../harness/crowd.ts";
import { figureOf, summaryTable } from "../../harness/figures.ts";
import { chartOf, reportOf, warningsOf } from "../../harness/report.ts";
import { parseResults, type Results } from "../../harness/results.ts";
import { TesterReportReader } from "../../harness/tester-report.ts";
import {
  answersColumn,
  answersToAquatic,
  deliveredColumn,
  deliveredToAquatic,
  summarizeWsRound,
  WS_LABELS,
  type WsCrowdRound,
  type WsRound,
  wsBenchmark,
  wsCrowdSheet,
  wsSheet,
} from "./ws.ts";

const interval = (received: number) => ({
  sent: received / 2,
  received,
  announces: 0,
  offers: received,
  answers: 0,
  scrapes: 0,
  errors: 0,
  connections: 16,
  lost: 0,
});

const sample = (atSeconds: number, userSeconds: number) => ({
  atSeconds,
  userSeconds,
  systemSeconds: userSeconds / 2,
  strangersSeconds: atSeconds / 10,
});

const round = (server: string, micros: number): WsRound => ({
  ...interval(50_000),
  server,
  command: [server],
  userMicros: micros / 2,
  systemMicros: micros / 2,
  serverBusy: 1,
  strangersBusy: 0,
  residentBeforeBytes: 1,
  residentAfterBytes: 2,
  residentPeakBytes: 3,
});

test("a round counts CPU time and messages of the same stretch, without the warm-up", () => {
  const result = summarizeWsRound(
    5,
    [sample(100, 1), sample(105, 3), sample(110, 5)],
    [interval(999_999), interval(10_000), interval(30_000)],
  );
  assert.equal(result.received, 20_000);
  assert.equal(result.userMicros, 20);
  assert.equal(result.systemMicros, 10);
  assert.equal(result.serverBusy, 0.6);
  assert.equal(result.strangersBusy.toFixed(3), "0.050");
});

test("a load that ended within the warm-up is refused", () => {
  assert.throws(() => summarizeWsRound(5, [sample(100, 1)], [interval(1)]), /warm-up/);
});

test("offers and answers a CPU second are compared within each round", () => {
  const rounds = [
    [round("aquatic_ws", 20), round("swarmtide", 10)],
    [round("aquatic_ws", 40), round("swarmtide", 10)],
    [round("aquatic_ws", 30), round("swarmtide", 10)],
  ];
  assert.equal(figureOf(rounds, "aquatic_ws", deliveredToAquatic), 1);
  assert.equal(figureOf(rounds, "swarmtide", deliveredColumn), 100_000);
  assert.equal(figureOf(rounds, "swarmtide", deliveredToAquatic), 3);
  assert.match(
    summaryTable(rounds, [deliveredToAquatic]),
    /swarmtide +\| +3\.00 \| 2\.00–4\.00 \|/,
  );
});

test("replies and errors earn a server nothing", () => {
  const mixed = (server: string, offers: number, answers: number): WsRound => ({
    ...round(server, 10),
    ...{ received: 100, offers, answers, announces: 100 - offers - answers },
  });
  const rounds = [[mixed("aquatic_ws", 60, 20), mixed("swarmtide", 30, 10)]];
  assert.equal(figureOf(rounds, "swarmtide", deliveredColumn), 40_000);
  assert.equal(figureOf(rounds, "swarmtide", deliveredToAquatic), 0.5);
  assert.equal(figureOf(rounds, "swarmtide", answersColumn), 10_000);
  assert.equal(figureOf(rounds, "swarmtide", answersToAquatic), 0.5);
});

test("without the rival there is no ratio", () => {
  assert.equal(figureOf([[round("swarmtide", 9)]], "swarmtide", deliveredToAquatic), undefined);
});

test("a noisy machine, an idle server and errors are told", () => {
  const odd = { ...round("swarmtide", 9), strangersBusy: 0.2, serverBusy: 0.5, errors: 3 };
  assert.equal(warningsOf(wsSheet, [[odd]]).length, 3);
  assert.deepEqual(warningsOf(wsSheet, [[round("swarmtide", 9)]]), []);
});

const crowdOf = (server: string, residentAfterBytes: number): WsCrowdRound => ({
  server,
  connections: 100,
  lost: 0,
  errors: 0,
  residentBeforeBytes: 1_024_000,
  residentAfterBytes,
  cpuSeconds: 1,
});

test("a connection costs what the server's memory grew by, divided by all of them", () => {
  const rival = crowdOf("aquatic_ws", 2_048_000);
  const own = crowdOf("swarmtide", 4_096_000);
  assert.equal(bytesPerConnection(rival), 10_240);
  const columns = wsCrowdSheet.summaries[0]?.columns ?? [];
  assert.match(summaryTable([[rival, own]], columns), /swarmtide .*\b30\.0 \| +3\.00 \|/);
});

const results = (crowd: WsCrowdRound): Results => ({
  date: "2026-01-01 00:00",
  machine: "a machine",
  versions: { swarmtide: "0.1.0", "swarmtide-newest": "0.1.0, Node.js v26.1.0" },
  load: { durationSeconds: 20, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
  comparisons: [
    {
      title: "aquatic's mix",
      description: "Ten offers.",
      rounds: [[round("aquatic_ws", 20), round("swarmtide-newest", 10)]],
    },
    { title: "Connections", description: "Many.", rounds: [[crowd]] },
  ],
});

test("the report names every table, the load and the versions", () => {
  const report = reportOf(wsBenchmark, results(crowdOf("swarmtide", 4_096_000)));
  for (const part of [
    "## aquatic's mix",
    "Ten offers.",
    "2.00",
    "## Connections",
    "swarmtide: 0.1.0",
  ])
    assert.ok(report.includes(part), part);
});

test("the chart has a bar for each server of each table, and names itself to those who cannot see it", () => {
  const crowd = crowdOf("aquatic_ws", 2_048_000 + 9_216_000);
  const chart = chartOf(wsBenchmark, results(crowd));
  assert.equal(chart.match(/rx="3"/g)?.length, 3);
  assert.match(chart, /role="img" aria-label="WebTorrent/);
  assert.match(chart, /<title>WebTorrent/);
  for (const text of ["swarmtide, Node 26", "50,000", "100,000", "100 KiB", "aquatic's mix"])
    assert.ok(chart.includes(text), text);
  const { comparisons, ...rest } = results(crowd);
  const earlier = { ...rest, comparisons: comparisons.slice(0, 1) };
  const text = JSON.stringify({ ...earlier, crowd: { description: "Many.", results: [crowd] } });
  assert.equal(chartOf(wsBenchmark, parseResults(text, wsBenchmark.tables)), chart);
});

/** As aquatic_ws_load_test 0.9.0 prints it. */
const block = (sent: string, received: string): string[] => [
  "",
  `Requests out: ${sent}/second`,
  `Responses in: ${received}/second`,
  "  - Announce responses: 17143.80",
  "  - Offer responses:    55069.20",
  "  - Answer responses:   7310.20",
  "  - Scrape responses:   0.00",
  "  - Error responses:    0.00",
  "Active connections: 24",
];

test("every block becomes an interval with its figures, and the closing report changes none", () => {
  let heard = 0;
  const reader = new TesterReportReader(WS_LABELS, () => heard++);
  for (const line of [
    "Max connections reached",
    ...block("72763.00", "72758.20"),
    ...block("79523.20", "79523.40"),
    "# aquatic load test report",
    "Test ran for 15 seconds.",
    "Average responses per second: 72598.93",
    ...block("1.00", "2.00"),
  ])
    reader.line(line);
  assert.equal(heard, 2);
  assert.equal(reader.intervals.length, 2);
  assert.deepEqual(reader.intervals[1], {
    sent: 79523.2,
    received: 79523.4,
    announces: 17143.8,
    offers: 55069.2,
    answers: 7310.2,
    scrapes: 0,
    errors: 0,
    connections: 24,
    lost: 0,
  });
});

test("what comes before the first block is passed over", () => {
  const reader = new TesterReportReader(WS_LABELS, () => assert.fail("no block has begun"));
  reader.line("Responses in: 5.00/second");
  assert.deepEqual(reader.intervals, []);
});

test("a line of JSON is an interval of its own", () => {
  let heard = 0;
  const reader = new TesterReportReader(WS_LABELS, () => heard++);
  const counts = { sent: 1, received: 5, announces: 1, offers: 3, answers: 1, scrapes: 0 };
  const interval = { ...counts, errors: 0, connections: 7, lost: 2 };
  reader.line(JSON.stringify(interval));
  assert.equal(heard, 1);
  assert.deepEqual(reader.intervals, [interval]);
});
