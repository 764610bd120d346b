/**
 * Runs a micro benchmark of this checkout and of another one in turns, and prints the medians:
 *
 *   npm run compare -- ../before datagram-handler --pairs 7 --scale 0.1
 *
 * Both checkouts must be built. Time is the processor time of the thread, so a machine that others use blurs it less; each run
 * is a process of its own, and which side of a pair begins alternates. `--scale` makes a run smaller.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { compareRuns, comparisonTable, type Run } from "./paired-medians.ts";

/** A benchmark: where it may lie, and how to run it. Its module is of another checkout, so its types are not known. */
interface Bench {
  readonly paths: readonly string[];
  /** It asks `performance.now` every few calls, beside the clock that its result is made with. */
  readonly readsTimeOften?: boolean;
  run(module: BenchModule, scale: number): Run;
}

type BenchModule = Readonly<Record<string, (...sizes: unknown[]) => unknown>>;

/** What the function of a benchmark measures. Throws where the other checkout does not have it. */
function call<Timing>(module: BenchModule, name: string, ...sizes: unknown[]): Timing {
  const run = module[name];
  if (run === undefined) throw new Error(`the benchmark of the other checkout has no ${name}`);
  return run(...sizes) as Timing;
}

interface Timing {
  readonly kind: string;
  readonly nanoseconds: number;
}

interface HandlerTiming {
  readonly name: string;
  readonly nanosecondsPerRequest: number;
}

interface StoreTiming {
  readonly what: string;
  readonly comeNanoseconds: number;
  readonly stayNanoseconds: number;
}

interface WsTiming {
  readonly nanosecondsPerAnnounce: number;
  readonly nanosecondsPerMessageOut: number;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  "datagram-handler": {
    paths: ["packages/udp/dist/bench/datagram-handler.bench.js"],
    run: (module, scale) =>
      Object.fromEntries(
        call<Timing[]>(module, "runHandlerBench", 1_000_000 * scale).map(
          ({ kind, nanoseconds }) => [kind, nanoseconds],
        ),
      ),
  },
  "http-handler": {
    paths: ["packages/http/dist/bench/http-handler.bench.js"],
    run: (module, scale) =>
      Object.fromEntries(
        call<HandlerTiming[]>(
          module,
          "runHandlerBenchmarks",
          1_000_000 * scale,
          100_000 * scale,
        ).map(({ name, nanosecondsPerRequest }) => [name, nanosecondsPerRequest]),
      ),
  },
  announces: {
    paths: ["packages/ws/dist/bench/announces.bench.js"],
    run: (module, scale) => {
      const timings = [47, 1500].map((sdpBytes): [string, number][] => {
        const timing = call<WsTiming>(module, "benchAnnounces", {
          connections: 1000,
          torrents: 50,
          announces: (sdpBytes < 100 ? 100_000 : 20_000) * scale,
          sdpBytes,
          idleConnections: 0,
        });
        return [
          [`announce, SDPs of ${sdpBytes} bytes`, timing.nanosecondsPerAnnounce],
          [`message out, SDPs of ${sdpBytes} bytes`, timing.nanosecondsPerMessageOut],
        ];
      });
      return Object.fromEntries(timings.flat());
    },
  },
  announce: {
    paths: [
      "packages/swarm/dist/store/bench/announce.bench.js",
      "packages/swarm/dist/bench/announce.bench.js",
    ],
    readsTimeOften: true,
    run: (module, scale) =>
      Object.fromEntries(
        call<StoreTiming[]>(module, "runBench", scale).flatMap((row) => [
          [`${row.what}: come`, row.comeNanoseconds],
          [`${row.what}: stay`, row.stayNanoseconds],
        ]),
      ),
  },
};

const HERE = fileURLToPath(new URL("../../", import.meta.url));
const CHILD = "--run-once";
const processUsage: typeof process.cpuUsage = process.cpuUsage.bind(process);

/** In the child: runs the benchmark of a checkout with a clock of processor time, prints JSON. */
async function runOnce(name: string, path: string, scale: number): Promise<void> {
  const bench = BENCHES[name];
  process.hrtime.bigint = () => BigInt(threadNanoseconds());
  process.cpuUsage = (since) => ({
    user: threadNanoseconds() / 1000 - (since?.user ?? 0),
    system: 0,
  });
  if (bench?.readsTimeOften !== true) performance.now = () => threadNanoseconds() / 1e6;
  const module = await import(pathToFileURL(path).href);
  console.log(JSON.stringify(bench?.run(module, scale)));
}

/**
 * Processor time of this thread, without those that compile and collect garbage, whose work a short run would be charged
 * with (proc(5), schedstat); elsewhere of the process. Right to a tick of the scheduler, some milliseconds.
 */
function threadNanoseconds(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]);
  } catch {
    const { user, system } = processUsage();
    return (user + system) * 1000;
  }
}

function measure(name: string, checkout: string, scale: number): Run {
  const path = BENCHES[name]?.paths
    .map((each) => resolve(checkout, each))
    .find((each) => existsSync(each));
  if (path === undefined)
    throw new Error(`${checkout} has no built benchmark ${name}; run npm run build there`);
  const args = [fileURLToPath(import.meta.url), CHILD, name, path, `${scale}`];
  const text = execFileSync(process.execPath, ["--expose-gc", ...args], { encoding: "utf8" });
  return JSON.parse(text.trim().split("\n").at(-1) ?? "{}");
}

function compare(args: readonly string[]): void {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      pairs: { type: "string", default: "7" },
      scale: { type: "string", default: "1" },
    },
  });
  const [other = "", name = ""] = positionals;
  const [pairs, scale] = [Number(values.pairs), Number(values.scale)];
  if (!existsSync(other) || BENCHES[name] === undefined || !(pairs >= 1) || !(scale > 0)) {
    const names = Object.keys(BENCHES).join(", ");
    console.error(
      `Usage: npm run compare -- CHECKOUT BENCH [--pairs N] [--scale S]; BENCH is one of ${names}`,
    );
    process.exitCode = 2;
    return;
  }
  const others: Run[] = [];
  const heres: Run[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const sides = [
      () => others.push(measure(name, other, scale)),
      () => heres.push(measure(name, HERE, scale)),
    ];
    for (const side of pair % 2 === 0 ? sides : sides.reverse()) side();
  }
  console.log(`${name}, medians of ${pairs} pairs, scale ${scale}, processor time\n`);
  console.log(comparisonTable(compareRuns(others, heres)));
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === CHILD) await runOnce(rest[0] ?? "", rest[1] ?? "", Number(rest[2]));
else compare(process.argv.slice(2));
