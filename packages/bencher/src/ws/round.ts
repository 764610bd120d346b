/**
 * One round of the WebTorrent benchmark under full load: one server, one load tester, and what the server used for each
 * message that reached a client. Nothing of one round reaches the next.
 */

import type { CostRound } from "../report-parts.ts";
import type { BenchCpus, BenchServer } from "../running-server.ts";
import { type ServerSample, useBetween } from "../tester-run.ts";
import { runWsTester, withWsServer } from "./processes.ts";
import type { WsInterval } from "./tester-report.ts";
import { REPORT_SECONDS, type WsTester } from "./testers.ts";

export interface WsLoad extends BenchCpus {
  readonly durationSeconds: number;
  /** The first seconds of the load, left out of the result; a multiple of the tester's 5 s. */
  readonly warmupSeconds: number;
}

/** What a server did in one round; rates are per second, as the clients saw them. */
export interface WsRound extends WsInterval, CostRound {
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  readonly residentPeakBytes: number;
}

/** Averages of the intervals after the warm-up. Sample i was taken when interval i was reported. */
export function summarizeWsRound(
  warmupSeconds: number,
  samples: readonly Omit<ServerSample, "memory">[],
  intervals: readonly WsInterval[],
): Omit<
  WsRound,
  "server" | "command" | "residentBeforeBytes" | "residentAfterBytes" | "residentPeakBytes"
> {
  const first = Math.max(1, Math.round(warmupSeconds / REPORT_SECONDS));
  const start = samples[first - 1];
  const end = samples.at(-1);
  if (!start || !end || start === end)
    throw new Error("The load ended before its first report after the warm-up");
  const { seconds, userSeconds, systemSeconds, serverBusy, strangersBusy } = useBetween(start, end);
  const mean = (key: keyof WsInterval): number => {
    let sum = 0;
    for (let index = first; index < samples.length; index++) {
      const length = (samples[index]?.atSeconds ?? 0) - (samples[index - 1]?.atSeconds ?? 0);
      sum += (intervals[index]?.[key] ?? 0) * length;
    }
    return sum / seconds;
  };
  const received = mean("received");
  const micros = (used: number): number => (used * 1e6) / (received * seconds);
  return {
    sent: mean("sent"),
    received,
    announces: mean("announces"),
    offers: mean("offers"),
    answers: mean("answers"),
    scrapes: mean("scrapes"),
    errors: mean("errors"),
    connections: intervals.at(-1)?.connections ?? 0,
    lost: intervals.at(-1)?.lost ?? 0,
    userMicros: micros(userSeconds),
    systemMicros: micros(systemSeconds),
    serverBusy,
    strangersBusy,
  };
}

export const runWsRound = (server: BenchServer, tester: WsTester, load: WsLoad): Promise<WsRound> =>
  withWsServer(server, load.serverCpu, async (running) => {
    const command = tester.command({ ...running, durationSeconds: load.durationSeconds });
    const { samples, intervals } = await runWsTester(running, load.loadCpu, command);
    const memory = samples.at(-1)?.memory;
    return {
      server: server.name,
      command: running.command,
      ...summarizeWsRound(load.warmupSeconds, samples, intervals),
      residentBeforeBytes: running.residentBytes,
      residentAfterBytes: memory?.residentBytes ?? 0,
      residentPeakBytes: memory?.peakBytes ?? 0,
    };
  });
