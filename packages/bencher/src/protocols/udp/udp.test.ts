import assert from "node:assert/strict";
import { test } from "node:test";
import { figureOf, median } from "../../harness/figures.ts";
import type { Rounds } from "../../harness/protocol.ts";
import { chartOf, reportOf, warningsOf } from "../../harness/report.ts";
import type { Results } from "../../harness/results.ts";
import { TesterReportReader } from "../../harness/tester-report.ts";
import {
  costToAquatic,
  costToFloor,
  growthColumn,
  growthToAquatic,
  rateToAquatic,
  rateToFloor,
  responsesColumn,
  summarizeRound,
  UDP_LABELS,
  type UdpRound,
  udpBenchmark,
  udpSheet,
} from "./udp.ts";

const round = (server: string, changes: Partial<UdpRound> = {}): UdpRound => ({
  server,
  command: [server, "-c", "config.toml"],
  responsesPerSecond: 100_000,
  requestsPerSecond: 110_000,
  announcesPerSecond: 50_000,
  errorsPerSecond: 0,
  peersPerAnnounce: 21,
  userMicros: 1,
  systemMicros: 4,
  serverBusy: 0.95,
  strangersBusy: 0.01,
  coverage: 1.5,
  residentBeforeBytes: 10 * 2 ** 20,
  residentAfterBytes: 30 * 2 ** 20,
  complaints: 0,
  ...changes,
});

const results = (rounds: Rounds<UdpRound>): Results => ({
  date: "2026-01-02 03:04",
  machine: "a machine",
  versions: { floor: "C" },
  load: {
    durationSeconds: 40,
    warmupSeconds: 5,
    torrents: 1000,
    peers: 2000,
    serverCpu: 0,
    loadCpu: 1,
  },
  comparisons: [{ title: "aquatic's mix", description: "As it comes.", rounds }],
});

