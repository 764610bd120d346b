import assert from "node:assert/strict";
import { test } from "node:test";
import { tableOf, type XdpRound } from "./table.ts";

const SERVERS = ["aquatic_udp", "swarmtide mmsg", "swarmtide xdp"];

const round = (server: string, responsesPerSecond: number, load = "mix"): XdpRound => ({
  ...{ load, server, responsesPerSecond, errors: 0, answeredShare: 1, coreBusy: 0.9 },
  floodPerSecond: load === "flood" ? 400_000 : 0,
});

test("a ratio is taken within each round before the median", () => {
  const rounds = [100, 10, 1000].flatMap((speed) => [
    round("aquatic_udp", speed),
    round("swarmtide mmsg", 1.5 * speed),
    round("swarmtide xdp", (speed === 10 ? 9 : 3) * speed),
  ]);
  const table = tableOf(rounds, SERVERS);
  assert.match(table, /^mix: .*; 3 rounds$/m);
  assert.match(table, /^\| swarmtide xdp \| 300 \| 3\.00 × \| 2\.00 × \| 100\.0 % \| 90 % \|$/m);
  assert.doesNotMatch(table, /^flood/m);
});

test("under a flood the table says how large it was", () => {
  const rounds = SERVERS.map((server) => round(server, 5000, "flood"));
  assert.match(tableOf(rounds, SERVERS), /\| swarmtide xdp \|.*\| 400,000 \|$/m);
});
