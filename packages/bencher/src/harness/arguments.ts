/** The command line of the benchmarks: options of every protocol and those of one, the usage, mistakes in one line. */
import { parseArgs } from "node:util";
import type { BenchLoad, NumberOption, Protocol } from "./protocol.ts";

/** A mistake on the command line: answered with the usage, exit code 2. */
export class UsageError extends Error {}

const ROUNDS = { about: "how often each server runs", argument: "N", usual: 4, quick: 1, min: 1 };
const WARMUP_STEP_SECONDS = 5;

const numberOptions = (protocol: Protocol): Readonly<Record<string, NumberOption>> => ({
  rounds: { ...ROUNDS, argument: "N" },
  duration: {
    ...protocol.seconds,
    about: protocol.warmsUpBefore
      ? "seconds of load that count, in steps of 5"
      : "seconds of load per run",
    argument: "S",
  },
  warmup: {
    about: `${protocol.warmsUpBefore ? "seconds of load before" : "its first seconds that do not count"}, in steps of 5`,
    argument: "S",
    usual: 5,
    min: WARMUP_STEP_SECONDS,
  },
  ...protocol.options,
  "server-cpu": { about: "the CPU of the server", argument: "N", usual: 0, min: 0 },
  "load-cpu": { about: "the CPU of the load tester", argument: "N", usual: 1, min: 0 },
});

const tableKeys = (protocol: Protocol): string[] => [
  ...new Set(protocol.tables.map(({ key }) => key)),
];

export function usageOf(protocol: Protocol): string {
  const line = (option: string, about: string): string => `  ${option.padEnd(18)}${about}\n`;
  const numbers = Object.entries(numberOptions(protocol)).map(
    ([name, { about, argument, usual }]) => line(`--${name} ${argument}`, `${about} (${usual})`),
  );
  return [
    `usage: npm run bench:${protocol.name} -- [options]\n\n`,
    ...numbers,
    line("--servers LIST", `which, in this order (${protocol.servers.join(",")})`),
    line("--tables LIST", `which (${tableKeys(protocol).join(",")})`),
    line("--node PATH", "the Node.js that runs swarmtide (the one that runs this)"),
    line("--out FOLDER", "where the report and the figures go (bench-results)"),
    line("--svg FILE", "where the chart goes (nowhere)"),
    line("--from FILE", "runs nothing: reports and draws these figures again"),
    line("--quick", "one short round of a small load: shows that it works, not how fast"),
    line("-h, --help", "this text"),
  ].join("");
}

/** The number behind --NAME. Throws a UsageError for anything but a whole number from `min` on. */
function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < min)
    throw new UsageError(`--${name} ${text}: expected a whole number from ${min} on`);
  return value;
}

/** The items of --NAME LIST. Throws a UsageError for one that is not among `known`. */
function listed(name: string, text: string, known: readonly string[]): string[] {
  const items = text.split(",");
  for (const item of items)
    if (!known.includes(item))
      throw new UsageError(`--${name}: "${item}" is not one of ${known.join(", ")}`);
  return items;
}

export interface BenchArguments {
  readonly rounds: number;
  readonly load: BenchLoad & Readonly<Record<string, number>>;
  readonly servers: readonly string[];
  readonly tables: readonly string[];
  readonly node: string;
  readonly out: string;
  readonly svg: string | undefined;
  readonly from: string | undefined;
}

/** What the command line says; undefined where help is asked for. Throws a UsageError. */
export function readArguments(
  protocol: Protocol,
  args: readonly string[],
): BenchArguments | undefined {
  const numbers = numberOptions(protocol);
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const names = [...Object.keys(numbers), "servers", "tables", "node", "out", "svg", "from"];
  let values: { readonly [name: string]: string | boolean | undefined };
  try {
    const options = {
      ...Object.fromEntries(names.map((name) => [name, text])),
      quick: flag,
      help: { ...flag, short: "h" },
    };
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return undefined;
  const textOf = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const number = (name: string): number => {
    const option = numbers[name];
    if (option === undefined) throw new Error(`No number is called ${name}`);
    const { usual, quick = usual, min } = option;
    return wholeNumber(name, textOf(name) ?? `${values.quick === true ? quick : usual}`, min);
  };
  const own = Object.keys(protocol.options).map((name) => [name, number(name)]);
  const list = (name: string, known: readonly string[]): string[] =>
    listed(name, textOf(name) ?? known.join(","), known);
  return {
    rounds: number("rounds"),
    load: {
      durationSeconds: number("duration"),
      warmupSeconds: number("warmup"),
      serverCpu: number("server-cpu"),
      loadCpu: number("load-cpu"),
      ...Object.fromEntries(own),
    },
    servers: list("servers", protocol.servers),
    tables: list("tables", tableKeys(protocol)),
    node: textOf("node") ?? process.execPath,
    out: textOf("out") ?? "bench-results",
    svg: textOf("svg"),
    from: textOf("from"),
  };
}
