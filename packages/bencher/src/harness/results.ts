/** The figures behind a report as JSON: written after a run, read again with `--from`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import type { BenchLoad, BenchTable, Round, Rounds } from "./protocol.ts";

/** All rounds under one load. */
export interface Comparison {
  /** The title of its table. */
  readonly title: string;
  readonly description: string;
  readonly rounds: Rounds<Round>;
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: BenchLoad & Readonly<Record<string, number>>;
  readonly comparisons: readonly Comparison[];
}

/** As the benchmarks wrote them before they had one form. */
interface EarlierResults extends Omit<Results, "comparisons"> {
  readonly comparisons?: readonly Comparison[];
  readonly rounds?: Rounds<Round>;
  readonly idle?: readonly (Round & { readonly isTls: boolean })[];
  readonly crowd?: { readonly description: string; readonly results: readonly Round[] };
}

/** Results of this form or of an earlier one, of a protocol with these tables. */
export function parseResults(
  text: string,
  tables: readonly Pick<BenchTable<Round, BenchLoad>, "title" | "isOnce">[],
): Results {
  const {
    rounds,
    idle = [],
    crowd,
    comparisons = [],
    ...results
  }: EarlierResults = JSON.parse(text);
  const once = tables.filter(({ isOnce }) => isOnce).map(({ title }) => title);
  const later: Comparison[] = [...comparisons];
  if (rounds) later.push({ title: tables[0]?.title ?? "", description: "", rounds });
  if (crowd) {
    const { description } = crowd;
    later.push({ title: once[0] ?? "", description, rounds: [crowd.results] });
  }
  [false, true].forEach((isTls, index) => {
    const own = idle.filter((entry) => entry.isTls === isTls);
    if (own.length > 0) later.push({ title: once[index] ?? "", description: "", rounds: [own] });
  });
  return { ...results, comparisons: later };
}

export const readResults = (
  file: string,
  tables: readonly Pick<BenchTable<Round, BenchLoad>, "title" | "isOnce">[],
): Results => parseResults(readFileSync(file, "utf8"), tables);

/** When and where a benchmark ran, for the head of its report. */
export const whenAndWhere = () => ({
  date: new Date().toISOString().slice(0, 16).replace("T", " "),
  machine: `${cpus()[0]?.model.trim() ?? "unknown CPU"}, Linux ${release()}`,
});

/** Writes a report into `folder`, with all figures beside it as JSON. */
export function writeResults(folder: string, name: string, report: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  const stem = join(folder, `${name}-${results.date.replace(/[: ]/g, "-")}`);
  writeFileSync(`${stem}.md`, report);
  writeFileSync(`${stem}.json`, `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(`Written to ${stem}.md and .json\n`);
}
