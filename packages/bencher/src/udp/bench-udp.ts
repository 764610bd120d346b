/**
 * `npm run bench:udp`: swarmtide, aquatic_udp and the floor of the kernel's sockets side by side, in one run.
 *
 * The servers take turns (A B C A B C …), each alone on its CPU, under aquatic's own load tester. Prints a table and
 * writes it with every figure into a folder. Installs what is missing first (minutes, once).
 */
import { parseArgs } from "node:util";
import {
  assertTwoCpus,
  asUsage,
  COMMON_OPTIONS,
  inTurns,
  readCommonOptions,
  runProgram,
  UsageError,
  whenAndWhere,
  wholeNumber,
  writeResults,
} from "../bench-program.ts";
import type { BenchServer } from "../running-server.ts";
import { markdownReport, type UdpResults } from "./results.ts";
import { runUdpRound, type UdpLoad } from "./round.ts";
import { aquaticServer, floorServer, loadTesterVersion, swarmtideServer } from "./servers.ts";

const USAGE = `usage: npm run bench:udp -- [options]

  --rounds N        how often each server runs (3)
  --duration S      seconds of load per run (40)
  --warmup S        its first seconds that do not count, in steps of 5 (5)
  --servers LIST    which, in this order (floor,aquatic,swarmtide)
  --torrents N      torrents of the load (1000000)
  --peers N         peers of the load (2000000)
  --server-cpu N    the CPU of the server (0)
  --load-cpu N      the CPU of the load tester (1)
  --node PATH       the Node.js that runs swarmtide (the one that runs this)
  --out FOLDER      where the report and the figures go (bench-results)
  --quick           one short round with a tenth of the population: shows that it works, not how fast
  -h, --help        this text
`;

const OPTIONS = {
  ...COMMON_OPTIONS,
  servers: { type: "string", default: "floor,aquatic,swarmtide" },
  torrents: { type: "string" },
  peers: { type: "string" },
  node: { type: "string", default: process.execPath },
} as const;

function readOptions(args: readonly string[]) {
  const { values } = asUsage(() => parseArgs({ args: [...args], options: OPTIONS }));
  const { quick } = values;
  const { rounds, ...common } = readCommonOptions(values, { usual: 40, quick: 11, min: 11 });
  const load: UdpLoad = {
    ...common,
    torrents: wholeNumber("torrents", values.torrents ?? (quick ? "100000" : "1000000"), 1),
    peers: wholeNumber("peers", values.peers ?? (quick ? "200000" : "2000000"), 1),
  };
  return { ...values, rounds, load, servers: values.servers.split(",") };
}

function serverNamed(name: string, node: string): BenchServer {
  if (name === "floor") return floorServer();
  if (name === "aquatic") return aquaticServer();
  if (name === "swarmtide") return swarmtideServer(node);
  throw new UsageError(`--servers: "${name}" is none of floor, aquatic, swarmtide`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  assertTwoCpus();
  const servers = options.servers.map((name) => serverNamed(name, options.node));
  const versions: Record<string, string> = {
    aquatic_udp_load_test: loadTesterVersion(),
    ...Object.fromEntries(servers.map((server) => [server.name, server.version])),
  };

  const rounds = await inTurns(
    "",
    servers,
    options.rounds,
    (server) => runUdpRound(server, options.load),
    (round) => `${round.responsesPerSecond.toFixed(0)} responses/s`,
  );
  const results: UdpResults = {
    ...whenAndWhere(),
    versions,
    load: options.load,
    rounds,
  };
  writeResults(options.out, "udp", markdownReport(results), results);
}

await runProgram(USAGE, main);
