/** Runs a benchmark: reads the command line, lets the servers take turns, reports. Called by bench.ts. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type BenchArguments, readArguments, UsageError, usageOf } from "./arguments.ts";
import type { BenchLoad, BenchTable, Protocol, Round } from "./protocol.ts";
import { chartOf, reportOf } from "./report.ts";
import {
  type Comparison,
  type Results,
  readResults,
  whenAndWhere,
  writeResults,
} from "./results.ts";

/** The servers in turns: A B C, C B A, A B C … Neighbours in time share the machine's mood, and none is always first. */
export async function inTurns<Server, Entry>(
  servers: readonly Server[],
  rounds: number,
  run: (server: Server, round: number) => Promise<Entry>,
): Promise<Entry[][]> {
  const entries: Entry[][] = [];
  for (let round = 0; round < rounds; round++) {
    const turn: Entry[] = [];
    for (const server of round % 2 === 0 ? servers : servers.toReversed())
      turn.push(await run(server, round));
    entries.push(turn);
  }
  return entries;
}

async function compare(
  table: BenchTable<Round, BenchLoad>,
  { servers, node, load, rounds }: BenchArguments,
): Promise<Comparison> {
  const wanted = servers.filter((name) => table.servers.includes(name));
  const benched = wanted.map((name) => table.server(name, node));
  const turns = table.isOnce ? 1 : rounds;
  const entries = await inTurns(benched, turns, async (server, round) => {
    process.stderr.write(`${table.title}, round ${round + 1}/${turns}, ${server.name} … `);
    const entry = await table.run(server, load);
    process.stderr.write(`${table.sheet.progress(entry)}\n`);
    return entry;
  });
  return { title: table.title, description: table.description(load), rounds: entries };
}

async function measure(protocol: Protocol, args: BenchArguments): Promise<Results> {
  if (availableParallelism() < 2)
    throw new Error("The benchmark needs two CPUs: one for the server, one for the load");
  const tables = protocol.tables.filter(({ key }) => args.tables.includes(key));
  const versions: Record<string, string> = { ...protocol.versions?.() };
  for (const name of args.servers) {
    const table = tables.find(({ servers }) => servers.includes(name));
    if (table === undefined) continue;
    const server = table.server(name, args.node);
    versions[server.name] = server.version;
  }
  const comparisons: Comparison[] = [];
  for (const table of tables) comparisons.push(await compare(table, args));
  return { ...whenAndWhere(), versions, load: args.load, comparisons };
}

async function run(protocol: Protocol, argv: readonly string[]): Promise<void> {
  const args = readArguments(protocol, argv);
  if (args === undefined) {
    process.stdout.write(usageOf(protocol));
    return;
  }
  const { from, out, svg } = args;
  const results =
    from === undefined ? await measure(protocol, args) : readResults(from, protocol.tables);
  const report = reportOf(protocol, results);
  process.stdout.write(`\n${report}\n`);
  if (from === undefined) writeResults(out, protocol.name, report, results);
  if (svg !== undefined) writeFileSync(svg, chartOf(protocol, results));
}

/** Runs to its end; what it throws is one line on stderr. */
export async function runBenchmark(protocol: Protocol, argv: readonly string[]): Promise<void> {
  try {
    await run(protocol, argv);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(usageOf(protocol));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
