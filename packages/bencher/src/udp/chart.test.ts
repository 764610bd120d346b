import assert from "node:assert/strict";
import { test } from "node:test";
import { drawUdpChart } from "./chart.ts";
import type { UdpResults } from "./results.ts";

const round = (server: string, responsesPerSecond: number, growthMib: number) => ({
  server,
  command: [],
  loadConfig: "",
  responsesPerSecond,
  requestsPerSecond: responsesPerSecond,
  announcesPerSecond: responsesPerSecond / 2,
  errorsPerSecond: 0,
  peersPerAnnounce: 20,
  userMicros: 1,
  systemMicros: 4,
  serverBusy: 1,
  strangersBusy: 0,
  coverage: 1,
  residentBeforeBytes: 0,
  residentAfterBytes: growthMib * 2 ** 20,
  complaints: 0,
});

test("a chart has a bar for each server, as long as its value, and our own stands out", () => {
  const results: UdpResults = {
    date: "",
    machine: "",
    versions: {},
    load: {
      durationSeconds: 1,
      warmupSeconds: 0,
      torrents: 1,
      peers: 1,
      serverCpu: 0,
      loadCpu: 1,
    },
    rounds: [
      [
        round("floor", 200_000, 0),
        round("aquatic_udp", 100_000, 200),
        round("swarmtide", 150_000, 50),
      ],
    ],
  };
  const svg = drawUdpChart(results);
  const widths = [...svg.matchAll(/<rect x="190"[^>]* width="(\d+)"/g)].map((match) =>
    Number(match[1]),
  );
  assert.deepEqual(widths, [440, 220, 330, 440, 110]);
  assert.equal([...svg.matchAll(/#0b7285/g)].length, 2);
  assert.match(svg, /150,000\/s/);
  assert.match(svg, />200 MiB</);
});
