/**
 * One round of the HTTP benchmark: one server, one load tester, and what the server used for each answer. Nothing of one
 * round reaches the next.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { CostRound } from "../report-parts.ts";
import {
  type BenchCpus,
  type BenchServer,
  type RunningServer,
  withServer,
} from "../running-server.ts";
import { runTester, type ServerSample, useBetween } from "../tester-run.ts";
import type { HttpMode } from "./servers.ts";
import { AquaticReportReader, type HttpInterval, WrkReportReader } from "./tester-report.ts";
import { aquaticTester, countingTester } from "./testers.ts";

export interface HttpLoad extends BenchCpus {
  readonly durationSeconds: number;
  /** Seconds of load before those that count; with aquatic's tester a multiple of its 5 s. */
  readonly warmupSeconds: number;
}

/** What a server did in one round. */
export interface HttpRound extends CostRound {
  readonly responsesPerSecond: number;
  readonly errorsPerSecond: number;
  /** Connections closed after an answer without "Connection: close". */
  readonly unannouncedPerSecond: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
}

const REPORT_SECONDS = 5;

/** Resolves when somebody accepts on the port. */
export async function accepts(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

/** A stretch between two samples, with what the clients counted in it. */
export function summarizeHttpRound(
  start: Omit<ServerSample, "memory">,
  end: Omit<ServerSample, "memory">,
  total: HttpInterval,
): Omit<HttpRound, "server" | "command" | "residentBeforeBytes" | "residentAfterBytes"> {
  const use = useBetween(start, end);
  const micros = (seconds: number): number => (seconds * 1e6) / total.responses;
  return {
    responsesPerSecond: total.responses / use.seconds,
    errorsPerSecond: total.errors / use.seconds,
    unannouncedPerSecond: total.unannounced / use.seconds,
    userMicros: micros(use.userSeconds),
    systemMicros: micros(use.systemSeconds),
    serverBusy: use.serverBusy,
    strangersBusy: use.strangersBusy,
  };
}

interface Stretch {
  readonly start: ServerSample;
  readonly end: ServerSample;
  readonly total: HttpInterval;
}

/** Sample i was taken when block i was reported; the blocks of the warm-up are left out. */
async function loadWithAquatic(
  running: RunningServer,
  mode: HttpMode,
  load: HttpLoad,
): Promise<Stretch> {
  const seconds = load.warmupSeconds + load.durationSeconds;
  const { reader, samples } = await runTester(
    running,
    load.loadCpu,
    aquaticTester(running, mode, seconds),
    (sample) => new AquaticReportReader(sample),
  );
  const first = Math.max(1, Math.round(load.warmupSeconds / REPORT_SECONDS));
  const start = samples[first - 1];
  const end = samples.at(-1);
  if (!start || !end || start === end)
    throw new Error("The load ended before its first report after the warm-up");
  const total = { responses: 0, errors: 0, unannounced: 0 };
  for (let index = first; index < samples.length; index++) {
    const length = (samples[index]?.atSeconds ?? 0) - (samples[index - 1]?.atSeconds ?? 0);
    total.responses += (reader.blocks[index]?.responses ?? 0) * length;
    total.errors += (reader.blocks[index]?.errors ?? 0) * length;
  }
  return { start, end, total };
}

async function loadWithCounts(
  running: RunningServer,
  mode: HttpMode,
  load: HttpLoad,
): Promise<Stretch> {
  const run = (seconds: number) =>
    runTester(
      running,
      load.loadCpu,
      countingTester(running, mode, seconds),
      (sample) => new WrkReportReader(sample),
    );
  await run(load.warmupSeconds);
  const { reader, samples } = await run(load.durationSeconds);
  const [start, end] = samples;
  if (!start || !end || !reader.total) throw new Error("The tester ended without its report");
  return { start, end, total: reader.total };
}

export const runHttpRound = (
  server: BenchServer,
  mode: HttpMode,
  load: HttpLoad,
): Promise<HttpRound> =>
  withServer(server, load.serverCpu, accepts, async (running) => {
    const { start, end, total } =
      mode.tester === "aquatic"
        ? await loadWithAquatic(running, mode, load)
        : await loadWithCounts(running, mode, load);
    return {
      server: server.name,
      command: running.command,
      ...summarizeHttpRound(start, end, total),
      residentBeforeBytes: running.residentBytes,
      residentAfterBytes: end.memory.residentBytes,
    };
  });
