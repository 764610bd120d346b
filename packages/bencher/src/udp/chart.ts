/**
 * Draws the result of `npm run bench:udp` as an SVG with two rows of bars, for the README:
 *
 *   node packages/bencher/dist/udp/chart.js bench-results/udp-….json > docs/benchmarks/udp.svg
 */
import { type Bar, drawChart, drawFromCommandLine } from "../bar-chart.ts";
import { summarizeServers, type UdpResults } from "./results.ts";

const ALTERNATIVE_TEXT = "UDP responses per second and memory of swarmtide beside aquatic_udp";

const LABELS: Readonly<Record<string, string>> = {
  floor: "C echo (floor)",
  aquatic_udp: "aquatic_udp 0.9.0",
  swarmtide: "swarmtide",
};

/** The chart of all servers that ran; text takes the colour of the page it stands on. */
export function drawUdpChart(results: UdpResults): string {
  const summaries = summarizeServers(results.rounds);
  const speed = summaries.map<Bar>((summary) => ({
    label: LABELS[summary.server] ?? summary.server,
    value: summary.responsesPerSecond,
    text: `${Math.round(summary.responsesPerSecond / 1000)},000/s`,
    isOurs: summary.server === "swarmtide",
  }));
  const memory = summaries
    .filter((summary) => summary.server !== "floor")
    .map<Bar>((summary) => ({
      label: LABELS[summary.server] ?? summary.server,
      value: summary.growthBytes,
      text: `${Math.round(summary.growthBytes / 2 ** 20)} MiB`,
      isOurs: summary.server === "swarmtide",
    }));
  return drawChart(ALTERNATIVE_TEXT, [
    { title: "UDP responses per second, one core (more is better)", bars: speed },
    { title: "Memory for 1 M torrents and 2 M peers (less is better)", bars: memory },
  ]);
}

drawFromCommandLine(import.meta.url, drawUdpChart);
