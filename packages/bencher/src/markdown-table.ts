/** The arithmetic and the forms that the reports of all benchmarks share: medians, Markdown tables, figures as text. */

/** The middle value, the mean of the two middle ones of an even number, NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/**
 * The median over the rounds of one server's value against another's of the same round, where the machine was in one
 * mood: a ratio of two medians would mix the moods. Undefined if the two never ran in one round.
 */
export function pairedRatio<Round extends { readonly server: string }>(
  rounds: readonly (readonly Round[])[],
  server: string,
  other: string,
  value: (round: Round) => number,
): number | undefined {
  const ratios = rounds.flatMap((round) => {
    const mine = round.find((entry) => entry.server === server);
    const theirs = round.find((entry) => entry.server === other);
    return mine && theirs ? [value(mine) / value(theirs)] : [];
  });
  return ratios.length > 0 ? median(ratios) : undefined;
}

export const whole = (value: number): string => Math.round(value).toLocaleString("en");
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
export const ratioText = (value: number | undefined, digits: number): string =>
  value === undefined ? "–" : value.toFixed(digits);

/** A Markdown table whose columns also line up in a terminal; the first column is text, the others numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
