/** From rounds to tables: medians, ratios within a round, spreads; Markdown; figures as text. Pure functions. */
import type { Column, Round, Rounds } from "./protocol.ts";

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
 * A column's figure for a server in each round. A ratio is taken within the round, where the machine was in one mood: a
 * ratio of two medians would mix the moods. Empty if the server, or the one it is compared with, never ran.
 */
const figuresOf = <Entry extends Round>(
  rounds: Rounds<Entry>,
  server: string,
  { value, against }: Column<Entry>,
): number[] =>
  rounds.flatMap((round) => {
    const own = round.find((entry) => entry.server === server);
    if (own === undefined) return [];
    if (against === undefined) return [value(own)];
    const other = round.find((entry) => entry.server === against);
    return other === undefined ? [] : [value(own) / value(other)];
  });

/** The median over the rounds; undefined where there is no figure. */
export function figureOf<Entry extends Round>(
  rounds: Rounds<Entry>,
  server: string,
  column: Column<Entry>,
): number | undefined {
  const figures = figuresOf(rounds, server, column);
  return figures.length > 0 ? median(figures) : undefined;
}

export const serversOf = (rounds: Rounds<Round>): string[] =>
  (rounds[0] ?? []).map(({ server }) => server);

export const column = <Entry extends Round>(
  title: string,
  value: (round: Entry) => number,
  text: (value: number) => string,
): Column<Entry> => ({ title, value, text });

export const ratio = <Entry extends Round>(
  title: string,
  value: (round: Entry) => number,
  against: string,
  digits = 2,
): Column<Entry> => ({ title, value, text: fixed(digits), against });

export const withSpread = <Entry extends Round>(column: Column<Entry>): Column<Entry> => ({
  ...column,
  hasSpread: true,
});

/** One row for each server: the medians, and the spread where a column wants it. */
export function summaryTable<Entry extends Round>(
  rounds: Rounds<Entry>,
  columns: readonly Column<Entry>[],
): string {
  const head = columns.flatMap(({ title, hasSpread }) => (hasSpread ? [title, "spread"] : [title]));
  const cells = (server: string, column: Column<Entry>): string[] => {
    const figures = figuresOf(rounds, server, column);
    const middle = figures.length > 0 ? column.text(median(figures)) : "–";
    if (!column.hasSpread) return [middle];
    const ends = [Math.min(...figures), Math.max(...figures)].map((end) => column.text(end));
    return [middle, figures.length > 1 ? ends.join("–") : "–"];
  };
  const rows = serversOf(rounds).map((server) => [
    server,
    ...columns.flatMap((column) => cells(server, column)),
  ]);
  return table(["server", ...head], rows);
}

/** One row for each run. */
export const runsTable = <Entry extends Round>(
  rounds: Rounds<Entry>,
  columns: readonly Column<Entry>[],
): string =>
  table(
    ["round, server", ...columns.map(({ title }) => title)],
    rounds.flatMap((round, index) =>
      round.map((entry) => [
        `${index + 1} ${entry.server}`,
        ...columns.map(({ value, text }) => text(value(entry))),
      ]),
    ),
  );

export const fixed =
  (digits: number) =>
  (value: number): string =>
    value.toFixed(digits);
export const whole = (value: number): string => Math.round(value).toLocaleString("en");
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

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
