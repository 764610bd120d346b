/**
 * `npm run bench:http`: swarmtide, aquatic_http, opentracker and the floor of the kernel's sockets side by side, in one run.
 *
 * The servers take turns (A B C A B C …), each alone on its CPU: plain and over TLS, with connections that are kept and with
 * one for each request, and once with many idle connections. Prints the tables and writes them with every figure into a
 * folder. Installs what is missing first (minutes, once).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { listed, runProgram, UsageError, wholeNumber } from "../bench-program.ts";
import { drawHttpChart } from "./chart.ts";
import { type IdleConnections, type IdleResult, runIdleConnections } from "./idle-connections.ts";
import { type HttpComparison, type HttpResults, httpReport } from "./results.ts";
import { type HttpLoad, type HttpRound, runHttpRound } from "./round.ts";
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
  rounds: { type: "string" },
  duration: { type: "string" },
  warmup: { type: "string", default: "5" },
  servers: { type: "string", default: HTTP_SERVERS.join(",") },
  tables: { type: "string", default: TABLES.join(",") },
  connections: { type: "string" },
  "server-cpu": { type: "string", default: "0" },
  "load-cpu": { type: "string", default: "1" },
  out: { type: "string", default: "bench-results" },
  svg: { type: "string" },
  quick: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

function readOptions(args: readonly string[]) {
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];
  try {
    values = parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { quick } = values;
  const load: HttpLoad = {
    durationSeconds: wholeNumber("duration", values.duration ?? (quick ? "5" : "15"), 5),
    warmupSeconds: wholeNumber("warmup", values.warmup, 5),
    serverCpu: wholeNumber("server-cpu", values["server-cpu"], 0),
    loadCpu: wholeNumber("load-cpu", values["load-cpu"], 0),
  };
  const idle: IdleConnections = {
    connections: wholeNumber("connections", values.connections ?? (quick ? "1000" : "10000"), 1),
    serverCpu: load.serverCpu,
    loadCpu: load.loadCpu,
  };
  return {
    ...values,
    rounds: wholeNumber("rounds", values.rounds ?? (quick ? "1" : "3"), 1),
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
  const rounds: HttpRound[][] = [];
  for (let index = 0; index < roundsWanted; index++) {
    const round: HttpRound[] = [];
    for (const server of servers) {
      process.stderr.write(`${mode.title}, round ${index + 1}/${roundsWanted}, ${server.name} … `);
      const entry = await runHttpRound(server, mode, load);
      process.stderr.write(
        `${entry.responsesPerSecond.toFixed(0)} answers/s, ${(entry.userMicros + entry.systemMicros).toFixed(2)} µs each\n`,
      );
      round.push(entry);
    }
    rounds.push(round);
  }
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
  if (availableParallelism() < 2)
    throw new Error("The benchmark needs two CPUs: one for the server, one for the load");
  const { servers, tables, rounds, load, idle } = options;
  const comparisons: HttpComparison[] = [];
  for (const [name, mode] of Object.entries(MODES))
    if (tables.includes(name)) comparisons.push(await compare(mode, servers, rounds, load));
  const results: HttpResults = {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}`,
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
  const report = httpReport(results);
  process.stdout.write(`\n${report}\n`);
  mkdirSync(options.out, { recursive: true });
  const stem = join(options.out, `http-${results.date.replace(/[: ]/g, "-")}`);
  writeFileSync(`${stem}.md`, report);
  writeFileSync(`${stem}.json`, `${JSON.stringify(results, null, 2)}\n`);
  if (options.svg !== undefined) writeFileSync(options.svg, drawHttpChart(results));
  process.stdout.write(`Written to ${stem}.md and .json\n`);
}

await runProgram(USAGE, main);
