/** The block on stdout: a snapshot as aligned text, or as one line of JSON. Called on the main thread. */
import type { ApiStats } from "../api-shape.ts";
import { type ReportTable, reportTables } from "./tables.ts";

type Stats = Omit<ApiStats, "history">;

/** Ends with a line feed. */
export function formatStatisticsBlock(stats: Stats): string {
  const { version, uptimeSeconds } = stats.process;
  const time = new Date(stats.timeMilliseconds).toISOString();
  const head = `=== swarmtide ${version} statistics, ${time}, up ${uptimeSeconds} s ===\n`;
  return head + reportTables(stats).map(formatTable).join("");
}

/** One line. */
export const formatStatisticsJson = (stats: Stats): string =>
  `${JSON.stringify({ time: new Date(stats.timeMilliseconds).toISOString(), statistics: stats })}\n`;

function formatTable({ title, head, rows }: ReportTable): string {
  const lines = [[title, ...head.slice(1)], ...rows];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  return lines
    .map((line, row) => {
      const cells = line.map((cell, column) =>
        column === 0 || isWord(head, column)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      );
      return `${row === 0 ? "" : "  "}${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

/** Columns of words stand to the left, those of numbers to the right. */
const isWord = (head: readonly string[], column: number): boolean =>
  head[column] === "status" || head[column] === "why";
