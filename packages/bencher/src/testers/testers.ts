/**
 * `npm run bench:testers`: does a load tester fill a fast tracker? The testers take turns on one core against the same floor on
 * another: ours and aquatic's, over HTTP also wrk. What counts is answers a second. There is no floor for WebTorrent: there
 * "server busy" and "tester busy" of `npm run bench` tell who was the limit.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { stretchAfter } from "../harness/cost.ts";
import { fixed, median, percent, table, whole } from "../harness/figures.ts";
import { type RunningServer, withServer } from "../harness/server-run.ts";
import { configFile } from "../harness/servers.ts";
import { runTester } from "../harness/tester-run.ts";
import { HTTP_LABELS } from "../protocols/http/http.ts";
import type { HttpMode } from "../protocols/http/servers.ts";
import { testerOf } from "../protocols/http/testers.ts";
import { loadTester } from "../protocols/udp/servers.ts";
import { UDP_LABELS } from "../protocols/udp/udp.ts";
import { type SuiteTable, suiteTables } from "../suite/tables.ts";
import { runLoad } from "../suite/tester.ts";

const SERVER_CPU = 0;
const LOAD_CPU = 1;
const WARMUP_SECONDS = 5;
const SECONDS = 6;
const POPULATION = { torrents: 100_000, peers: 200_000 };

/** What a tester drew out of the floor. */
interface TesterFigures {
  readonly responsesPerSecond: number;
  readonly serverBusy: number;
}

interface Measured extends TesterFigures {
  readonly protocol: string;
  readonly tester: string;
}

type RunTester = (running: RunningServer) => Promise<TesterFigures>;

const own =
  (suiteTable: SuiteTable): RunTester =>
  async (running) => {
    const config = suiteTable.config(running.port, WARMUP_SECONDS + SECONDS, 0);
    const plan = { protocol: suiteTable.protocol, cpu: LOAD_CPU, warmupSeconds: WARMUP_SECONDS };
    return await runLoad(running, { ...plan, config });
  };

const aquaticUdp: RunTester = async (running) => {
  const { torrents, peers } = POPULATION;
  const text = `server_address = "127.0.0.1:${running.port}"\nworkers = 1\nduration = ${WARMUP_SECONDS + SECONDS}\n[requests]\nnumber_of_torrents = ${torrents}\nnumber_of_peers = ${peers}\n`;
  const command = [loadTester(), "-c", configFile(running.folder, text, "load.toml")];
  const { samples, intervals } = await runTester(running, LOAD_CPU, command, UDP_LABELS);
  return figuresOf(stretchAfter(WARMUP_SECONDS, samples, intervals));
};

const PLAIN = { isTls: false, keepsAlive: true } as const;

const aquaticHttp: RunTester = async (running) => {
  const mode: HttpMode = { ...PLAIN, tester: "aquatic" };
  const command = testerOf(running, mode, WARMUP_SECONDS + SECONDS);
  const { samples, intervals } = await runTester(running, LOAD_CPU, command, HTTP_LABELS);
  return figuresOf(stretchAfter(WARMUP_SECONDS, samples, intervals));
};

const wrk: RunTester = async (running) => {
  const mode: HttpMode = { ...PLAIN, tester: "wrk" };
  const command = testerOf(running, mode, SECONDS);
  const { samples, intervals } = await runTester(running, LOAD_CPU, command, HTTP_LABELS);
  const [start, end] = samples;
  const counts = intervals.at(-1);
  if (!start || !end || !counts) throw new Error("wrk ended without its report");
  return figuresOf({ start, end, counts });
};

interface Used {
  readonly atSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
}

function figuresOf(stretch: {
  readonly start: Used;
  readonly end: Used;
  readonly counts: { readonly responses: number };
}): TesterFigures {
  const { start, end, counts } = stretch;
  const seconds = end.atSeconds - start.atSeconds;
  const used = (sample: Used): number => sample.userSeconds + sample.systemSeconds;
  return {
    responsesPerSecond: counts.responses / seconds,
    serverBusy: (used(end) - used(start)) / seconds,
  };
}

/** By protocol: the server that the testers ask, and the testers. */
function matchOf(protocol: string): { floor: SuiteTable; testers: [string, RunTester][] } {
  const floor = suiteTables(POPULATION).find(({ key }) => key === protocol);
  if (floor === undefined) throw new Error(`There is no table for ${protocol}`);
  const ours: [string, RunTester] = ["swarmtide load-test", own(floor)];
  const others: [string, RunTester][] =
    protocol === "udp"
      ? [["aquatic_udp_load_test", aquaticUdp]]
      : [
          ["aquatic_http_load_test", aquaticHttp],
          ["wrk", wrk],
        ];
  return { floor, testers: [ours, ...others] };
}

async function meet(protocol: string, rounds: number): Promise<Measured[]> {
  const { floor, testers } = matchOf(protocol);
  const found = floor.competitors.find(({ role }) => role === "floor")?.find();
  if (found === undefined) throw new Error(`There is no floor for ${protocol}`);
  const server = {
    ...{ name: "C floor", version: found.version },
    command: ({ port, folder }: { port: number; folder: string }) =>
      found.command({ port, folder, workers: 1, load: floor.load }),
  };
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round++)
    for (const [tester, run] of round % 2 === 0 ? testers : testers.toReversed()) {
      const figures = await withServer(server, SERVER_CPU, floor.probe, run, 0);
      const { responsesPerSecond, serverBusy } = figures;
      measured.push({ protocol, tester, responsesPerSecond, serverBusy });
      process.stderr.write(`${protocol}, ${tester}: ${whole(responsesPerSecond)}/s\n`);
    }
  return measured;
}

function tableOf(protocol: string, measured: readonly Measured[]): string {
  const own = measured.filter((one) => one.protocol === protocol);
  const rows = [...new Set(own.map(({ tester }) => tester))].map((tester) => {
    const runs = own.filter((one) => one.tester === tester);
    const rates = runs.map(({ responsesPerSecond }) => responsesPerSecond);
    return [
      tester,
      `${whole(median(rates))} (${whole(Math.min(...rates))}–${whole(Math.max(...rates))})`,
      percent(median(runs.map(({ serverBusy }) => serverBusy))),
      fixed(0)(runs.length),
    ];
  });
  return table([`${protocol}, against the C floor`, "answers/s", "floor busy", "runs"], rows);
}

/** Protocols with a floor. */
const FLOORED = ["udp", "http"];

const USAGE = `usage: npm run bench:testers -- [--only udp,http] [--rounds N] [--append FILE]\n`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean", short: "h" },
    only: { type: "string" },
    rounds: { type: "string" },
    append: { type: "string" },
  },
});

async function run(): Promise<void> {
  const { append } = values;
  const measured: Measured[] =
    append !== undefined && existsSync(append) ? JSON.parse(readFileSync(append, "utf8")) : [];
  const protocols = (values.only ?? "udp,http").split(",");
  for (const protocol of protocols)
    if (!FLOORED.includes(protocol))
      throw new Error(`--only: "${protocol}" is neither ${FLOORED.join(" nor ")}`);
  for (const protocol of protocols) {
    measured.push(...(await meet(protocol, Number(values.rounds ?? "3"))));
    if (append !== undefined) writeFileSync(append, `${JSON.stringify(measured, null, 1)}\n`);
  }
  for (const protocol of protocols) process.stdout.write(`${tableOf(protocol, measured)}\n\n`);
}

try {
  if (values.help) process.stdout.write(USAGE);
  else await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
