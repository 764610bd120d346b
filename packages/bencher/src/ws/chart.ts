/**
 * Draws the result of `npm run bench:ws` as an SVG for the README: messages per CPU second, and memory per connection.
 * `npm run bench:ws -- --svg FILE` calls it, or, for a result that is there already:
 *
 *   node packages/bencher/dist/ws/chart.js bench-results/ws-….json > docs/benchmarks/ws.svg
 */
import { drawChart, drawFromCommandLine, serverBar } from "../bar-chart.ts";
import { bytesPerConnection } from "./connections.ts";
import { summarizeWsServers, type WsResults } from "./results.ts";

const ALTERNATIVE_TEXT =
  "WebTorrent messages per CPU second and memory per connection of swarmtide beside aquatic_ws and bittorrent-tracker";

export function drawWsChart(results: WsResults): string {
  const bar = (server: string, value: number, text: string) =>
    serverBar(server, value, text, results.versions);
  const blocks = results.comparisons.map(({ title, rounds }) => ({
    title: `WebTorrent messages per CPU second over TLS, ${title} (more is better)`,
    bars: summarizeWsServers(rounds).map(({ server, perCpuSecond }) =>
      bar(server, perCpuSecond, `${Math.round(perCpuSecond / 1000)},000`),
    ),
  }));
  const { crowd } = results;
  if (crowd)
    blocks.push({
      title: "Memory per connection (less is better)",
      bars: crowd.results.map((result) =>
        bar(
          result.server,
          bytesPerConnection(result),
          `${Math.round(bytesPerConnection(result) / 1024)} KiB`,
        ),
      ),
    });
  return drawChart(ALTERNATIVE_TEXT, blocks);
}

drawFromCommandLine(import.meta.url, drawWsChart);
