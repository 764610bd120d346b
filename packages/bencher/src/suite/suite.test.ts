import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../harness/arguments.ts";
import { fillIn, templateText } from "./competitor.ts";
import { chartOf, pageOf, ratiosToBest, roundsOf } from "./page.ts";
import type { Raw, Run } from "./raw.ts";
import { cpusFor } from "./round.ts";
import { readSuiteArguments } from "./suite-arguments.ts";
import { type Counts, figuresOf, type LoadFigures, usefulOf } from "./tester.ts";

const figures = (cpuMicros: number, changes: Partial<LoadFigures> = {}): LoadFigures => ({
  ...{ requestsPerSecond: 210, responsesPerSecond: 200, usefulPerSecond: 100, cpuMicros },
  ...{ serverBusy: 1, testerBusy: 0.5, othersBusy: 0 },
  ...{ p50: 10, p99: 20, p999: 30, errors: 0, lost: 0, announces: 50, residentBytes: 2 ** 21 },
  ...changes,
});

const run = (round: string, server: string, micros: number, role: Run["role"] = "rival"): Run => ({
  ...{ round, table: "udp", server, role, version: `${server} 1.0` },
  ...{ cores: 1, sharesCpu: false, emptyBytes: 2 ** 20, coverage: 1 },
  ...{ saturated: figures(micros), half: figures(micros) },
});

const raw = (): Raw => ({
  ...{ machine: "a machine", date: "2026-11-25", missing: { chihaya: "no module" } },
  runs: [
    run("a", "C floor", 1, "floor"),
    ...[run("a", "swarmtide", 8, "swarmtide"), run("a", "aquatic", 10), run("a", "slow", 90)],
    ...[run("b", "slow", 7), run("b", "aquatic", 16), run("b", "swarmtide", 14, "swarmtide")],
    ...[run("c", "swarmtide", 10, "swarmtide"), run("c", "aquatic", 12)],
  ],
});

const TABLES = [
  {
    key: "udp",
    title: "UDP",
    competitors: ["C floor", "swarmtide", "aquatic", "slow"].map((name) => ({ name })),
  },
];

test("a ratio is to the best rival of the same round; floors are none", () => {
  const rounds = roundsOf(raw().runs, "udp", 1);
  assert.deepEqual(
    rounds.map((round) => round.length),
    [4, 3, 2],
  );
  assert.deepEqual(ratiosToBest(rounds, "swarmtide"), [1.25, 0.5, 1.2]);
});

test("the page holds medians and spreads, what is missing, and first where swarmtide is behind", () => {
  const page = pageOf(raw(), TABLES, "x.svg");
  assert.match(page, /\| swarmtide +\|.* 10\.00 \(8\.00–14\.00\) \| +1\.20 \(0\.50–1\.25\) \|/);
  assert.match(page, /In no table of this page swarmtide takes more/);
  assert.match(page, /- chihaya: no module/);
  const { runs, ...rest } = raw();
  const behind = pageOf({ ...rest, runs: runs.slice(4, 7) }, TABLES, "x.svg");
  assert.match(behind, /Where swarmtide is behind:\*\*\n\n- UDP, one core: swarmtide does 0\.50 ×/);
});

test("the page warns of servers that waited and of others on the machine", () => {
  const { runs, ...rest } = raw();
  const changed = runs.map((one) =>
    one.server === "aquatic"
      ? { ...one, saturated: figures(10, { serverBusy: 0.5, othersBusy: 0.4 }) }
      : one,
  );
  const page = pageOf({ ...rest, runs: changed }, TABLES, "x.svg");
  assert.match(page, /- aquatic waited for the tester/);
  assert.match(page, /- Beside aquatic others used 40 % of a core/);
  assert.ok(!page.includes("- swarmtide waited"));
  const shared = changed.map((one) => ({ ...one, sharesCpu: true }));
  assert.ok(!pageOf({ ...rest, runs: shared }, TABLES, "x.svg").includes("waited"));
  const losing = changed.map((one) => ({ ...one, saturated: { ...one.saturated, lost: 7 } }));
  assert.match(
    pageOf({ ...rest, runs: losing }, TABLES, "x.svg"),
    /- aquatic waited for the tester, and the tester for requests that were lost: read/,
  );
});

