/**
 * The numbers as a page without scripts, for operators who have another server show them. Written at an interval under a
 * temporary name and renamed, so that a reader sees a whole file. Called on the main thread.
 */
import { open, rename } from "node:fs/promises";
import { TEMPORARY_FILE_FLAGS, temporaryPathFor } from "@swarmtide/runtime";
import type { ApiStats } from "../api-shape.ts";
import { type ReportTable, reportTables } from "./tables.ts";

type Stats = Omit<ApiStats, "history">;

const STYLE =
  ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}table{border-collapse:collapse;width:100%;margin:1rem 0}caption{text-align:left;font-weight:600}th,td{text-align:right;padding:.2rem .6rem;border-bottom:1px solid #8884}th:first-child,td:first-child{text-align:left}";

/** Writes the page. Rejects with the error of the file system; the old file stays then. */
export async function writeHtmlFile(
  path: string,
  stats: Stats,
  refreshSeconds: number,
): Promise<void> {
  const temporaryPath = temporaryPathFor(path);
  const file = await open(temporaryPath, TEMPORARY_FILE_FLAGS);
  try {
    await file.writeFile(formatHtml(stats, refreshSeconds));
  } finally {
    await file.close();
  }
  await rename(temporaryPath, path);
}

export function formatHtml(stats: Stats, refreshSeconds: number): string {
  const { version } = stats.process;
  const time = new Date(stats.timeMilliseconds).toISOString();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${refreshSeconds}">
<title>swarmtide</title>
<style>${STYLE}</style>
</head>
<body>
<h1>swarmtide ${escaped(version)}</h1>
<p>${time}</p>
${reportTables(stats).map(formatTable).join("\n")}
</body>
</html>
`;
}

function formatTable({ title, head, rows }: ReportTable): string {
  const headCells = head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join("");
  const lines = rows.map((row) => {
    const [first = "", ...rest] = row.map(escaped);
    return `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<table>\n<caption>${escaped(title)}</caption>\n<tr>${headCells}</tr>\n${lines.join("\n")}\n</table>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? "");
