/**
 * What the reports of the benchmarks say alike: what a server's CPU yields, what to know before believing the figures,
 * how a comparison is laid out, what ran.
 */
import { percent } from "./markdown-table.ts";

/** What every round tells of a server. */
export interface CostRound {
  readonly server: string;
  readonly command: readonly string[];
  /** CPU time of the server for each answer, or for each message that reached a client, in microseconds. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Share of one CPU that the server used. */
  readonly serverBusy: number;
  /** Share of the two CPUs that went to neither the server nor the tester: how noisy the machine was. */
  readonly strangersBusy: number;
}

/** One inner list per round, one entry per server in the order they ran. */
export type Rounds<Round extends CostRound> = readonly (readonly Round[])[];

/** All rounds under one load. */
export interface Comparison<Round extends CostRound> {
  readonly title: string;
  readonly description: string;
  readonly rounds: Rounds<Round>;
}

export const cpuMicros = (round: CostRound): number => round.userMicros + round.systemMicros;

/** Answers or messages per second of the server's CPU: a server that waits for its tester is not slower for it. */
export const perCpuSecond = (round: CostRound): number => 1e6 / cpuMicros(round);

/** Above this share of foreign CPU time the figures are not worth quoting. */
const NOISY = 0.05;
/** Below this share of its CPU a server was not the bottleneck: it then finds less to do at a time. */
const IDLE = 0.9;

/** What a reader must know before believing the figures; `more` tells what only this protocol's rounds have. */
export function warningsOf<Round extends CostRound>(
  rounds: Rounds<Round>,
  more: (round: Round) => readonly string[],
): string[] {
  const lines = rounds.flat().flatMap((round) => {
    const { server, serverBusy, strangersBusy } = round;
    return [
      ...(strangersBusy > NOISY
        ? [`Noisy: others took ${percent(strangersBusy)} of the CPUs beside ${server}.`]
        : []),
      ...(serverBusy < IDLE
        ? [`${server} was busy for ${percent(serverBusy)} of its CPU only.`]
        : []),
      ...more(round),
    ];
  });
  return [...new Set(lines)];
}

/** The part of a report on one comparison. */
export const comparisonSection = (
  { title, description }: { readonly title: string; readonly description: string },
  speedTable: string,
  warnings: readonly string[],
  roundsTitle: string,
  roundsTable: string,
): string => `## ${title}

${description}

${speedTable}

${warnings.map((line) => `- ${line}\n`).join("")}
${roundsTitle}:

${roundsTable}

`;

/** The end of a report: versions, and the command of each server under the name it is to have. */
export const whatRan = (
  versions: Readonly<Record<string, string>>,
  commands: readonly (readonly [string, readonly string[]])[],
): string => `## What ran

${Object.entries(versions)
  .map(([name, version]) => `- ${name}: ${version}`)
  .join("\n")}

${commands.map(([name, command]) => `    ${name}: ${command.join(" ")}\n`).join("")}`;
