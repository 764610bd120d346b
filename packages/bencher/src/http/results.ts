/**
 * From rounds to the tables that `npm run bench:http` prints: pure functions, so that tests can check the arithmetic.
 *
 * What counts is answers per second of the server's CPU: a server that waits for its tester is not slower for it.
 */
import {
  mebibytes,
  median,
  pairedRatio,
  percent,
  ratioText,
  table,
  whole,
} from "../markdown-table.ts";
import {
  type Comparison,
  comparisonSection,
  cpuMicros,
  perCpuSecond,
  type Rounds,
  warningsOf,
  whatRan,
} from "../report-parts.ts";
import { type IdleResult, idleBytesPerConnection } from "./idle-connections.ts";
import type { HttpLoad, HttpRound } from "./round.ts";

type HttpRounds = Rounds<HttpRound>;

/** All rounds of one way to connect. */
export type HttpComparison = Comparison<HttpRound>;

export interface HttpResults {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: HttpLoad;
  readonly comparisons: readonly HttpComparison[];
  readonly idle: readonly IdleResult[];
}

export interface HttpSummary {
  readonly server: string;
  /** Answers per second of the server's CPU. */
  readonly perCpuSecond: number;
  readonly perCpuSecondToAquatic: number | undefined;
  readonly perCpuSecondToOpentracker: number | undefined;
  /** CPU time per answer beside the floor's: 1 is as cheap. */
  readonly costToFloor: number | undefined;
  readonly userMicros: number;
  readonly systemMicros: number;
  readonly responsesPerSecond: number;
  readonly residentAfterBytes: number;
}

/** One summary per server that ran, in the order of the first round. */
export function summarizeHttpServers(rounds: HttpRounds): HttpSummary[] {
  return (rounds[0] ?? []).map(({ server }) => {
    const own = rounds.flatMap((round) => round.filter((entry) => entry.server === server));
    const middle = (value: (round: HttpRound) => number): number => median(own.map(value));
    return {
      server,
      perCpuSecond: middle(perCpuSecond),
      perCpuSecondToAquatic: pairedRatio(rounds, server, "aquatic_http", perCpuSecond),
      perCpuSecondToOpentracker: pairedRatio(rounds, server, "opentracker", perCpuSecond),
      costToFloor: pairedRatio(rounds, server, "floor", cpuMicros),
      userMicros: middle((round) => round.userMicros),
      systemMicros: middle((round) => round.systemMicros),
      responsesPerSecond: middle((round) => round.responsesPerSecond),
      residentAfterBytes: middle((round) => round.residentAfterBytes),
    };
  });
}

export const httpSpeedTable = (summaries: readonly HttpSummary[]): string =>
  table(
    [
      ...["server", "answers/CPU s", "× aquatic", "× opentracker", "µs × floor"],
      ...["µs/answer", "user", "system", "answers/s", "RSS MiB"],
    ],
    summaries.map((summary) => [
      summary.server,
      whole(summary.perCpuSecond),
      ratioText(summary.perCpuSecondToAquatic, 2),
      ratioText(summary.perCpuSecondToOpentracker, 2),
      ratioText(summary.costToFloor, 2),
      (summary.userMicros + summary.systemMicros).toFixed(2),
      summary.userMicros.toFixed(2),
      summary.systemMicros.toFixed(2),
      whole(summary.responsesPerSecond),
      mebibytes(summary.residentAfterBytes),
    ]),
  );

const roundsTable = (rounds: HttpRounds): string =>
  table(
    ["round, server", "answers/s", "µs/answer", "busy", "errors/s", "RSS MiB", "others"],
    rounds.flatMap((round, index) =>
      round.map((entry) => [
        `${index + 1} ${entry.server}`,
        whole(entry.responsesPerSecond),
        cpuMicros(entry).toFixed(2),
        percent(entry.serverBusy),
        entry.errorsPerSecond.toFixed(1),
        mebibytes(entry.residentAfterBytes),
        percent(entry.strangersBusy),
      ]),
    ),
  );

/** What a reader must know before believing the figures. */
export const httpWarnings = (rounds: HttpRounds): string[] =>
  warningsOf(rounds, ({ server, errorsPerSecond, unannouncedPerSecond }) => [
    ...(errorsPerSecond > 0 ? [`${server}: ${errorsPerSecond.toFixed(1)} errors/s.`] : []),
    ...(unannouncedPerSecond > 0
      ? [
          `${server} closes connections without saying so; the tester notices at its next request, which the kernel refuses.`,
        ]
      : []),
  ]);

/** Memory per kept connection beside aquatic's. */
export function idleTable(results: readonly IdleResult[]): string {
  return table(
    ["server", "connections", "lost", "KiB each", "× aquatic", "RSS before MiB", "after"],
    results.map((result) => {
      const rival = results.find(
        ({ server, isTls }) => server === "aquatic_http" && isTls === result.isTls,
      );
      const each = idleBytesPerConnection(result);
      return [
        `${result.server}${result.isTls ? ", TLS" : ""}`,
        whole(result.connections),
        whole(result.lost),
        (each / 1024).toFixed(2),
        ratioText(rival && each / idleBytesPerConnection(rival), 2),
        mebibytes(result.residentBeforeBytes),
        mebibytes(result.residentAfterBytes),
      ];
    }),
  );
}

const comparisonReport = (comparison: HttpComparison): string =>
  comparisonSection(
    comparison,
    httpSpeedTable(summarizeHttpServers(comparison.rounds)),
    httpWarnings(comparison.rounds),
    "Each run",
    roundsTable(comparison.rounds),
  );

/** The whole report as Markdown. */
export function httpReport(results: HttpResults): string {
  const { load, comparisons, idle } = results;
  const commands = comparisons.flatMap(({ title, rounds }) =>
    (rounds[0] ?? []).map(({ server, command }) => [`${title}, ${server}`, command] as const),
  );
  return `# HTTP benchmark, ${results.date}

Server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}; runs of ${load.durationSeconds} s in turns, after \
${load.warmupSeconds} s that do not count. ${results.machine}.
Medians of the rounds; ratios are taken within each round first.

µs: CPU time of the server per answer · busy: share of its CPU the server used · others: share of both CPUs that went to \
other processes.

${comparisons.map(comparisonReport).join("")}${
  idle.length > 0
    ? `## Connections that are kept and idle\n\nEach announced once; counted and measured ten seconds later.\n\n${idleTable(idle)}\n\n`
    : ""
}${whatRan(results.versions, commands)}`;
}
