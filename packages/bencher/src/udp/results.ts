/**
 * From rounds to the tables that `npm run bench:udp` prints: pure functions, so that tests can check the arithmetic.
 */
import { mebibytes, median, pairedRatio, percent, ratioText, table } from "../markdown-table.ts";
import { cpuMicros } from "../report-parts.ts";
import type { UdpLoad, UdpRound } from "./round.ts";

export interface UdpResults {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: UdpLoad;
  /** One inner list per round, one entry per server in the order they ran. */
  readonly rounds: readonly (readonly UdpRound[])[];
}

export interface ServerSummary {
  readonly server: string;
  readonly responsesPerSecond: number;
  readonly userMicros: number;
  readonly systemMicros: number;
  readonly serverBusy: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  readonly growthBytes: number;
  readonly coverage: number;
  /** Median over the rounds of responses/s against another server of the same round; undefined if that did not run. */
  readonly rateToAquatic: number | undefined;
  readonly rateToFloor: number | undefined;
  /** The same for CPU time per response, which a busy machine disturbs less: below 1 is cheaper. */
  readonly costToAquatic: number | undefined;
  readonly costToFloor: number | undefined;
  readonly growthToAquatic: number | undefined;
}

const growth = (round: UdpRound): number => round.residentAfterBytes - round.residentBeforeBytes;
const rate = (round: UdpRound): number => round.responsesPerSecond;

/** One summary per server that ran, in the order of the first round. */
export function summarizeServers(rounds: UdpResults["rounds"]): ServerSummary[] {
  const names = (rounds[0] ?? []).map((round) => round.server);
  return names.map((name) => {
    const own = rounds.flatMap((round) => round.filter((entry) => entry.server === name));
    const middle = (value: (round: UdpRound) => number): number => median(own.map(value));
    const paired = (other: string, value: (round: UdpRound) => number) =>
      pairedRatio(rounds, name, other, value);
    return {
      server: name,
      responsesPerSecond: middle((round) => round.responsesPerSecond),
      userMicros: middle((round) => round.userMicros),
      systemMicros: middle((round) => round.systemMicros),
      serverBusy: middle((round) => round.serverBusy),
      residentBeforeBytes: middle((round) => round.residentBeforeBytes),
      residentAfterBytes: middle((round) => round.residentAfterBytes),
      growthBytes: middle(growth),
      coverage: middle((round) => round.coverage),
      rateToAquatic: paired("aquatic_udp", rate),
      rateToFloor: paired("floor", rate),
      costToAquatic: paired("aquatic_udp", cpuMicros),
      costToFloor: paired("floor", cpuMicros),
      growthToAquatic: paired("aquatic_udp", growth),
    };
  });
}

export const roundsTable = (rounds: UdpResults["rounds"]): string =>
  table(
    [
      "round, server",
      "responses/s",
      "µs/resp.",
      "user",
      "system",
      "busy",
      "peers/ann.",
      "growth MiB",
      "others",
    ],
    rounds.flatMap((round, index) =>
      round.map((entry) => [
        `${index + 1} ${entry.server}`,
        entry.responsesPerSecond.toFixed(0),
        (entry.userMicros + entry.systemMicros).toFixed(2),
        entry.userMicros.toFixed(2),
        entry.systemMicros.toFixed(2),
        percent(entry.serverBusy),
        entry.peersPerAnnounce.toFixed(1),
        mebibytes(growth(entry)),
        percent(entry.strangersBusy),
      ]),
    ),
  );

export const speedTable = (summaries: readonly ServerSummary[]): string =>
  table(
    [
      "server",
      "responses/s",
      "× aquatic",
      "× floor",
      "µs/resp.",
      "user",
      "system",
      "µs × aquatic",
      "µs × floor",
    ],
    summaries.map((summary) => [
      summary.server,
      summary.responsesPerSecond.toFixed(0),
      ratioText(summary.rateToAquatic, 3),
      ratioText(summary.rateToFloor, 3),
      (summary.userMicros + summary.systemMicros).toFixed(2),
      summary.userMicros.toFixed(2),
      summary.systemMicros.toFixed(2),
      ratioText(summary.costToAquatic, 3),
      ratioText(summary.costToFloor, 3),
    ]),
  );

export const memoryTable = (summaries: readonly ServerSummary[]): string =>
  table(
    ["server", "RSS before", "after", "growth", "× aquatic"],
    summaries.map((summary) => [
      summary.server,
      mebibytes(summary.residentBeforeBytes),
      mebibytes(summary.residentAfterBytes),
      mebibytes(summary.growthBytes),
      ratioText(summary.growthToAquatic, 3),
    ]),
  );

/** Above this share of foreign CPU time the absolute figures are not worth quoting. */
const NOISY = 0.05;

/** What a reader must know before believing the figures. */
export function warnings(results: UdpResults): string[] {
  const all = results.rounds.flat();
  const lines: string[] = [];
  const strangers = Math.max(...all.map((round) => round.strangersBusy));
  if (strangers > NOISY)
    lines.push(`Noisy: other processes took up to ${percent(strangers)} of the CPUs.`);
  const uncovered = all.filter((round) => round.coverage < 1);
  if (uncovered.length > 0)
    lines.push(
      `Too short for the memory figures: in ${uncovered.length} of ${all.length} runs not every peer had announced itself.`,
    );
  for (const round of all) {
    if (round.errorsPerSecond > 0)
      lines.push(`${round.server} answered with errors: ${round.errorsPerSecond.toFixed(1)}/s.`);
    if (round.complaints > 0)
      lines.push(`The load tester complained ${round.complaints} times about ${round.server}.`);
  }
  return lines;
}

/** The whole report as Markdown. */
export function markdownReport(results: UdpResults): string {
  const { load, rounds } = results;
  const summaries = summarizeServers(rounds);
  const commands = (rounds[0] ?? []).map((round) => `${round.server}: ${round.command.join(" ")}`);
  return `# UDP benchmark, ${results.date}

${load.torrents.toLocaleString("en")} torrents, ${load.peers.toLocaleString("en")} peers, \
${rounds.length} rounds of ${load.durationSeconds} s each (the first ${load.warmupSeconds} s left out), \
server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}. ${results.machine}.
Medians of the rounds; ratios are taken within each round first.

Speed (µs: CPU time of the server per response):

${speedTable(summaries)}

Memory in MiB (growth: what the load added):

${memoryTable(summaries)}

${warnings(results)
  .map((line) => `- ${line}\n`)
  .join("")}
Each run:

${roundsTable(rounds)}

busy: share of its CPU the server used · others: share of both CPUs that went to other processes.

Versions:

${Object.entries(results.versions)
  .map(([name, version]) => `- ${name}: ${version}`)
  .join("\n")}

Commands, each under \`taskset\`:

${commands.map((command) => `    ${command}`).join("\n")}

Load tester's config (the rest at its defaults):

${(rounds[0]?.[0]?.loadConfig ?? "").replace(/^(?=.)/gm, "    ")}`;
}
