/**
 * Runs `swarmtide load-test` beside a server and samples the server each second, when the tester tells its counts: what
 * both did in the stretch after the warm-up. Called for each load of a round.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pinned, stop } from "../harness/pinned-process.ts";
import { machineBusySeconds, processCpu, processMemory } from "../harness/process-sample.ts";
import type { RunningServer } from "../harness/server-run.ts";
import { configFile } from "../harness/servers.ts";

export type ProtocolName = "udp" | "http" | "ws";

/** Counts of a load test, as its JSON has them; kinds of requests by name. */
export interface Counts {
  readonly sent: Readonly<Record<string, number>>;
  readonly answered: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly unknown: number;
  readonly malformed: number;
  readonly wrongPeers: number;
  readonly offers: number;
  readonly answers: number;
}

interface LoadReport {
  readonly requestsPerSecond: number;
  readonly counts: Counts;
  readonly latencyMicroseconds: Readonly<Record<"p50" | "p99" | "p999", number>>;
}

interface Sample {
  readonly atSeconds: number;
  readonly counts: Counts;
  readonly serverSeconds: number;
  readonly testerSeconds: number;
  readonly busySeconds: number;
}

/** What a load test showed of a server. Rates are of the stretch after the warm-up, counts of the whole load. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly responsesPerSecond: number;
  /** Of what helps peers to meet; see `usefulOf`. */
  readonly usefulPerSecond: number;
  /** CPU time of the server for each of those. */
  readonly cpuMicros: number;
  /** Shares of one CPU that the server and the tester used. */
  readonly serverBusy: number;
  readonly testerBusy: number;
  /** CPU time of all others, as a share of one CPU. */
  readonly othersBusy: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Refusals, and answers that are wrong in any way. */
  readonly errors: number;
  readonly lost: number;
  readonly announces: number;
  readonly residentBytes: number;
}

const sum = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((total, value) => total + value, 0);

const responsesOf = ({ answered, offers, answers }: Counts): number =>
  sum(answered) + offers + answers;

/**
 * What helps peers to meet: announces and scrapes that were answered, less those with wrong peers; over WebTorrent offers
 * and answers that reached the client they were meant for. A connect helps nobody.
 */
export const usefulOf = ({ answered, wrongPeers, offers, answers }: Counts, isWs: boolean) =>
  isWs ? offers + answers : (answered.announce ?? 0) + (answered.scrape ?? 0) - wrongPeers;

const errorsOf = (counts: Counts): number =>
  counts.errors + counts.malformed + counts.unknown + counts.wrongPeers + counts.duplicates;

export function figuresOf(
  start: Sample,
  end: Sample,
  report: LoadReport,
  isWs: boolean,
): Omit<LoadFigures, "residentBytes"> {
  const seconds = end.atSeconds - start.atSeconds;
  const rate = (count: (counts: Counts) => number): number =>
    (count(end.counts) - count(start.counts)) / seconds;
  const usefulPerSecond = rate((counts) => usefulOf(counts, isWs));
  const serverBusy = (end.serverSeconds - start.serverSeconds) / seconds;
  const testerBusy = (end.testerSeconds - start.testerSeconds) / seconds;
  const machineBusy = (end.busySeconds - start.busySeconds) / seconds;
  const { p50, p99, p999 } = report.latencyMicroseconds;
  return {
    requestsPerSecond: rate(({ sent }) => sum(sent)),
    responsesPerSecond: rate(responsesOf),
    usefulPerSecond,
    cpuMicros: (serverBusy * 1e6) / usefulPerSecond,
    ...{ serverBusy, testerBusy, othersBusy: machineBusy - serverBusy - testerBusy },
    ...{ p50, p99, p999 },
    errors: errorsOf(report.counts),
    lost: report.counts.lost,
    announces: report.counts.answered.announce ?? 0,
  };
}

const testerProgram = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));

/** The command of a load test with this configuration. */
const testerCommand = (protocol: ProtocolName, config: string): readonly string[] => [
  ...[process.execPath, testerProgram, "load-test", protocol, "--json", "-c", config],
];

export interface LoadPlan {
  readonly protocol: ProtocolName;
  readonly cpu: number | string;
  /** The configuration of the load test. */
  readonly config: string;
  readonly warmupSeconds: number;
}

/** Runs a load test to its end. Throws where the server ends, or where there is too little to tell. */
export async function runLoad(server: RunningServer, plan: LoadPlan): Promise<LoadFigures> {
  const { protocol, cpu, warmupSeconds } = plan;
  const config = configFile(server.folder, plan.config, "load.toml");
  const tester = pinned(cpu, testerCommand(protocol, config));
  const cpuOf = (pid: number): number => {
    const { user, system } = processCpu(pid);
    return user + system;
  };
  const samples: Sample[] = [];
  let complaint = "";
  const readProgress = (line: string): void => {
    server.assertAlive();
    if (!line.startsWith("{")) {
      complaint = line;
      return;
    }
    const { counts }: { counts: Counts } = JSON.parse(line);
    samples.push({
      ...{ atSeconds: performance.now() / 1000, counts },
      serverSeconds: cpuOf(server.pid),
      testerSeconds: cpuOf(tester.pid ?? 0),
      busySeconds: machineBusySeconds(),
    });
  };
  let failure: unknown;
  let output = "";
  let residentBytes = 0;
  try {
    tester.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    if (tester.stderr)
      createInterface({ input: tester.stderr }).on("line", (line) => {
        try {
          readProgress(line);
          residentBytes = processMemory(server.pid).residentBytes;
        } catch (error) {
          failure ??= error;
        }
      });
    await once(tester, "close");
  } finally {
    await stop(tester);
  }
  server.assertAlive();
  if (output === "") throw failure ?? new Error(`The load test did not report: ${complaint}`);
  const start = samples[Math.min(warmupSeconds, samples.length - 2)];
  const end = samples.at(-1);
  if (start === undefined || end === undefined)
    throw new Error(`The load test ended before its warm-up: ${complaint}`);
  const report: LoadReport = JSON.parse(output);
  return { ...figuresOf(start, end, report, protocol === "ws"), residentBytes };
}
