/**
 * `npm run bench:http`: swarmtide, aquatic_http, opentracker and the floor of the kernel's sockets side by side, in one run.
 *
 * The servers take turns (A B C A B C …), each alone on its CPU: plain and over TLS, with connections that are kept and with
 * one for each request, and once with many idle connections. Prints the tables and writes them with every figure into a
 * folder. Installs what is missing first (minutes, once).
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
import { drawHttpChart } from "./chart.ts";
import { type IdleConnections, type IdleResult, runIdleConnections } from "./idle-connections.ts";
import { type HttpComparison, type HttpResults, httpReport } from "./results.ts";
import { type HttpLoad, runHttpRound } from "./round.ts";
import {
  canServe,
  HTTP_SERVERS,
  type HttpMode,
  type HttpServerName,
  httpServerNamed,
} from "./servers.ts";
import { testerNote } from "./testers.ts";

const MODES: Readonly<Record<string, HttpMode & { readonly title: string }>> = {
  keep: {
    title: "Plain, connections kept",
    isTls: false,
    keepsAlive: true,
    tester: "aquatic",
  },
  "keep-wrk": {
    title: "Plain, connections kept, wrk",
    isTls: false,
    keepsAlive: true,
    tester: "wrk",
  },
  close: {
    title: "Plain, a connection for each request",
    isTls: false,
    keepsAlive: false,
    tester: "wrk",
  },
  "tls-keep": {
    title: "TLS, connections kept",
    isTls: true,
    keepsAlive: true,
    tester: "aquatic",
  },
  "tls-close": {
    title: "TLS, a handshake for each request",
    isTls: true,
    keepsAlive: false,
    tester: "tls-clients",
  },
  "tls-resume": {
    title: "TLS, a session resumed for each request",
    isTls: true,
    keepsAlive: false,
    tester: "tls-clients",
    resumes: true,
  },
};
const TABLES = [...Object.keys(MODES), "idle"];

const USAGE = `usage: npm run bench:http -- [options]

  --rounds N        how often each server runs (3)
  --duration S      seconds of load that count, in steps of 5 (15)
  --warmup S        seconds of load before, in steps of 5 (5)
  --servers LIST    which, in this order (${HTTP_SERVERS.join(",")})
  --tables LIST     which (${TABLES.join(",")})
  --connections N   for the last of them (10000)
  --server-cpu N    the CPU of the server (0)
  --load-cpu N      the CPU of the load tester (1)
  --out FOLDER      where the report and the figures go (bench-results)
  --svg FILE        where the chart goes (nowhere)
  --quick           one short round and a tenth of the connections: shows that it works, not how fast
  -h, --help        this text
`;

const OPTIONS = {
  ...COMMON_OPTIONS,
  servers: { type: "string", default: HTTP_SERVERS.join(",") },
  tables: { type: "string", default: TABLES.join(",") },
  connections: { type: "string" },
  svg: { type: "string" },
} as const;

function readOptions(args: readonly string[]) {
  const { values } = asUsage(() => parseArgs({ args: [...args], options: OPTIONS }));
  const { quick } = values;
  const { rounds, ...load } = readCommonOptions(values, { usual: 15, quick: 5, min: 5 });
  const idle: IdleConnections = {
    connections: wholeNumber("connections", values.connections ?? (quick ? "1000" : "10000"), 1),
    serverCpu: load.serverCpu,
    loadCpu: load.loadCpu,
  };
  return {
    ...values,
    rounds,
    servers: listed("servers", values.servers, HTTP_SERVERS),
    tables: listed("tables", values.tables, TABLES),
    load,
    idle,
  };
}

async function compare(
  mode: HttpMode & { readonly title: string },
  names: readonly HttpServerName[],
  roundsWanted: number,
  load: HttpLoad,
): Promise<HttpComparison> {
  const servers = names
    .filter((name) => canServe(name, mode))
    .map((name) => httpServerNamed(name, mode));
  const rounds = await inTurns(
    `${mode.title}, `,
    servers,
    roundsWanted,
    (server) => runHttpRound(server, mode, load),
    (round) =>
      `${round.responsesPerSecond.toFixed(0)} answers/s, ${cpuMicros(round).toFixed(2)} µs each`,
  );
  return {
    title: mode.title,
    description: testerNote(mode),
    rounds,
  };
}

const idleMode = (isTls: boolean): HttpMode => ({ isTls, keepsAlive: true, tester: "aquatic" });

async function holdIdle(
  names: readonly HttpServerName[],
  idle: IdleConnections,
): Promise<IdleResult[]> {
  const results: IdleResult[] = [];
  for (const isTls of [false, true]) {
    const mode = idleMode(isTls);
    for (const name of names.filter((entry) => entry !== "floor" && canServe(entry, mode))) {
      process.stderr.write(`idle connections${isTls ? " over TLS" : ""}, ${name} … `);
      const result = await runIdleConnections(httpServerNamed(name, mode), mode, idle);
      process.stderr.write(`${result.connections} open, ${result.lost} lost\n`);
      results.push(result);
    }
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
  const { servers, tables, rounds, load, idle } = options;
  const comparisons: HttpComparison[] = [];
  for (const [name, mode] of Object.entries(MODES))
    if (tables.includes(name)) comparisons.push(await compare(mode, servers, rounds, load));
  const results: HttpResults = {
    ...whenAndWhere(),
    versions: Object.fromEntries(
      servers.map((name) => {
        const { version } = httpServerNamed(name, idleMode(false));
        return [name, version];
      }),
    ),
    load,
    comparisons,
    idle: tables.includes("idle") ? await holdIdle(servers, idle) : [],
  };
  writeResults(options.out, "http", httpReport(results), results);
  if (options.svg !== undefined) writeFileSync(options.svg, drawHttpChart(results));
}

await runProgram(USAGE, main);
