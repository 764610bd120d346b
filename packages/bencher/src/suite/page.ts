/** The page and the chart of `npm run bench`, from the raw figures. Pure functions. */
import { type Bar, drawChart } from "../harness/chart.ts";
import { fixed, mebibytes, median, percent, table, whole } from "../harness/figures.ts";
import type { Raw, Run } from "./raw.ts";

/** What the page needs to know of a table. */
export interface PageTable {
  readonly key: string;
  readonly title: string;
  readonly competitors: readonly { readonly name: string }[];
}

/** Above this share of a CPU that others used, the page says so. */
const NOISY = 0.1;
/** Below this share of its CPU a server was not the bottleneck. */
const IDLE = 0.9;

type Figure = (run: Run) => number;

const useful: Figure = ({ saturated }) => saturated.usefulPerSecond;
/** NaN where nothing was useful. */
const micros: Figure = ({ saturated }) =>
  saturated.usefulPerSecond > 0 ? saturated.cpuMicros : Number.NaN;

/** The rounds of a table with that many cores, in the order they ran. */
export function roundsOf(runs: readonly Run[], key: string, cores: number): Run[][] {
  const rounds = new Map<string, Run[]>();
  for (const run of runs)
    if (run.table === key && run.cores === cores)
      rounds.set(run.round, [...(rounds.get(run.round) ?? []), run]);
  return [...rounds.values()];
}

/**
 * How much less CPU time a server takes for what is useful than the best rival of its round, one entry a round. Nothing
 * where no rival ran.
 */
export function ratiosToBest(rounds: readonly (readonly Run[])[], server: string): number[] {
  return rounds.flatMap((round) => {
    const own = round.find((run) => run.server === server);
    const rivals = round.filter((run) => run.role === "rival" && run.saturated.usefulPerSecond > 0);
    if (own === undefined || own.saturated.usefulPerSecond <= 0 || rivals.length === 0) return [];
    return [Math.min(...rivals.map(micros)) / micros(own)];
  });
}

const figuresOf = (rounds: readonly (readonly Run[])[], server: string, figure: Figure): number[] =>
  rounds.flat().flatMap((run) => (run.server === server ? [figure(run)] : []));

