/**
 * What a load cost a server: its CPU time in the stretch after the warm-up, for what the clients counted in that stretch.
 * A server that waits for its tester is not slower for it.
 */
import { column, fixed, percent } from "./figures.ts";
import type { Round } from "./protocol.ts";
import type { RunningServer } from "./server-run.ts";
import { type ServerSample, useBetween } from "./tester-run.ts";

/** What a run under full load shows about a server. */
export interface CostRound extends Round {
  /** CPU time of the server for each answer, or for each message that reached a client, in microseconds. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Share of one CPU that the server used. */
  readonly serverBusy: number;
  /** Share of the two CPUs that went to neither the server nor the tester: how noisy the machine was. */
  readonly strangersBusy: number;
}

export const cpuMicros = (round: CostRound): number => round.userMicros + round.systemMicros;

/** Answers or messages per second of the server's CPU. */
export const perCpuSecond = (round: CostRound): number => 1e6 / cpuMicros(round);

export type Counts<Key extends string> = Readonly<Record<Key, number>>;

/** A sample without its memory is all that the arithmetic wants. */
export type CpuSample = Omit<ServerSample, "memory">;

/** Testers report this often. */
export const REPORT_SECONDS = 5;

/** From the end of the warm-up to the last sample. */
export interface Stretch<Key extends string, Sample extends CpuSample> {
  readonly start: Sample;
  readonly end: Sample;
  /** What the clients counted in it: rates of each interval times its real length. */
  readonly counts: Record<Key, number>;
}

/** Sample i was taken when interval i was reported; an interval holds rates per second. */
export function stretchAfter<Key extends string, Sample extends CpuSample>(
  warmupSeconds: number,
  samples: readonly Sample[],
  intervals: readonly Counts<Key>[],
): Stretch<Key, Sample> {
  // The first interval that counts needs the sample at the end of the one before it as its start.
  const first = Math.max(1, Math.round(warmupSeconds / REPORT_SECONDS));
  const start = samples[first - 1];
  const end = samples.at(-1);
  if (start === undefined || end === undefined || start === end)
    throw new Error("The load ended before its first report after the warm-up");
  const counts: Record<string, number> = {};
  let before = start.atSeconds;
  samples.slice(first).forEach(({ atSeconds }, index) => {
    for (const [key, rate] of Object.entries<number>(intervals[first + index] ?? {}))
      counts[key] = (counts[key] ?? 0) + rate * (atSeconds - before);
    before = atSeconds;
  });
  return { start, end, counts };
}

/** What the server used for each of `count` answers, and each of `counts` per second. */
export function costOf<Key extends string>(
  start: CpuSample,
  end: CpuSample,
  counts: Counts<Key>,
  unit: NoInfer<Key>,
) {
  const { seconds, userSeconds, systemSeconds, serverBusy, strangersBusy } = useBetween(start, end);
  const micros = (used: number): number => (used * 1e6) / counts[unit];
  return {
    perSecond: (key: Key): number => counts[key] / seconds,
    cost: {
      userMicros: micros(userSeconds),
      systemMicros: micros(systemSeconds),
      serverBusy,
      strangersBusy,
    },
  };
}

/** The part of a round that is the same in all protocols. */
export const roundOf = (
  running: RunningServer,
  end: ServerSample | undefined,
): Required<Round> => ({
  server: running.name,
  command: running.command,
  residentBeforeBytes: running.residentBytes,
  residentAfterBytes: end?.memory.residentBytes ?? 0,
});

/** Above this share of foreign CPU time the figures are not worth quoting. */
const NOISY = 0.05;
/** Below this share of its CPU a server was not the bottleneck: it then finds less to do at a time. */
const IDLE = 0.9;

export const costWarnings = ({ server, serverBusy, strangersBusy }: CostRound): string[] => [
  ...(strangersBusy > NOISY
    ? [`Noisy: others took ${percent(strangersBusy)} of the CPUs beside ${server}.`]
    : []),
  ...(serverBusy < IDLE ? [`${server} was busy for ${percent(serverBusy)} of its CPU only.`] : []),
];

/** Columns of every protocol; `unit` is what a server does for a client. */
export const microsColumn = (unit: string) => column<CostRound>(`µs/${unit}`, cpuMicros, fixed(2));
export const userColumn = column<CostRound>("user", (round) => round.userMicros, fixed(2));
export const systemColumn = column<CostRound>("system", (round) => round.systemMicros, fixed(2));
export const busyColumn = column<CostRound>("busy", (round) => round.serverBusy, percent);
export const othersColumn = column<CostRound>("others", (round) => round.strangersBusy, percent);
