import assert from "node:assert/strict";
import { test } from "node:test";
import { drawWsChart } from "./chart.ts";

test("the chart has a bar for each server of each table, and names itself to those who cannot see it", () => {
  const round = (server: string, micros: number) => ({
    ...{ server, command: [], sent: 1, received: 2, announces: 1, offers: 1, answers: 0 },
    ...{ scrapes: 0, errors: 0, connections: 1, lost: 0, serverBusy: 1, strangersBusy: 0 },
    ...{ userMicros: micros, systemMicros: 0 },
    ...{ residentBeforeBytes: 1, residentAfterBytes: 1, residentPeakBytes: 1 },
  });
  const crowd = { connections: 10, lost: 0, errors: 0, cpuSeconds: 1, residentBeforeBytes: 0 };
  const chart = drawWsChart({
    date: "",
    machine: "",
    versions: { "swarmtide-newest": "0.1.0, Node.js v26.1.0" },
    load: { durationSeconds: 20, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
    comparisons: [
      {
        title: "a <mix>",
        description: "",
        rounds: [[round("aquatic_ws", 20), round("swarmtide-newest", 10)]],
      },
    ],
    crowd: {
      description: "",
      results: [{ ...crowd, server: "aquatic_ws", residentAfterBytes: 1_024_000 }],
    },
  });
  assert.equal(chart.match(/rx="3"/g)?.length, 3);
  assert.match(chart, /role="img" aria-label="WebTorrent/);
  assert.match(chart, /<title>WebTorrent/);
  for (const text of ["swarmtide, Node 26", "50,000", "100,000", "100 KiB", "a &lt;mix&gt;"])
    assert.ok(chart.includes(text), text);
});