const spread = (values: readonly number[], text: (value: number) => string): string => {
  if (values.length === 0 || !values.every(Number.isFinite)) return "–";
  const middle = text(median(values));
  if (values.length === 1) return middle;
  return `${middle} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
};

const HEAD = [
  ...["server", "responses/s", "useful/s", "CPU µs a useful one", "× best rival"],
  ...["p50 µs", "p99 µs", "p99.9 µs", "RSS MiB empty", "full", "errors", "lost"],
  ...["server busy", "tester busy", "rounds"],
];

function rowOf(rounds: readonly (readonly Run[])[], server: string): string[] {
  const all = rounds.flat().filter((run) => run.server === server);
  const isFloor = all[0]?.role === "floor";
  const middle = (figure: Figure, text: (value: number) => string): string =>
    text(median(figuresOf(rounds, server, figure)));
  const total = (figure: Figure): string => whole(all.reduce((sum, run) => sum + figure(run), 0));
  const coverage = Math.min(...all.map((run) => run.coverage));
  const full = middle((run) => run.saturated.residentBytes, mebibytes);
  return [
    server,
    middle(({ saturated }) => saturated.responsesPerSecond, whole),
    isFloor ? "–" : spread(figuresOf(rounds, server, useful), whole),
    isFloor
      ? `${middle(({ saturated }) => (saturated.serverBusy * 1e6) / saturated.responsesPerSecond, fixed(2))} a response`
      : spread(figuresOf(rounds, server, micros), fixed(2)),
    isFloor ? "–" : spread(ratiosToBest(rounds, server), fixed(2)),
    middle(({ half }) => half.p50, whole),
    middle(({ half }) => half.p99, whole),
    middle(({ half }) => half.p999, whole),
    middle(({ emptyBytes }) => emptyBytes, mebibytes),
    coverage < 1 ? `${full} (${percent(coverage)})` : full,
    isFloor ? "–" : total(({ saturated, half }) => saturated.errors + half.errors),
    total(({ saturated, half }) => saturated.lost + half.lost),
    middle(({ saturated }) => saturated.serverBusy, percent),
    middle(({ saturated }) => saturated.testerBusy, percent),
    `${all.length}`,
  ];
}

const serversOf = (rounds: readonly (readonly Run[])[], order: readonly string[]): string[] => {
  const ran = new Set(rounds.flat().map(({ server }) => server));
  return order.filter((name) => ran.has(name));
};

/** What a reader must know first: where swarmtide is behind. */
function whereBehind(raw: Raw, tables: readonly PageTable[]): string[] {
  return tables.flatMap(({ key, title, competitors }) =>
    coresOf(raw, key).flatMap((cores) => {
      const rounds = roundsOf(raw.runs, key, cores);
      const order = competitors.map(({ name }) => name);
      const ours = serversOf(rounds, order).filter((name) => name.startsWith("swarmtide"));
      return ours.flatMap((name) => {
        const ratio = median(ratiosToBest(rounds, name));
        return ratio < 1
          ? [`${title}, ${coresText(cores)}: ${name} does ${fixed(2)(ratio)} × the best rival.`]
          : [];
      });
    }),
  );
}

const coresText = (cores: number): string => (cores === 1 ? "one core" : `${cores} cores`);

const coresOf = (raw: Raw, key: string): number[] =>
  [...new Set(raw.runs.filter((run) => run.table === key).map(({ cores }) => cores))].sort();

function warningsOf(rounds: readonly (readonly Run[])[], order: readonly string[]): string[] {
  return serversOf(rounds, order).flatMap((server) => {
    const busy = median(figuresOf(rounds, server, ({ saturated }) => saturated.serverBusy));
    const others = median(figuresOf(rounds, server, ({ saturated }) => saturated.othersBusy));
    const lost = figuresOf(rounds, server, ({ saturated }) => saturated.lost);
    const why = median(lost) > 0 ? ", and the tester for requests that were lost" : "";
    // Where they share a core, each waits for the other.
    const shares = rounds.flat().some((run) => run.server === server && run.sharesCpu);
    return [
      ...(busy < IDLE * coresUsed(rounds) && !shares
        ? [`${server} waited for the tester${why}: read its CPU time, not its rates.`]
        : []),
      ...(others > NOISY ? [`Beside ${server} others used ${percent(others)} of a core.`] : []),
    ];
  });
}

const coresUsed = (rounds: readonly (readonly Run[])[]): number => rounds[0]?.[0]?.cores ?? 1;

export function sectionOf(raw: Raw, { key, title, competitors }: PageTable, cores: number): string {
  const rounds = roundsOf(raw.runs, key, cores);
  const order = competitors.map(({ name }) => name);
  const shares = rounds.flat().some((run) => run.sharesCpu)
    ? ["The load tester had no core of its own: compare the rows, not with other tables."]
    : [];
  return [
    `## ${title}, ${coresText(cores)}`,
    table(
      HEAD,
      serversOf(rounds, order).map((server) => rowOf(rounds, server)),
    ),
    [...shares, ...warningsOf(rounds, order)].map((line) => `- ${line}`).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const LEGEND = `Each server runs alone on its core, in turns with the others, first as fast as it answers, then at half of the rate that it reached.
**Useful** is what helps peers to meet: announces and scrapes that were answered right; over WebTorrent offers and answers that
reached the client they were meant for. Connects, refusals and wrong answers do not count. **× best rival**: how many times less CPU time a useful response takes than at the best
rival of the same round. Latency is that at half of saturation, from when each request was due. RSS: before the load, and when it has
run at saturation; a percentage says that only this share of the peers had announced by then. Figures are medians of the rounds, with the lowest and
the highest in brackets; errors and losses are sums. A server that is not busy was waiting for the tester. The floor is a C program that makes the same
system calls and answers without looking.`;

/** The whole page. */
export function pageOf(raw: Raw, tables: readonly PageTable[], chartFile: string): string {
  const behind = whereBehind(raw, tables);
  const versions = new Map(raw.runs.map(({ server, version }) => [server, version]));
  const sections = tables.flatMap((one) =>
    coresOf(raw, one.key).map((cores) => sectionOf(raw, one, cores)),
  );
  return `${[
    `# Side by side, ${raw.date}`,
    `\`npm run bench\` on ${raw.machine}.`,
    behind.length > 0
      ? `**Where swarmtide is behind:**\n\n${behind.map((line) => `- ${line}`).join("\n")}`
      : "In no table of this page swarmtide takes more CPU time than the best rival.",
    `![Useful responses for each CPU second](${chartFile})`,
    LEGEND,
    ...sections,
    "## What ran",
    [...versions].map(([name, version]) => `- ${name}: ${version}`).join("\n"),
    ...(Object.keys(raw.missing).length > 0
      ? [
          "Missing:",
          Object.entries(raw.missing)
            .map(([name, reason]) => `- ${name}: ${reason}`)
            .join("\n"),
        ]
      : []),
    "Their configurations are in [packages/bencher/rivals](../../packages/bencher/rivals/README.md).",
  ].join("\n\n")}\n`;
}

/** Useful responses for each second of the server's CPU, a block for each table. */
export function chartOf(raw: Raw, tables: readonly PageTable[]): string {
  const blocks = tables.flatMap(({ key, title, competitors }) => {
    const rounds = roundsOf(raw.runs, key, 1);
    const order = competitors.map(({ name }) => name);
    const bars = serversOf(rounds, order).flatMap((server): Bar[] => {
      if (rounds.flat().find((run) => run.server === server)?.role === "floor") return [];
      const value = 1e6 / median(figuresOf(rounds, server, micros));
      const isOurs = server.startsWith("swarmtide");
      return Number.isFinite(value) ? [{ label: server, value, text: whole(value), isOurs }] : [];
    });
    return bars.length > 0 ? [{ title: `${title}: useful responses a CPU second`, bars }] : [];
  });
  return drawChart("Useful responses for each CPU second of swarmtide and its rivals", blocks);
}
