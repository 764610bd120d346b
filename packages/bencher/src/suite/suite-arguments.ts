/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { UsageError } from "../harness/arguments.ts";

export interface SuiteArguments {
  readonly protocols: readonly string[];
  readonly tables: readonly string[] | undefined;
  readonly servers: readonly string[] | undefined;
  readonly cores: readonly number[];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly torrents: number;
  readonly peers: number;
  /** Where figures are appended. */
  readonly append: string | undefined;
  /** Runs nothing: makes the page of this file. */
  readonly render: string | undefined;
}

export const SUITE_USAGE = `usage: npm run bench -- [options]

  --only LIST      protocols (udp,http,ws)
  --tables LIST    tables (udp,http,http-close,https,ws,wss)
  --servers LIST   servers whose names begin so (all)
  --rounds N       how often each server runs (3)
  --cores LIST     cores of the servers, with as many workers (1)
  --torrents N     of the UDP load (200000)
  --peers N        of the UDP load (400000)
  --append FILE    adds the rounds to the figures in FILE (bench-results/DATE.json)
  --render FILE    runs nothing: writes the page and the chart of these figures beside them
  --quick          one short round of what is in the cache: a first answer, not a figure to quote
  -h, --help       this text
`;

const PROTOCOLS = ["udp", "http", "ws"];

function wholeNumbers(name: string, text: string): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (part === "" || !Number.isSafeInteger(value) || value < 1)
      throw new UsageError(`--${name} ${part}: expected a whole number from 1 on`);
    return value;
  });
}

/** What the command line says; undefined where help is asked for. Throws a UsageError. */
export function readSuiteArguments(args: readonly string[]): SuiteArguments | undefined {
  const text = { type: "string" } as const;
  const options = {
    ...{ only: text, tables: text, servers: text, rounds: text, cores: text },
    ...{ torrents: text, peers: text, append: text, render: text },
    quick: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  const read = () => {
    try {
      return parseArgs({ args: [...args], options }).values;
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  };
  const values = read();
  if (values.help) return undefined;
  const protocols = (values.only ?? PROTOCOLS.join(",")).split(",");
  const unknown = protocols.find((name) => !PROTOCOLS.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only: "${unknown}" is not one of ${PROTOCOLS.join(", ")}`);
  const isQuick = values.quick === true;
  const number = (name: "rounds" | "torrents" | "peers", usual: number): number =>
    wholeNumbers(name, values[name] ?? `${usual}`)[0] ?? usual;
  return {
    protocols,
    tables: values.tables?.split(","),
    servers: values.servers?.split(","),
    cores: wholeNumbers("cores", values.cores ?? "1"),
    rounds: number("rounds", isQuick ? 1 : 3),
    isQuick,
    torrents: number("torrents", isQuick ? 50_000 : 200_000),
    peers: number("peers", isQuick ? 100_000 : 400_000),
    append: values.append,
    render: values.render,
  };
}