test("the chart has a bar for each tracker and none for a floor", () => {
  const chart = chartOf(raw(), TABLES);
  assert.equal(chart.match(/rx="3"/g)?.length, 3);
  assert.ok(chart.includes("100,000") && !chart.includes("C floor"));
});

const COUNTS: Counts = {
  ...{ sent: { connect: 5, announce: 100, scrape: 10 } },
  ...{ answered: { connect: 5, announce: 90, scrape: 9 } },
  ...{ errors: 3, lost: 7, duplicates: 1, unknown: 2, malformed: 4, wrongPeers: 6 },
  ...{ offers: 0, answers: 0 },
};

test("useful is an announce or a scrape with right peers; over WebTorrent an offer or an answer that arrived", () => {
  assert.equal(usefulOf(COUNTS, false), 93);
  assert.equal(usefulOf({ ...COUNTS, offers: 40, answers: 2 }, true), 42);
});

test("CPU time is divided by what was useful between two samples, errors are all that was wrong", () => {
  const nothing = { connect: 0, announce: 0, scrape: 0 };
  const none = { errors: 0, lost: 0, duplicates: 0, unknown: 0, malformed: 0, wrongPeers: 0 };
  const start = { ...COUNTS, ...none, sent: nothing, answered: nothing };
  const sample = (atSeconds: number, counts: Counts, used: number) => ({
    ...{ atSeconds, counts, serverSeconds: used, testerSeconds: used / 2, busySeconds: used * 2 },
  });
  const report = {
    ...{ requestsPerSecond: 1, counts: COUNTS, latencyMicroseconds: { p50: 1, p99: 2, p999: 3 } },
  };
  const result = figuresOf(sample(10, start, 1), sample(12, COUNTS, 2), report, false);
  assert.equal(result.usefulPerSecond, 46.5);
  assert.equal(Math.round(result.cpuMicros), Math.round(1e6 / 93));
  assert.deepEqual(
    [result.serverBusy, result.testerBusy, result.othersBusy, result.errors, result.lost],
    [0.5, 0.25, 0.25, 16, 7],
  );
});

test("every configuration of a rival fills in whole", () => {
  const values = {
    ...{ port: 1, workers: 1, folder: "/f", tls: true, keep_alive: true, kind: "udp" },
    address: "here",
  };
  const folder = fileURLToPath(new URL("../../rivals", import.meta.url));
  const files = readdirSync(folder).filter((name) => name !== "README.md");
  assert.ok(files.length >= 9);
  for (const name of files) {
    if (name.endsWith(".json")) JSON.parse(templateText(name));
    else assert.ok(!/[{}]/.test(fillIn(templateText(name), values)), name);
  }
  assert.throws(() => fillIn("{nothing}", values), /no value for \{nothing\}/);
});

test("the command line says which protocols, cores and rounds; mistakes are told in one line", () => {
  const quick = readSuiteArguments(["--only", "udp", "--quick", "--cores", "1,2"]);
  assert.deepEqual([quick?.protocols, quick?.rounds, quick?.cores], [["udp"], 1, [1, 2]]);
  assert.equal(readSuiteArguments(["-h"]), undefined);
  for (const args of [["--only", "tcp"], ["--rounds", "0"], ["--cores", "1,x"], ["--bogus"]])
    assert.throws(() => readSuiteArguments(args), UsageError);
});

test("a server has the first CPUs and the tester the next, or the last where none is left", () => {
  const all = cpusFor(1);
  assert.equal(all.server, "0");
  const many = cpusFor(1024);
  assert.equal(many.sharesCpu, true);
  assert.ok(many.load < 1024);
});
