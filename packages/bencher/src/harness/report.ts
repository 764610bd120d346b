/** The report of a benchmark as Markdown, and its chart. Pure functions over the results. */
import { type Bar, drawChart, serverBar } from "./chart.ts";
import { figureOf, runsTable, serversOf, summaryTable } from "./figures.ts";
import type { BenchLoad, BenchTable, Protocol, Round, Rounds, Sheet } from "./protocol.ts";
import type { Comparison, Results } from "./results.ts";

/** What a reader must know before believing the figures; each thing once. */
export const warningsOf = <Entry extends Round>(
  sheet: Sheet<Entry>,
  rounds: Rounds<Entry>,
): string[] => [...new Set(rounds.flat().flatMap((round) => sheet.warnings(round)))];

function section(
  { title, description, rounds }: Comparison,
  { summaries, ...sheet }: Sheet<Round>,
) {
  const parts = [
    `## ${title}`,
    description,
    ...summaries.flatMap(({ heading, columns }) => [
      heading === undefined ? "" : `${heading}:`,
      summaryTable(rounds, columns),
    ]),
    warningsOf({ summaries, ...sheet }, rounds)
      .map((line) => `- ${line}`)
      .join("\n"),
    ...(sheet.runs ? [`${sheet.runs.heading}:`, runsTable(rounds, sheet.runs.columns)] : []),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

type AnyTable = BenchTable<Round, BenchLoad>;

/** Each comparison with the table that says how to show it. */
const withTables = (protocol: Protocol, { comparisons }: Results): [Comparison, AnyTable][] =>
  comparisons.flatMap((comparison): [Comparison, AnyTable][] => {
    const table = protocol.tables.find(({ title }) => title === comparison.title);
    return table === undefined ? [] : [[comparison, table]];
  });

/** The whole report. */
export function reportOf(protocol: Protocol, results: Results): string {
  const { load, comparisons, versions } = results;
  const rounds = Math.max(0, ...comparisons.map((comparison) => comparison.rounds.length));
  const warmup = protocol.warmsUpBefore
    ? `after ${load.warmupSeconds} s that do not count`
    : `the first ${load.warmupSeconds} s left out`;
  const commands = comparisons.flatMap((comparison) =>
    (comparison.rounds[0] ?? []).flatMap(({ server, command = [] }) => {
      const name = comparisons.length > 1 ? `${comparison.title}, ${server}` : server;
      return command.length > 0 ? [`    ${name}: ${command.join(" ")}`] : [];
    }),
  );
  return `${[
    `# ${protocol.title}, ${results.date}`,
    `${protocol.setting(load)}${rounds} rounds of ${load.durationSeconds} s each in turns, ${warmup}; server on CPU ${load.serverCpu}, load on CPU ${load.loadCpu}. ${results.machine}.
Medians of the rounds; ratios are taken within each round first. Spread: the lowest and the highest round.`,
    `${protocol.legend} · busy: share of its CPU the server used · others: share of both CPUs that went to other processes.`,
    ...withTables(protocol, results).map(([comparison, { sheet }]) => section(comparison, sheet)),
    "## What ran",
    Object.entries(versions)
      .map(([name, version]) => `- ${name}: ${version}`)
      .join("\n"),
    commands.join("\n"),
  ].join("\n\n")}\n`;
}

/** The chart as SVG: the blocks of every table. */
export function chartOf(protocol: Protocol, results: Results): string {
  const { alternativeText, labels } = protocol.chart;
  const blocks = withTables(protocol, results).flatMap(([{ title, rounds }, { sheet }]) =>
    sheet.bars.map((block) => {
      const bars = serversOf(rounds)
        .filter((server) => !block.without?.includes(server))
        .map((server): Bar => {
          const value = figureOf(rounds, server, { ...block, title: "" }) ?? Number.NaN;
          return serverBar(server, value, block.text(value), results.versions, labels);
        });
      return { title: block.title(title), bars };
    }),
  );
  return drawChart(alternativeText, blocks);
}
