/**
 * `npm run bench:ws`: swarmtide, aquatic_ws and bittorrent-tracker side by side over TLS, in one run.
 *
 * The servers take turns (A B C A B C …), each alone on its CPU, under aquatic's own load tester. Prints a table and
 * writes it with every figure into a folder. Installs what is missing first (minutes, once).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type WsResults, wsReport } from "./ws-results.ts";
import { runWsRound, type WsLoad, type WsRound } from "./ws-round.ts";
import { isWsServerName, WS_SERVERS, wsServerNamed } from "./ws-servers.ts";

const USAGE = `usage: npm run bench:ws -- [options]

  --rounds N        how often each server runs (3)
  --duration S      seconds of load per run, in steps of 5 (20)
  --warmup S        its first seconds that do not count, in steps of 5 (5)
  --servers LIST    which, in this order (${WS_SERVERS.join(",")})
  --server-cpu N    the CPU of the server (0)
  --load-cpu N      the CPU of the load tester (1)
  --out FOLDER      where the report and the figures go (bench-results)
  --quick           one short round: shows that it works, not how fast
  -h, --help        this text
`;

const OPTIONS = {
  rounds: { type: "string" },
  duration: { type: "string" },
  warmup: { type: "string", default: "5" },
  servers: { type: "string", default: WS_SERVERS.join(",") },
  "server-cpu": { type: "string", default: "0" },
  "load-cpu": { type: "string", default: "1" },
  out: { type: "string", default: "bench-results" },
  quick: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

class UsageError extends Error {}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min)
    throw new UsageError(`--${name} ${text}: wanted is a whole number from ${min} on`);
  return value;
}

function readOptions(args: readonly string[]) {
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];
  try {
    values = parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { quick } = values;
  const load: WsLoad = {
    durationSeconds: wholeNumber("duration", values.duration ?? (quick ? "11" : "20"), 11),
    warmupSeconds: wholeNumber("warmup", values.warmup, 5),
    serverCpu: wholeNumber("server-cpu", values["server-cpu"], 0),
    loadCpu: wholeNumber("load-cpu", values["load-cpu"], 0),
  };
  const servers = values.servers.split(",").map((name) => {
    if (!isWsServerName(name))
      throw new UsageError(`--servers: "${name}" is none of ${WS_SERVERS.join(", ")}`);
    return name;
  });
  const rounds = wholeNumber("rounds", values.rounds ?? (quick ? "1" : "3"), 1);
  return { ...values, rounds, load, servers };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (availableParallelism() < 2)
    throw new Error("The benchmark needs two CPUs: one for the server, one for the load");
  const servers = options.servers.map(wsServerNamed);
  const rounds: WsRound[][] = [];
  for (let index = 0; index < options.rounds; index++) {
    const round: WsRound[] = [];
    for (const server of servers) {
      process.stderr.write(`round ${index + 1}/${options.rounds} ${server.name} … `);
      const entry = await runWsRound(server, options.load);
      process.stderr.write(
        `${entry.received.toFixed(0)} messages/s, ${(entry.userMicros + entry.systemMicros).toFixed(2)} µs each\n`,
      );
      round.push(entry);
    }
    rounds.push(round);
  }
  const results: WsResults = {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}`,
    versions: Object.fromEntries(servers.map((server) => [server.name, server.version])),
    load: options.load,
    rounds,
  };
  const report = wsReport(results);
  process.stdout.write(`\n${report}\n`);
  mkdirSync(options.out, { recursive: true });
  const stem = join(options.out, `ws-${results.date.replace(/[: ]/g, "-")}`);
  writeFileSync(`${stem}.md`, report);
  writeFileSync(`${stem}.json`, `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(`Written to ${stem}.md and .json\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(USAGE);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
