/**
 * Draws the result of `npm run bench:ws` as an SVG for the README: messages per CPU second, and memory per connection.
 * `npm run bench:ws -- --svg FILE` calls it, or, for a result that is there already:
 *
 *   node packages/bencher/dist/ws/chart.js bench-results/ws-….json > docs/benchmarks/ws.svg
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Bar, drawChart } from "../bar-chart.ts";
import { bytesPerConnection } from "./connections.ts";
import { summarizeWsServers, type WsResults } from "./results.ts";

const ALTERNATIVE_TEXT =
  "WebTorrent messages per CPU second and memory per connection of swarmtide beside aquatic_ws and bittorrent-tracker";

/** What a server is called in the chart: swarmtide with the Node.js that ran it. */
function labelOf(server: string, versions: WsResults["versions"]): string {
  const node = /Node\.js v(\d+)/.exec(versions[server] ?? "")?.[1];
  if (server.startsWith("swarmtide")) return `swarmtide, Node ${node ?? "?"}`;
  return server;
}

export function drawWsChart(results: WsResults): string {
  const bar = (server: string, value: number, text: string): Bar => ({
    label: labelOf(server, results.versions),
    value,
    text,
    isOurs: server.startsWith("swarmtide"),
  });
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , file] = process.argv;
  if (file === undefined) {
    console.error("Usage: node packages/bencher/dist/ws/chart.js RESULT.json > CHART.svg");
    process.exit(2);
  }
  process.stdout.write(drawWsChart(JSON.parse(readFileSync(file, "utf8"))));
}
