/**
 * From rounds to the tables that `npm run bench:ws` prints: pure functions, so that tests can check the arithmetic.
 *
 * What counts is messages that reached a client: a server that drops offers gets nothing for them.
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
import { bytesPerConnection, type WsCrowdResult } from "./connections.ts";
import type { WsLoad, WsRound } from "./round.ts";

type WsRounds = Rounds<WsRound>;

/** All rounds under one load tester. */
export type WsComparison = Comparison<WsRound>;

export interface WsResults {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: WsLoad;
  readonly comparisons: readonly WsComparison[];
  readonly crowd?: { readonly description: string; readonly results: readonly WsCrowdResult[] };
}

export interface WsSummary {
  readonly server: string;
  /** Messages that reached a client, per second of the server's CPU. */
  readonly perCpuSecond: number;
  readonly perCpuSecondToAquatic: number | undefined;
  readonly userMicros: number;
  readonly systemMicros: number;
  readonly sent: number;
  readonly received: number;
  readonly residentPeakBytes: number;
}

const RIVAL = "aquatic_ws";

/** One summary per server that ran, in the order of the first round. */
export function summarizeWsServers(rounds: WsRounds): WsSummary[] {
  return (rounds[0] ?? []).map(({ server }) => {
    const own = rounds.flatMap((round) => round.filter((entry) => entry.server === server));
    return {
      server,
      perCpuSecond: median(own.map(perCpuSecond)),
      perCpuSecondToAquatic: pairedRatio(rounds, server, RIVAL, perCpuSecond),
      userMicros: median(own.map((round) => round.userMicros)),
      systemMicros: median(own.map((round) => round.systemMicros)),
      sent: median(own.map((round) => round.sent)),
      received: median(own.map((round) => round.received)),
      residentPeakBytes: median(own.map((round) => round.residentPeakBytes)),
    };
  });
}

export const wsSpeedTable = (summaries: readonly WsSummary[]): string =>
  table(
    [
      ...["server", "messages/CPU s", "× aquatic", "µs/message", "user", "system"],
      ...["in/s", "out/s", "peak RSS MiB"],
    ],
    summaries.map((summary) => [
      summary.server,
      whole(summary.perCpuSecond),
      ratioText(summary.perCpuSecondToAquatic, 2),
      (summary.userMicros + summary.systemMicros).toFixed(2),
      summary.userMicros.toFixed(2),
      summary.systemMicros.toFixed(2),
      whole(summary.sent),
      whole(summary.received),
      mebibytes(summary.residentPeakBytes),
    ]),
  );

const roundsTable = (rounds: WsRounds): string =>
  table(
    [
      ...["round, server", "in/s", "out/s", "announces", "offers", "answers", "errors"],
      ...["µs/message", "busy", "RSS before", "after", "others"],
    ],
    rounds.flatMap((round, index) =>
      round.map((entry) => [
        `${index + 1} ${entry.server}`,
        whole(entry.sent),
        whole(entry.received),
        whole(entry.announces),
        whole(entry.offers),
        whole(entry.answers),
        entry.errors.toFixed(1),
        cpuMicros(entry).toFixed(2),
        percent(entry.serverBusy),
        mebibytes(entry.residentBeforeBytes),
        mebibytes(entry.residentAfterBytes),
        percent(entry.strangersBusy),
      ]),
    ),
  );

/** What a reader must know before believing the figures. */
export const wsWarnings = (rounds: WsRounds): string[] =>
  warningsOf(rounds, ({ server, errors }) =>
    errors > 0 ? [`${server} answered with errors: ${errors.toFixed(1)}/s.`] : [],
  );

/** Memory per connection beside aquatic's. */
export function wsCrowdTable(results: readonly WsCrowdResult[]): string {
  const rival = results.find(({ server }) => server === RIVAL);
  return table(
    [
      ...["server", "connections", "lost", "errors/s", "KiB/connection", "× aquatic"],
      ...["RSS before MiB", "after", "CPU s"],
    ],
    results.map((result) => [
      result.server,
      whole(result.connections),
      whole(result.lost),
      result.errors.toFixed(1),
      (bytesPerConnection(result) / 1024).toFixed(1),
      rival ? (bytesPerConnection(result) / bytesPerConnection(rival)).toFixed(2) : "–",
      mebibytes(result.residentBeforeBytes),
      mebibytes(result.residentAfterBytes),
      result.cpuSeconds.toFixed(1),
    ]),
  );
}

const comparisonReport = (comparison: WsComparison): string =>
  comparisonSection(
    comparison,
    wsSpeedTable(summarizeWsServers(comparison.rounds)),
    wsWarnings(comparison.rounds),
    "Each run (RSS in MiB)",
    roundsTable(comparison.rounds),
  );

/** The whole report as Markdown. */
export function wsReport(results: WsResults): string {
  const { load, comparisons, crowd } = results;
  const commands = (comparisons[0]?.rounds[0] ?? []).map(
    ({ server, command }) => [server, command] as const,
  );
  return `# WebTorrent benchmark, ${results.date}

Over TLS, server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}; runs of ${load.durationSeconds} s in turns, the \
first ${load.warmupSeconds} s left out. ${results.machine}.
Medians of the rounds; ratios are taken within each round first. Messages are those that reached a client.

in: messages the clients sent · out: messages they read · busy: share of its CPU the server used · others: share of both \
CPUs that went to other processes · µs: CPU time of the server per message out.

${comparisons.map(comparisonReport).join("")}${
  crowd ? `## Connections\n\n${crowd.description}\n\n${wsCrowdTable(crowd.results)}\n\n` : ""
}${whatRan(results.versions, commands)}`;
}
