/**
 * `npm run bench`: swarmtide and every rival that can be had, under the same load tester, one table for each protocol.
 * Figures are appended to a file after each server, so that rounds can be spread over a day and a stop loses little.
 */
import { writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { basename } from "node:path";
import { UsageError } from "../harness/arguments.ts";
import { chartOf, pageOf, sectionOf } from "./page.ts";
import { type Raw, readRaw, writeRaw } from "./raw.ts";
import { type Durations, type Entrant, runEntrant } from "./round.ts";
import { readSuiteArguments, SUITE_USAGE, type SuiteArguments } from "./suite-arguments.ts";
import { type SuiteTable, suiteTables } from "./tables.ts";

const USUAL: Durations = {
  ...{ warmupSeconds: 3, saturatedSeconds: 4, halfSeconds: 6, settleSeconds: 1 },
};
/** Eight servers in a minute and a half. */
const QUICK: Durations = {
  ...{ warmupSeconds: 2, saturatedSeconds: 2, halfSeconds: 4, settleSeconds: 0.5 },
};

const machine = (): string =>
  `${cpus()[0]?.model.trim() ?? "an unknown CPU"} (${cpus().length} logical CPUs), Linux ${release()}`;

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** Those that are there, or could be built; the others are noted as missing. */
function entrantsOf(table: SuiteTable, args: SuiteArguments, raw: Raw): Entrant[] {
  return table.competitors.flatMap((competitor) => {
    const { name } = competitor;
    const isWanted = args.servers?.some((start) => name.startsWith(start)) ?? true;
    if (!isWanted || !competitor.serves(table.load)) return [];
    if (args.isQuick && !competitor.isThere()) {
      raw.missing[name] ??= "not in the cache; npm run bench without --quick installs it";
      return [];
    }
    try {
      const found = competitor.find();
      delete raw.missing[name];
      return [{ competitor, found }];
    } catch (error) {
      raw.missing[name] = firstLine(error);
      return [];
    }
  });
}

async function runTable(
  table: SuiteTable,
  args: SuiteArguments,
  raw: Raw,
  file: string,
): Promise<void> {
  const entrants = entrantsOf(table, args, raw);
  const durations = args.isQuick ? QUICK : USUAL;
  for (const cores of args.cores)
    for (let count = 0; count < args.rounds; count++) {
      const before = new Set(
        raw.runs.filter((run) => run.table === table.key).map(({ round }) => round),
      ).size;
      // There and back, so that none is always first; also where rounds were appended one by one.
      const turn = before % 2 === 0 ? entrants : entrants.toReversed();
      const round = `${table.key} ${new Date().toISOString()}`;
      for (const entrant of turn) {
        const { name } = entrant.competitor;
        process.stderr.write(`${table.title}, ${cores} core(s), round ${before + 1}, ${name} … `);
        try {
          const run = await runEntrant(table, entrant, round, cores, durations);
          raw.runs.push(run);
          const { usefulPerSecond, cpuMicros } = run.saturated;
          process.stderr.write(`${usefulPerSecond.toFixed(0)}/s, ${cpuMicros.toFixed(2)} µs\n`);
        } catch (error) {
          raw.missing[name] ??= `it failed under ${table.title}: ${firstLine(error)}`;
          process.stderr.write(`failed: ${firstLine(error)}\n`);
        }
        writeRaw(file, raw);
      }
    }
}

/** Writes the page and the chart beside the figures; returns the page's path. */
function render(file: string, tables: readonly SuiteTable[]): string {
  const raw = readRaw(file, { machine: machine(), date: "" });
  const stem = file.replace(/\.json$/, "");
  writeFileSync(`${stem}.svg`, chartOf(raw, tables));
  writeFileSync(`${stem}.md`, pageOf(raw, tables, `${basename(stem)}.svg`));
  return `${stem}.md`;
}

async function run(args: SuiteArguments): Promise<void> {
  const tables = suiteTables(args);
  if (args.render !== undefined) {
    process.stdout.write(`Written to ${render(args.render, tables)}\n`);
    return;
  }
  const now = new Date().toISOString();
  const date = now.slice(0, 10);
  const file = args.append ?? `bench-results/${now.slice(0, 16).replace(":", "-")}.json`;
  const raw = readRaw(file, { machine: machine(), date });
  const wanted = tables.filter(
    ({ key, protocol }) =>
      args.protocols.includes(protocol) && (args.tables?.includes(key) ?? true),
  );
  for (const table of wanted) await runTable(table, args, raw, file);
  for (const table of wanted)
    for (const cores of args.cores) process.stdout.write(`\n${sectionOf(raw, table, cores)}\n`);
  for (const [name, reason] of Object.entries(raw.missing))
    process.stdout.write(`\nMissing: ${name}: ${reason}\n`);
  process.stdout.write(`\nFigures in ${file}, the page in ${render(file, tables)}\n`);
}

try {
  const args = readSuiteArguments(process.argv.slice(2));
  if (args === undefined) process.stdout.write(SUITE_USAGE);
  else await run(args);
} catch (error) {
  process.stderr.write(`${firstLine(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(SUITE_USAGE);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
