/**
 * The table of the transfer suites, client by protocol, with the seconds that a file took or what failed.
 * run-transfers.ts fills it with the names of tests and how they ended.
 */
import { appPartsOf, INABILITIES, partsOf } from "./transfers.ts";

export type Outcome = { readonly seconds: number } | "failed" | "skipped";

/** Several tests may share a cell: a failure stands for all of them, else the longest time. */
function worse(one: Outcome | undefined, other: Outcome): Outcome {
  if (one === undefined || other === "failed") return other;
  if (one === "failed" || other === "skipped") return one;
  if (one === "skipped") return other;
  return one.seconds >= other.seconds ? one : other;
}

const shown = (outcome: Outcome): string =>
  typeof outcome === "string" ? outcome : outcome.seconds.toFixed(1);

const COLUMNS = ["udp4", "udp6", "http4", "http6", "https4", "ws", "wss"];

function lines(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

const TRACKERS = ["swarmtide", "bittorrent-tracker"];

/** What pages do, with swarmtide and with the tracker that it is compared with. */
function appsTable(outcomes: ReadonlyMap<string, Outcome>): readonly string[] {
  const apps = new Map<string, Map<string, Outcome>>();
  for (const [title, outcome] of outcomes) {
    const parts = appPartsOf(title);
    if (parts === undefined) continue;
    const row = apps.get(parts.app) ?? new Map<string, Outcome>();
    apps.set(parts.app, row.set(parts.tracker, outcome));
  }
  if (apps.size === 0) return [];
  const cell = (outcome: Outcome | undefined) =>
    outcome === undefined ? "not run" : shown(outcome);
  const rows = [...apps].map(([app, row]) => [
    app,
    ...TRACKERS.map((tracker) => cell(row.get(tracker))),
  ]);
  return ["", "Pages, in seconds:", lines([["library", ...TRACKERS], ...rows])];
}

export function tableOf(outcomes: ReadonlyMap<string, Outcome>): string {
  const found = [...outcomes].map(([title, outcome]) => ({ parts: partsOf(title), outcome }));
  const alone = new Map<string, Map<string, Outcome>>();
  const mixed: string[][] = [];
  for (const { parts, outcome } of found) {
    if (parts === undefined) continue;
    const { seeder, leecher, over } = parts;
    if (seeder === leecher && over[0] === over[1]) {
      const row = alone.get(seeder) ?? new Map<string, Outcome>();
      alone.set(seeder, row.set(over[0], worse(row.get(over[0]), outcome)));
    } else mixed.push([`${seeder}, ${over[0]}`, `${leecher}, ${over[1]}`, shown(outcome)]);
  }
  const reasons = [...new Set(INABILITIES.map(({ reason }) => reason))];
  const cell = (client: string, protocol: string): string => {
    const outcome = alone.get(client)?.get(protocol);
    if (outcome !== undefined) return shown(outcome);
    const why = INABILITIES.find((each) => each.client === client && each.protocol === protocol);
    return why === undefined ? "" : `no (${reasons.indexOf(why.reason) + 1})`;
  };
  const rows = [...alone.keys()].map((client) => [client, ...COLUMNS.map((p) => cell(client, p))]);
  return [
    "A file from each client to another of its kind, in seconds until both are counted as seeders:",
    lines([["client", ...COLUMNS], ...rows]),
    ...reasons.map((reason, index) => `(${index + 1}) The client ${reason}.`),
    "",
    "Mixed:",
    lines([["seeder", "leecher", "seconds"], ...mixed]),
    ...appsTable(outcomes),
    "",
  ].join("\n");
}
