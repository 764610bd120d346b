/**
 * From rounds to the tables that `npm run bench:ws` prints: pure functions, so that tests can check the arithmetic.
 *
 * What counts is messages that reached a client: a server that drops offers gets nothing for them. Ratios are paired: each
 * is taken within one round, and then the median over the rounds.
 */
import { median, table } from "./udp-results.ts";
import type { WsLoad, WsRound } from "./ws-round.ts";

export interface WsResults {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: WsLoad;
  /** One inner list per round, one entry per server in the order they ran. */
  readonly rounds: readonly (readonly WsRound[])[];
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
export function summarizeWsServers(rounds: WsResults["rounds"]): WsSummary[] {
  return (rounds[0] ?? []).map(({ server }) => {
    const own = rounds.flatMap((round) => round.filter((entry) => entry.server === server));
    const ratios = rounds.flatMap((round) => {
      const mine = round.find((entry) => entry.server === server);
      const theirs = round.find((entry) => entry.server === RIVAL);
      return mine && theirs ? [perCpuSecond(mine) / perCpuSecond(theirs)] : [];
    });
    return {
      server,
      perCpuSecond: median(own.map(perCpuSecond)),
      perCpuSecondToAquatic: ratios.length > 0 ? median(ratios) : undefined,
      userMicros: median(own.map((round) => round.userMicros)),
      systemMicros: median(own.map((round) => round.systemMicros)),
      sent: median(own.map((round) => round.sent)),
      received: median(own.map((round) => round.received)),
      residentPeakBytes: median(own.map((round) => round.residentPeakBytes)),
    };
  });
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export const wsSpeedTable = (summaries: readonly WsSummary[]): string =>
  table(
    [
      ...["server", "messages/CPU s", "× aquatic", "µs/message", "user", "system"],
      ...["in/s", "out/s", "peak RSS MiB"],
    ],
    summaries.map((summary) => [
      summary.server,
      whole(summary.perCpuSecond),
      summary.perCpuSecondToAquatic?.toFixed(2) ?? "–",
      (summary.userMicros + summary.systemMicros).toFixed(2),
      summary.userMicros.toFixed(2),
      summary.systemMicros.toFixed(2),
      whole(summary.sent),
      whole(summary.received),
      mebibytes(summary.residentPeakBytes),
    ]),
  );

const roundsTable = (rounds: WsResults["rounds"]): string =>
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
export function wsWarnings(rounds: WsResults["rounds"]): string[] {
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

/** The whole report as Markdown. */
export function wsReport(results: WsResults): string {
  const { load, rounds } = results;
  return `# WebTorrent benchmark, ${results.date}

aquatic_ws_load_test with its defaults (16 connections, 10,000 torrents, 10 offers an announce) over TLS, \
${rounds.length} rounds of ${load.durationSeconds} s each (the first ${load.warmupSeconds} s left out), \
server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}. ${results.machine}.
Medians of the rounds; ratios are taken within each round first. Messages are those that reached a client.

${wsSpeedTable(summarizeWsServers(rounds))}

in: messages the clients sent · out: messages they read (announce replies, offers, answers).

${wsWarnings(rounds)
  .map((line) => `- ${line}\n`)
  .join("")}
Each run (RSS in MiB):

${roundsTable(rounds)}

busy: share of its CPU the server used · others: share of both CPUs that went to other processes.

Versions:

${Object.entries(results.versions)
  .map(([name, version]) => `- ${name}: ${version}`)
  .join("\n")}

Commands, each under \`taskset\`:

${(rounds[0] ?? []).map((round) => `    ${round.server}: ${round.command.join(" ")}`).join("\n")}
`;
}
