/**
 * What a protocol tells the harness: its servers, its tables with their loads, and what is shown of a round. The harness
 * does the rest: command line, turns, processes, reports, charts, results.
 */
import type { BenchServer } from "./server-run.ts";

/** The server and the load tester each get a CPU of their own. */
export interface BenchCpus {
  readonly serverCpu: number;
  readonly loadCpu: number;
}

/** How long a run takes and where. */
export interface BenchLoad extends BenchCpus {
  readonly durationSeconds: number;
  /** The first seconds of the load, left out of the result. */
  readonly warmupSeconds: number;
}

/** What every run tells: who served, and its resident memory before the load and at its end. */
export interface Round {
  readonly server: string;
  readonly command?: readonly string[];
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
}

/** One inner list per round, one entry per server in the order they ran. */
export type Rounds<Entry extends Round> = readonly (readonly Entry[])[];

/** A figure of a round, and how a table shows it. Methods, so that tables of several kinds of round fit in one list. */
export interface Column<Entry extends Round> {
  readonly title: string;
  value(round: Entry): number;
  text(value: number): string;
  /** The figure is shown as a ratio to that of this server in the same round. */
  readonly against?: string;
  /** The lowest and the highest of the rounds stand beside the median. */
  readonly hasSpread?: boolean;
}

/** A block of a chart: one bar for each server. */
export interface Bars<Entry extends Round> {
  title(tableTitle: string): string;
  value(round: Entry): number;
  text(value: number): string;
  /** Servers without a bar. */
  readonly without?: readonly string[];
}

/** What is shown of the rounds of a table. */
export interface Sheet<Entry extends Round> {
  /** Tables with one row for each server: medians over the rounds. */
  readonly summaries: readonly {
    readonly heading?: string;
    readonly columns: readonly Column<Entry>[];
  }[];
  /** The table with one row for each run; none where each server runs once. */
  readonly runs?: { readonly heading: string; readonly columns: readonly Column<Entry>[] };
  /** What a reader must know before believing the figures of this round. */
  warnings(round: Entry): readonly string[];
  readonly bars: readonly Bars<Entry>[];
  /** One run in a few words, for the terminal. */
  progress(round: Entry): string;
}

/** One load, under which the servers take turns. */
export interface BenchTable<Entry extends Round, Load extends BenchLoad> {
  /** What `--tables` calls it. */
  readonly key: string;
  readonly title: string;
  /** Who asks for what. */
  description(load: Load): string;
  /** Names of the servers that can take part. */
  readonly servers: readonly string[];
  /** The server of that name, its programs installed. `node` is the Node.js that runs swarmtide. */
  server(name: string, node: string): BenchServer;
  run(server: BenchServer, load: Load): Promise<Entry>;
  readonly sheet: Sheet<Entry>;
  /** Each server runs once, whatever `--rounds` says. */
  readonly isOnce?: boolean;
}

/** An option that takes a whole number. */
export interface NumberOption {
  readonly about: string;
  readonly argument: "N" | "S";
  readonly usual: number;
  /** With --quick. */
  readonly quick?: number;
  readonly min: number;
}

export interface Protocol<Load extends BenchLoad = BenchLoad> {
  readonly name: string;
  /** Heading of the report. */
  readonly title: string;
  /** What stands before "4 rounds of 20 s each". */
  setting(load: Load): string;
  readonly servers: readonly string[];
  readonly tables: readonly BenchTable<Round, Load>[];
  /** Seconds of a run: usually, with --quick, and at least. */
  readonly seconds: { readonly usual: number; readonly quick: number; readonly min: number };
  /** Whether the seconds of a run come after the warm-up, or begin with it. */
  readonly warmsUpBefore: boolean;
  /** Options beyond those of every benchmark: numbers of the load, under the same names. */
  readonly options: Readonly<Record<Exclude<keyof Load, keyof BenchLoad>, NumberOption>>;
  /** Versions of what is not a server, such as the load tester. */
  versions?(): Readonly<Record<string, string>>;
  /** What the columns mean, for the report. */
  readonly legend: string;
  /** The chart for those who cannot see it, and names of its bars. */
  readonly chart: {
    readonly alternativeText: string;
    readonly labels: Readonly<Record<string, string>>;
  };
}
