/** What the benchmark programs have in common: the command line, servers in turns, files of results, failing in one line. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { join } from "node:path";
import type { BenchServer } from "./running-server.ts";

/** A mistake on the command line: answered with the usage, exit code 2. */
export class UsageError extends Error {}

/** The number behind --NAME. Throws a UsageError for anything but a whole number from `min` on. */
export function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min)
    throw new UsageError(`--${name} ${text}: wanted is a whole number from ${min} on`);
  return value;
}

/** The items of --NAME LIST. Throws a UsageError for one that is not among `known`. */
export const listed = <Item extends string>(
  name: string,
  text: string,
  known: readonly Item[],
): Item[] =>
  text.split(",").map((wanted) => {
    const item = known.find((entry) => entry === wanted);
    if (item === undefined)
      throw new UsageError(`--${name}: "${wanted}" is none of ${known.join(", ")}`);
    return item;
  });

/** Options of every benchmark, for `parseArgs`. */
export const COMMON_OPTIONS = {
  rounds: { type: "string" },
  duration: { type: "string" },
  warmup: { type: "string", default: "5" },
  "server-cpu": { type: "string", default: "0" },
  "load-cpu": { type: "string", default: "1" },
  out: { type: "string", default: "bench-results" },
  quick: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

interface CommonValues {
  readonly rounds?: string | undefined;
  readonly duration?: string | undefined;
  readonly warmup: string;
  readonly "server-cpu": string;
  readonly "load-cpu": string;
  readonly quick: boolean;
}

/** What these options say; `seconds` is how long a run takes by default, in a hurry, and at least. */
export function readCommonOptions(
  values: CommonValues,
  seconds: { readonly usual: number; readonly quick: number; readonly min: number },
) {
  const { quick } = values;
  const duration = values.duration ?? `${quick ? seconds.quick : seconds.usual}`;
  return {
    rounds: wholeNumber("rounds", values.rounds ?? (quick ? "1" : "3"), 1),
    durationSeconds: wholeNumber("duration", duration, seconds.min),
    warmupSeconds: wholeNumber("warmup", values.warmup, 5),
    serverCpu: wholeNumber("server-cpu", values["server-cpu"], 0),
    loadCpu: wholeNumber("load-cpu", values["load-cpu"], 0),
  };
}

/** What `parse` reads off the command line; what it throws is a mistake there. */
export function asUsage<Parsed>(parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Throws where server and load would share a CPU. */
export function assertTwoCpus(): void {
  if (availableParallelism() < 2)
    throw new Error("The benchmark needs two CPUs: one for the server, one for the load");
}

/**
 * Runs the servers in turns (A B C A B C …), so that each has the machine in the same mood; one inner list per round. Tells
 * on stderr who runs, after `title`, and what `describe` makes of it.
 */
export async function inTurns<Round>(
  title: string,
  servers: readonly BenchServer[],
  roundsWanted: number,
  run: (server: BenchServer) => Promise<Round>,
  describe: (round: Round) => string,
): Promise<Round[][]> {
  const rounds: Round[][] = [];
  for (let index = 0; index < roundsWanted; index++) {
    const round: Round[] = [];
    for (const server of servers) {
      process.stderr.write(`${title}round ${index + 1}/${roundsWanted}, ${server.name} … `);
      const entry = await run(server);
      process.stderr.write(`${describe(entry)}\n`);
      round.push(entry);
    }
    rounds.push(round);
  }
  return rounds;
}

/** When and where a benchmark ran, for the head of its report. */
export const whenAndWhere = () => ({
  date: new Date().toISOString().slice(0, 16).replace("T", " "),
  machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}`,
});

/** Prints a report and writes it into `folder`, with all figures beside it as JSON. */
export function writeResults(
  folder: string,
  name: string,
  report: string,
  results: { readonly date: string },
): void {
  process.stdout.write(`\n${report}\n`);
  mkdirSync(folder, { recursive: true });
  const stem = join(folder, `${name}-${results.date.replace(/[: ]/g, "-")}`);
  writeFileSync(`${stem}.md`, report);
  writeFileSync(`${stem}.json`, `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(`Written to ${stem}.md and .json\n`);
}

/** Runs a program to its end; what it throws is one line on stderr. */
export async function runProgram(usage: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(usage);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
