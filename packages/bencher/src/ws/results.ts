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
import { bytesPerConnection, type WsCrowdResult } from "./connections.ts";
import type { WsLoad, WsRound } from "./round.ts";

/** One inner list per round, one entry per server in the order they ran. */
export type WsRounds = readonly (readonly WsRound[])[];

/** All rounds under one load tester. */
export interface WsComparison {
  readonly title: string;
  readonly description: string;
  readonly rounds: WsRounds;
}

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
const perCpuSecond = (round: WsRound): number => 1e6 / (round.userMicros + round.systemMicros);

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
        (entry.userMicros + entry.systemMicros).toFixed(2),
        percent(entry.serverBusy),
        mebibytes(entry.residentBeforeBytes),
        mebibytes(entry.residentAfterBytes),
        percent(entry.strangersBusy),
      ]),
    ),
  );

/** Above this share of foreign CPU time the figures are not worth quoting. */
const NOISY = 0.05;
/** Below this share of its CPU a server was not the bottleneck, and its time a message says little of full load. */
const IDLE = 0.9;

/** What a reader must know before believing the figures. */
export function wsWarnings(rounds: WsRounds): string[] {
  const lines: string[] = [];
  for (const entry of rounds.flat()) {
    if (entry.strangersBusy > NOISY)
      lines.push(
        `Noisy: others took ${percent(entry.strangersBusy)} of the CPUs beside ${entry.server}.`,
      );
    if (entry.serverBusy < IDLE)
      lines.push(`${entry.server} was busy for ${percent(entry.serverBusy)} of its CPU only.`);
    if (entry.errors > 0)
      lines.push(`${entry.server} answered with errors: ${entry.errors.toFixed(1)}/s.`);
  }
  return [...new Set(lines)];
}

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

const comparisonReport = ({ title, description, rounds }: WsComparison): string => `## ${title}

${description}

${wsSpeedTable(summarizeWsServers(rounds))}

${wsWarnings(rounds)
  .map((line) => `- ${line}\n`)
  .join("")}
Each run (RSS in MiB):

${roundsTable(rounds)}
`;

/** The whole report as Markdown. */
export function wsReport(results: WsResults): string {
  const { load, comparisons, crowd } = results;
  const commands = (comparisons[0]?.rounds[0] ?? []).map(
    (round) => `    ${round.server}: ${round.command.join(" ")}\n`,
  );
  return `# WebTorrent benchmark, ${results.date}

Over TLS, server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}; runs of ${load.durationSeconds} s in turns, the \
first ${load.warmupSeconds} s left out. ${results.machine}.
Medians of the rounds; ratios are taken within each round first. Messages are those that reached a client.

in: messages the clients sent · out: messages they read · busy: share of its CPU the server used · others: share of both \
CPUs that went to other processes · µs: CPU time of the server per message out.

${comparisons.map((comparison) => `${comparisonReport(comparison)}\n`).join("")}${
  crowd ? `## Connections\n\n${crowd.description}\n\n${wsCrowdTable(crowd.results)}\n\n` : ""
}## What ran

${Object.entries(results.versions)
  .map(([name, version]) => `- ${name}: ${version}`)
  .join("\n")}

${commands.join("")}`;
}
