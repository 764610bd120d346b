/**
 * Draws the result of `npm run bench:http` as an SVG for docs/benchmarks: answers per CPU second for each way to connect,
 * and memory per idle connection. `npm run bench:http -- --svg FILE` calls it, or, for a result that is there already:
 *
 *   node packages/bencher/dist/http/chart.js bench-results/http-….json > docs/benchmarks/http.svg
 */
import { drawChart, drawFromCommandLine, serverBar } from "../bar-chart.ts";
import { type IdleResult, idleBytesPerConnection } from "./idle-connections.ts";
import { type HttpResults, summarizeHttpServers } from "./results.ts";

const ALTERNATIVE_TEXT =
  "HTTP answers per CPU second and memory per idle connection of swarmtide beside aquatic_http, opentracker and the floor of kernel sockets";

const LABELS = { floor: "C epoll (floor)" };

/** Never below zero: a process may give back more of its start than its connections take. */
const kibibytesEach = (result: IdleResult): number =>
  Math.max(0, idleBytesPerConnection(result) / 1024);

export function drawHttpChart(results: HttpResults): string {
  const bar = (server: string, value: number, text: string) =>
    serverBar(server, value, text, results.versions, LABELS);
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

drawFromCommandLine(import.meta.url, drawHttpChart);
