import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../markdown-table.ts";
import { markdownReport, summarizeServers, type UdpResults, warnings } from "./results.ts";
import { summarizeRound, type UdpRound } from "./round.ts";

const round = (server: string, changes: Partial<UdpRound> = {}): UdpRound => ({
  server,
  command: [server, "-c", "config.toml"],
  loadConfig: 'server_address = "127.0.0.1:1"\n',
  responsesPerSecond: 100_000,
  requestsPerSecond: 110_000,
  announcesPerSecond: 50_000,
  errorsPerSecond: 0,
  peersPerAnnounce: 21,
  userMicros: 1,
  systemMicros: 4,
  serverBusy: 0.5,
  strangersBusy: 0.01,
  coverage: 1.5,
  residentBeforeBytes: 10 * 2 ** 20,
  residentAfterBytes: 30 * 2 ** 20,
  complaints: 0,
  ...changes,
});

const results = (rounds: UdpResults["rounds"]): UdpResults => ({
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
  rounds,
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
  const own = summarizeServers(rounds)[1];
  assert.equal(own?.rateToAquatic, 1.1);
  assert.equal(own?.responsesPerSecond, 100);
  assert.equal(own?.rateToFloor, undefined);
});

test("CPU time per response is compared too, user and system together", () => {
  const summaries = summarizeServers([
    [
      round("floor", { userMicros: 0, systemMicros: 4 }),
      round("aquatic_udp", { userMicros: 2, systemMicros: 8 }),
      round("swarmtide", { userMicros: 1, systemMicros: 4 }),
    ],
  ]);
  assert.equal(summaries[2]?.costToAquatic, 0.5);
  assert.equal(summaries[2]?.costToFloor, 1.25);
});

test("memory growth is what the load added, against the rival's of the same round", () => {
  const own = summarizeServers([
    [
      round("aquatic_udp", { residentBeforeBytes: 8, residentAfterBytes: 208 }),
      round("swarmtide", { residentBeforeBytes: 60, residentAfterBytes: 140 }),
    ],
  ])[1];
  assert.equal(own?.growthBytes, 80);
  assert.equal(own?.growthToAquatic, 0.4);
});

test("the report warns of noise, of peers that never came, and of errors", () => {
  const noisy = results([
    [round("floor", { strangersBusy: 0.3, coverage: 0.5, errorsPerSecond: 2, complaints: 3 })],
  ]);
  assert.match(
    warnings(noisy).join("\n"),
    /Noisy.*30 %[\s\S]*Too short[\s\S]*errors[\s\S]*3 times/,
  );
  assert.deepEqual(warnings(results([[round("floor")]])), []);
  assert.match(markdownReport(noisy), /Noisy/);
});

test("the report names every server, its command and the load", () => {
  const report = markdownReport(results([[round("floor"), round("swarmtide")]]));
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
