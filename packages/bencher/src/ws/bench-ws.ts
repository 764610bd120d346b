/**
 * `npm run bench:ws`: swarmtide, aquatic_ws and bittorrent-tracker side by side over TLS, in one run.
 *
 * The servers take turns (A B C A B C …), each alone on its CPU: under aquatic's own load tester, under ours with large
 * offers, and once with many connections. Prints the tables and writes them with every figure into a folder. Installs
 * what is missing first (minutes, once).
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  assertTwoCpus,
  asUsage,
  COMMON_OPTIONS,
  inTurns,
  listed,
  readCommonOptions,
  runProgram,
  whenAndWhere,
  wholeNumber,
  writeResults,
} from "../bench-program.ts";
import { cpuMicros } from "../report-parts.ts";
import type { BenchServer } from "../running-server.ts";
import { drawWsChart } from "./chart.ts";
import { crowdDescription, runWsCrowd, type WsCrowd, type WsCrowdResult } from "./connections.ts";
import { type WsComparison, type WsResults, wsReport } from "./results.ts";
import { runWsRound, type WsLoad } from "./round.ts";
import { WS_SERVERS, wsServerNamed } from "./servers.ts";
import { aquaticMix, largeOffers, shortOffers, type WsTester } from "./testers.ts";

const TABLES = ["mix", "short", "large", "connections"] as const;

const USAGE = `usage: npm run bench:ws -- [options]

  --rounds N        how often each server runs (3)
  --duration S      seconds of load per run, in steps of 5 (20)
  --warmup S        its first seconds that do not count, in steps of 5 (5)
  --servers LIST    which, in this order (${WS_SERVERS.join(",")})
  --tables LIST     which (${TABLES.join(",")})
  --connections N   for the last of them (10000)
  --hold S          seconds for which these stay (40)
  --server-cpu N    the CPU of the server (0)
  --load-cpu N      the CPU of the load tester (1)
  --out FOLDER      where the report and the figures go (bench-results)
  --svg FILE        where the chart goes (nowhere)
  --quick           one short round and a tenth of the connections: shows that it works, not how fast
  -h, --help        this text
`;

const OPTIONS = {
  ...COMMON_OPTIONS,
  servers: { type: "string", default: WS_SERVERS.join(",") },
  tables: { type: "string", default: TABLES.join(",") },
  connections: { type: "string" },
  hold: { type: "string", default: "40" },
  svg: { type: "string" },
} as const;

function readOptions(args: readonly string[]) {
  const { values } = asUsage(() => parseArgs({ args: [...args], options: OPTIONS }));
  const { quick } = values;
  const { rounds, ...load } = readCommonOptions(values, { usual: 20, quick: 11, min: 11 });
  const servers = listed("servers", values.servers, WS_SERVERS);
  const tables = listed("tables", values.tables, TABLES);
  const crowd: WsCrowd = {
    connections: wholeNumber("connections", values.connections ?? (quick ? "1000" : "10000"), 1),
    connectsPerSecond: 400,
    holdSeconds: wholeNumber("hold", values.hold, 5),
    serverCpu: load.serverCpu,
    loadCpu: load.loadCpu,
  };
  return { ...values, rounds, load, servers, tables, crowd };
}

async function compare(
  tester: WsTester,
  servers: readonly BenchServer[],
  roundsWanted: number,
  load: WsLoad,
): Promise<WsComparison> {
  const rounds = await inTurns(
    `${tester.title}, `,
    servers,
    roundsWanted,
    (server) => runWsRound(server, tester, load),
    (round) => `${round.received.toFixed(0)} messages/s, ${cpuMicros(round).toFixed(2)} µs each`,
  );
  return { title: tester.title, description: tester.description, rounds };
}

async function gather(servers: readonly BenchServer[], crowd: WsCrowd): Promise<WsCrowdResult[]> {
  const results: WsCrowdResult[] = [];
  for (const server of servers) {
    process.stderr.write(`connections, ${server.name} … `);
    const result = await runWsCrowd(server, crowd);
    process.stderr.write(`${result.connections} open, ${result.lost} lost\n`);
    results.push(result);
  }
  return results;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  assertTwoCpus();
  const servers = options.servers.map(wsServerNamed);
  const { load, rounds, tables, crowd } = options;
  const comparisons: WsComparison[] = [];
  if (tables.includes("mix")) comparisons.push(await compare(aquaticMix, servers, rounds, load));
  if (tables.includes("short")) comparisons.push(await compare(shortOffers, servers, rounds, load));
  if (tables.includes("large")) comparisons.push(await compare(largeOffers, servers, rounds, load));
  const results: WsResults = {
    ...whenAndWhere(),
    versions: Object.fromEntries(servers.map((server) => [server.name, server.version])),
    load,
    comparisons,
    ...(tables.includes("connections") && {
      crowd: { description: crowdDescription(crowd), results: await gather(servers, crowd) },
    }),
  };
  writeResults(options.out, "ws", wsReport(results), results);
  if (options.svg !== undefined) writeFileSync(options.svg, drawWsChart(results));
}

await runProgram(USAGE, main);
