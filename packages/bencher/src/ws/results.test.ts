import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesPerConnection } from "./connections.ts";
import { summarizeWsServers, wsCrowdTable, wsReport, wsWarnings } from "./results.ts";
import { summarizeWsRound, type WsRound } from "./round.ts";

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

test("messages a CPU second are compared within each round", () => {
  const [rival, own] = summarizeWsServers([
    [round("aquatic_ws", 20), round("swarmtide", 10)],
    [round("aquatic_ws", 40), round("swarmtide", 10)],
    [round("aquatic_ws", 30), round("swarmtide", 10)],
  ]);
  assert.equal(rival?.perCpuSecondToAquatic, 1);
  assert.equal(own?.perCpuSecond, 100_000);
  assert.equal(own?.perCpuSecondToAquatic, 3);
});

test("without the rival there is no ratio", () => {
  assert.equal(summarizeWsServers([[round("swarmtide", 9)]])[0]?.perCpuSecondToAquatic, undefined);
});

test("a noisy machine, an idle server and errors are told", () => {
  const odd = { ...round("swarmtide", 9), strangersBusy: 0.2, serverBusy: 0.5, errors: 3 };
  assert.equal(wsWarnings([[odd]]).length, 3);
  assert.deepEqual(wsWarnings([[round("swarmtide", 9)]]), []);
});

const crowdOf = (server: string, residentAfterBytes: number) => ({
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
  assert.match(wsCrowdTable([rival, own]), /swarmtide .*\b30\.0 \| +3\.00 \|/);
});

test("the report names every table, the load and the versions", () => {
  const report = wsReport({
    date: "2026-01-01 00:00",
    machine: "a machine",
    versions: { swarmtide: "0.1.0" },
    load: { durationSeconds: 20, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
    comparisons: [
      {
        title: "A mix",
        description: "Ten offers.",
        rounds: [[round("aquatic_ws", 20), round("swarmtide", 10)]],
      },
    ],
    crowd: { description: "Many.", results: [crowdOf("swarmtide", 4_096_000)] },
  });
  for (const part of ["## A mix", "Ten offers.", "2.00", "## Connections", "swarmtide: 0.1.0"])
    assert.ok(report.includes(part), part);
});
