/**
 * Draws the result of `npm run bench:http` as an SVG for docs/benchmarks: answers per CPU second for each way to connect,
 * and memory per idle connection. `npm run bench:http -- --svg FILE` calls it, or, for a result that is there already:
 *
 *   node packages/bencher/dist/http/chart.js bench-results/http-….json > docs/benchmarks/http.svg
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Bar, drawChart } from "../bar-chart.ts";
import { type IdleResult, idleBytesPerConnection } from "./idle-connections.ts";
import { type HttpResults, summarizeHttpServers } from "./results.ts";

const ALTERNATIVE_TEXT =
  "HTTP answers per CPU second and memory per idle connection of swarmtide beside aquatic_http, opentracker and the floor of kernel sockets";

/** What a server is called in the chart: swarmtide with the Node.js that ran it. */
function labelOf(server: string, versions: HttpResults["versions"]): string {
  if (server === "floor") return "C epoll (floor)";
  if (!server.startsWith("swarmtide")) return server;
  return `swarmtide, Node ${/Node\.js v(\d+)/.exec(versions[server] ?? "")?.[1] ?? "?"}`;
}

/** Never below zero: a process may give back more of its start than its connections take. */
const kibibytesEach = (result: IdleResult): number =>
  Math.max(0, idleBytesPerConnection(result) / 1024);

export function drawHttpChart(results: HttpResults): string {
  const bar = (server: string, value: number, text: string): Bar => ({
    label: labelOf(server, results.versions),
    value,
    text,
    isOurs: server.startsWith("swarmtide"),
  });
  const blocks = results.comparisons.map(({ title, rounds }) => ({
    title: `${title}: answers per CPU s (more is better)`,
    bars: summarizeHttpServers(rounds).map(({ server, perCpuSecond }) =>
      bar(server, perCpuSecond, `${Math.round(perCpuSecond).toLocaleString("en")}`),
    ),
  }));
  for (const isTls of [false, true]) {
    const own = results.idle.filter((result) => result.isTls === isTls);
    if (own.length === 0) continue;
    blocks.push({
      title: `Memory per idle connection${isTls ? ", TLS" : ", plain"} (less is better)`,
      bars: own.map((result) =>
        bar(result.server, kibibytesEach(result), `${kibibytesEach(result).toFixed(1)} KiB`),
      ),
    });
  }
  return drawChart(ALTERNATIVE_TEXT, blocks);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , file] = process.argv;
  if (file === undefined) {
    console.error("Usage: node packages/bencher/dist/http/chart.js RESULT.json > CHART.svg");
    process.exit(2);
  }
  process.stdout.write(drawHttpChart(JSON.parse(readFileSync(file, "utf8"))));
}