test("the median of an even number of values is the middle of the two middle ones", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("a ratio is taken within each round before the median, not from two medians", () => {
  const rounds = [
    [
      round("aquatic_udp", { responsesPerSecond: 100 }),
      round("swarmtide", { responsesPerSecond: 110 }),
    ],
    [
      round("aquatic_udp", { responsesPerSecond: 50 }),
      round("swarmtide", { responsesPerSecond: 60 }),
    ],
    [
      round("aquatic_udp", { responsesPerSecond: 200 }),
      round("swarmtide", { responsesPerSecond: 100 }),
    ],
  ];
  assert.equal(figureOf(rounds, "swarmtide", rateToAquatic), 1.1);
  assert.equal(figureOf(rounds, "swarmtide", responsesColumn), 100);
  assert.equal(figureOf(rounds, "swarmtide", rateToFloor), undefined);
});

test("CPU time per response is compared too, user and system together", () => {
  const rounds = [
    [
      round("floor", { userMicros: 0, systemMicros: 4 }),
      round("aquatic_udp", { userMicros: 2, systemMicros: 8 }),
      round("swarmtide", { userMicros: 1, systemMicros: 4 }),
    ],
  ];
  assert.equal(figureOf(rounds, "swarmtide", costToAquatic), 0.5);
  assert.equal(figureOf(rounds, "swarmtide", costToFloor), 1.25);
});

test("memory growth is what the load added, against the rival's of the same round", () => {
  const rounds = [
    [
      round("aquatic_udp", { residentBeforeBytes: 8, residentAfterBytes: 208 }),
      round("swarmtide", { residentBeforeBytes: 60, residentAfterBytes: 140 }),
    ],
  ];
  assert.equal(figureOf(rounds, "swarmtide", growthColumn), 80);
  assert.equal(figureOf(rounds, "swarmtide", growthToAquatic), 0.4);
});

test("the report warns of noise, of peers that never came, and of errors", () => {
  const noisy = [
    [round("floor", { strangersBusy: 0.3, coverage: 0.5, errorsPerSecond: 2, complaints: 3 })],
  ];
  assert.match(
    warningsOf(udpSheet, noisy).join("\n"),
    /Noisy.*30 %[\s\S]*Too short[\s\S]*errors[\s\S]*3 times/,
  );
  assert.deepEqual(warningsOf(udpSheet, [[round("floor")]]), []);
  assert.match(reportOf(udpBenchmark, results(noisy)), /Noisy/);
});

test("the report names every server, its command and the load", () => {
  const report = reportOf(udpBenchmark, results([[round("floor"), round("swarmtide")]]));
  assert.match(report, /1,000 torrents, 2,000 peers, 1 rounds of 40 s/);
  assert.match(report, /^\| swarmtide +\| +100000 \|/m);
  assert.match(report, /^ {4}swarmtide: swarmtide -c config\.toml$/m);
});

test("a round leaves the warm-up out and weighs each interval by its length", () => {
  const interval = { requests: 0, connects: 0, scrapes: 0, errors: 0, peersPerAnnounce: 20 };
  const summary = summarizeRound(
    { warmupSeconds: 5, peers: 1000 },
    [
      { atSeconds: 5, userSeconds: 1, systemSeconds: 2, strangersSeconds: 0 },
      { atSeconds: 10, userSeconds: 2, systemSeconds: 5, strangersSeconds: 1 },
      { atSeconds: 20, userSeconds: 4, systemSeconds: 11, strangersSeconds: 3 },
    ],
    [
      { ...interval, responses: 7, announces: 100 },
      { ...interval, responses: 1000, announces: 100 },
      { ...interval, responses: 400, announces: 100 },
    ],
  );
  // 5 s of 1000/s and 10 s of 400/s: 9000 responses in 15 s, for 3 s of user and 9 s of system time.
  assert.equal(summary.responsesPerSecond, 600);
  assert.equal(Math.round(summary.userMicros), 333);
  assert.equal(summary.systemMicros, 1000);
  assert.equal(summary.serverBusy, 0.8);
  assert.equal(summary.strangersBusy, 0.1);
  assert.equal(summary.coverage, 2);
  assert.equal(summary.peersPerAnnounce, 20);
});

test("a load that ends within the warm-up gives no figures", () => {
  assert.throws(() => summarizeRound({ warmupSeconds: 5, peers: 1 }, [], []), /before its first/);
});

test("a chart has a bar for each server, as long as its value, and our own stands out", () => {
  const grown = (server: string, responsesPerSecond: number, mebibytes: number) =>
    round(server, {
      responsesPerSecond,
      residentBeforeBytes: 0,
      residentAfterBytes: mebibytes * 2 ** 20,
    });
  const svg = chartOf(
    udpBenchmark,
    results([
      [
        grown("floor", 200_000, 0),
        grown("aquatic_udp", 100_000, 200),
        grown("swarmtide", 150_000, 50),
      ],
    ]),
  );
  const widths = [...svg.matchAll(/<rect x="240"[^>]* width="(\d+)"/g)].map((match) =>
    Number(match[1]),
  );
  assert.deepEqual(widths, [440, 220, 330, 440, 110]);
  assert.equal([...svg.matchAll(/#0b7285/g)].length, 2);
  assert.match(svg, /150,000\/s/);
  assert.match(svg, />200 MiB</);
});

/** As aquatic_udp_load_test 0.9.0 prints it, extra statistics on. */
const block = (requests: string, responses: string, peers: string): string[] => [
  "",
  `Requests out: ${requests}/second`,
  `Responses in: ${responses}/second`,
  "  - Connect responses:  97182.88",
  "  - Announce responses: 97124.89",
  "  - Scrape responses:   1918.80",
  "  - Error responses:    0.25",
  `Peers per announce response: ${peers}`,
  "Announce responses per info hash:",
  "  - p10: 1",
  "  - p100: 214",
];

const closing = [
  "# aquatic load test report",
  "",
  "Test ran for 15 seconds",
  "Average responses per second: 195521.71",
  "  - Connect responses:  1.00",
  "  - Announce responses: 2.00",
];

test("every block becomes an interval with its figures, and the closing report changes none", () => {
  let heard = 0;
  const reader = new TesterReportReader(UDP_LABELS, () => heard++);
  for (const line of [
    "Peers per info hash:",
    "  - p10: 1",
    ...block("211992.83", "191144.58", "15.74"),
    ...block("218252.16", "196226.56", "20.63"),
    ...closing,
  ])
    reader.line(line);
  assert.equal(heard, 2);
  assert.equal(reader.intervals.length, 2);
  assert.deepEqual(reader.intervals[1], {
    requests: 218252.16,
    responses: 196226.56,
    connects: 97182.88,
    announces: 97124.89,
    scrapes: 1918.8,
    errors: 0.25,
    peersPerAnnounce: 20.63,
  });
  assert.equal(reader.complaints, 0);
});

test("an interval without an announce reply has no average number of peers", () => {
  const reader = new TesterReportReader(UDP_LABELS, () => {});
  for (const line of block("0.00", "0.00", "NaN")) reader.line(line);
  assert.ok(Number.isNaN(reader.intervals[0]?.peersPerAnnounce));
});

test("what the load tester complains of is counted", () => {
  const reader = new TesterReportReader(UDP_LABELS, () => {});
  reader.line("recv error: Connection refused (os error 111)");
  reader.line("Received invalid response: Io(");
  assert.equal(reader.complaints, 2);
});
