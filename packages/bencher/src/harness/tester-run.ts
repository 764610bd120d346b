/**
 * Runs a load tester beside a server and samples the server's CPU time and memory while it does. The rounds of all
 * protocols call this.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { pinned, stop } from "./pinned-process.ts";
import {
  machineBusySeconds,
  type ProcessMemory,
  processCpu,
  processMemory,
} from "./process-sample.ts";
import type { RunningServer } from "./server-run.ts";
import { type ReportLabels, TesterReportReader } from "./tester-report.ts";

/** What a server had used at one moment of a load. */
export interface ServerSample {
  readonly atSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** CPU seconds of all that is neither the server nor the tester. */
  readonly strangersSeconds: number;
  readonly memory: ProcessMemory;
}

function takeSample(serverPid: number, testerPid: number): ServerSample {
  const used = processCpu(serverPid);
  const tester = processCpu(testerPid);
  return {
    atSeconds: performance.now() / 1000,
    userSeconds: used.user,
    systemSeconds: used.system,
    strangersSeconds: machineBusySeconds() - used.user - used.system - tester.user - tester.system,
    memory: processMemory(serverPid),
  };
}

/** What a server used between two samples. */
export interface ServerUse {
  readonly seconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Share of one CPU that the server used. */
  readonly serverBusy: number;
  /** Share of the two CPUs that went to neither the server nor the tester: how noisy the machine was. */
  readonly strangersBusy: number;
}

export function useBetween(
  start: Omit<ServerSample, "memory">,
  end: Omit<ServerSample, "memory">,
): ServerUse {
  const seconds = end.atSeconds - start.atSeconds;
  const userSeconds = end.userSeconds - start.userSeconds;
  const systemSeconds = end.systemSeconds - start.systemSeconds;
  return {
    seconds,
    userSeconds,
    systemSeconds,
    serverBusy: (userSeconds + systemSeconds) / seconds,
    strangersBusy: (end.strangersSeconds - start.strangersSeconds) / (2 * seconds),
  };
}

export interface TesterRun<Key extends string> {
  readonly intervals: readonly Readonly<Record<Key, number>>[];
  /** Sample i was taken when interval i was reported. */
  readonly samples: readonly ServerSample[];
  /** How often the tester complained of what it received. */
  readonly complaints: number;
}

const COMPLAINTS_KEPT = 1000;

/**
 * Runs a tester on its CPU to its end, and samples the server at each of its reports, whose figures are labelled so. Throws
 * when either of the two fails.
 */
export async function runTester<Key extends string>(
  server: RunningServer,
  cpu: number,
  command: readonly string[],
  labels: ReportLabels<Key>,
): Promise<TesterRun<Key>> {
  const tester = pinned(cpu, command);
  const samples: ServerSample[] = [];
  const reader = new TesterReportReader(labels, () => {
    server.assertAlive();
    samples.push(takeSample(server.pid, tester.pid ?? 0));
  });
  try {
    // A tester may print a line for every reply it cannot read: only the end is kept.
    let complaints = "";
    for (const stream of [tester.stdout, tester.stderr])
      if (stream) createInterface({ input: stream }).on("line", (line) => reader.line(line));
    tester.stderr?.on("data", (data: Buffer) => {
      complaints = (complaints + data.toString()).slice(-COMPLAINTS_KEPT);
    });
    const [code] = await once(tester, "close");
    server.assertAlive();
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${complaints}`);
    return { intervals: reader.intervals, samples, complaints: reader.complaints };
  } finally {
    await stop(tester);
  }
}
