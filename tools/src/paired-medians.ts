/**
 * Compares two series of measurements that were taken in turns. Each pair ran on the same machine within seconds, so the
 * ratio of a pair is disturbed less than either number; the median of the ratios leaves out the pairs that were.
 */

/** What one run measured, in nanoseconds. */
export type Run = Readonly<Record<string, number>>;

export interface Comparison {
  readonly what: string;
  /** Medians. */
  readonly other: number;
  readonly here: number;
  /** Median of here / other of each pair, and the quartiles around it. */
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
}

/** One comparison for each thing that every run measured. */
export function compareRuns(others: readonly Run[], heres: readonly Run[]): Comparison[] {
  const names = Object.keys(others[0] ?? {}).filter((name) =>
    [...others, ...heres].every((run) => Object.hasOwn(run, name)),
  );
  return names.map((what) => {
    const of = (runs: readonly Run[]) => runs.map((run) => run[what] ?? Number.NaN);
    const ratios = of(heres).map((here, i) => here / (of(others)[i] ?? Number.NaN));
    return {
      what,
      other: quantile(of(others), 0.5),
      here: quantile(of(heres), 0.5),
      ratio: quantile(ratios, 0.5),
      ratioLow: quantile(ratios, 0.25),
      ratioHigh: quantile(ratios, 0.75),
    };
  });
}

/** The value below which `share` of the values lie, between neighbours in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The table as docs/benchmarks has it. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(
    ({ what, other, here, ratio, ratioLow, ratioHigh }) =>
      `| ${what} | ${other.toFixed(0)} | ${here.toFixed(0)} | ${ratio.toFixed(3)} | ${ratioLow.toFixed(3)} to ${ratioHigh.toFixed(3)} |`,
  );
  return ["| what | other, ns | here, ns | here / other | quartiles |", "|---|---|---|---|---|"]
    .concat(rows)
    .join("\n");
}
