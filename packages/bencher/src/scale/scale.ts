/**
 * `npm run bench:scale`: how the cost of an answer and the memory of swarmtide grow with torrents, with the size of a swarm,
 * with connections and with workers. Figures are appended to a file after each step; the tables are made from all of them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../harness/arguments.ts";
import { fixed, mebibytes, median, percent, table, whole } from "../harness/figures.ts";
import { withServer } from "../harness/server-run.ts";
import { swarmtide } from "../suite/known-servers.ts";
import { cpusFor } from "../suite/round.ts";
import { type LoadFigures, runLoad } from "../suite/tester.ts";
import { GROUPS, type Step } from "./steps.ts";

/** One step that ran. */
interface Measured {
  readonly group: string;
  readonly label: string;
  readonly emptyBytes: number;
  readonly sharesCpu: boolean;
  readonly figures: LoadFigures;
}

interface Scale {
  readonly machine: string;
  readonly date: string;
  readonly steps: Measured[];
}

const USAGE = `usage: npm run bench:scale -- [options]

  --only LIST    which (${Object.keys(GROUPS).join(",")})
  --largest N    leaves out what is larger (10000000)
  --append FILE  adds the figures to FILE (bench-results/scale.json)
  --render FILE  runs nothing: prints the tables of these figures
  -h, --help     this text
`;

async function measure(group: string, step: Step): Promise<Measured> {
  const { protocol, workers, load, probe } = step;
  const { server, load: cpu, sharesCpu } = cpusFor(workers);
  const found = swarmtide(protocol, "this").find();
  const own = {
    ...{ name: "swarmtide", version: found.version },
    command: ({ port, folder }: { port: number; folder: string }) =>
      found.command({ port, folder, workers, load }),
  };
  return await withServer(own, server, probe, async (running) => {
    const figures = await runLoad(running, {
      ...{ protocol, cpu, warmupSeconds: step.warmupSeconds },
      config: step.config(running.port),
    });
    const emptyBytes = running.residentBytes;
    return { group, label: step.label, emptyBytes, sharesCpu, figures };
  });
}

const growth = ({ figures, emptyBytes }: Measured): number => figures.residentBytes - emptyBytes;

/** One row for each label, medians of its runs, in the order of the steps. */
function tableOf(group: string, steps: readonly Measured[]): string {
  const own = steps.filter((step) => step.group === group);
  const isWs = group.startsWith("connections");
  const labels = (GROUPS[group] ?? [])
    .map(({ label }) => label)
    .filter((label) => own.some((step) => step.label === label));
  const rows = labels.map((label) => {
    const runs = own.filter((step) => step.label === label);
    const middle = (figure: (step: Measured) => number): number => median(runs.map(figure));
    const perSecond = middle(({ figures }) => figures.responsesPerSecond);
    const micros = ({ figures }: Measured): number =>
      (figures.serverBusy * 1e6) / figures.responsesPerSecond;
    return [
      label,
      whole(perSecond),
      isWs ? percent(middle(({ figures }) => figures.serverBusy)) : fixed(2)(middle(micros)),
      whole(middle(({ figures }) => figures.p50)),
      whole(middle(({ figures }) => figures.p99)),
      mebibytes(middle(growth)),
      whole(middle(({ figures }) => figures.lost)),
      `${runs.length}`,
    ];
  });
  const cost = isWs ? "server busy" : "CPU µs each";
  const head = [group, "responses/s", cost, "p50 µs", "p99 µs", "growth MiB", "lost", "runs"];
  const shares = own.some((step) => step.sharesCpu)
    ? "\n\nWhere workers take all cores, the load tester shares the last one with them."
    : "";
  return `${table(head, rows)}${shares}`;
}

function read(file: string): Scale {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const machine = `${cpus()[0]?.model.trim()} (${cpus().length} logical CPUs), Linux ${release()}, Node ${process.version}`;
  return { machine, date: new Date().toISOString().slice(0, 10), steps: [] };
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function printTables({ machine, date, steps }: Scale): void {
  print(`${date}, ${machine}\n`);
  for (const group of Object.keys(GROUPS))
    if (steps.some((step) => step.group === group)) print(`${tableOf(group, steps)}\n`);
}

async function run(args: readonly string[]): Promise<void> {
  const text = { type: "string" } as const;
  const options = {
    ...{ only: text, largest: text, append: text, render: text },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return print(USAGE);
  if (values.render !== undefined) return printTables(read(values.render));
  const groups = (values.only ?? Object.keys(GROUPS).join(",")).split(",");
  const unknown = groups.find((group) => !(group in GROUPS));
  if (unknown !== undefined) throw new UsageError(`--only: "${unknown}" is not known\n${USAGE}`);
  const largest = Number(values.largest ?? "10000000");
  const file = values.append ?? "bench-results/scale.json";
  mkdirSync(dirname(file), { recursive: true });
  const scale = read(file);
  for (const group of groups)
    for (const step of GROUPS[group] ?? []) {
      if (step.size > largest) continue;
      process.stderr.write(`${group}, ${step.label} … `);
      const measured = await measure(group, step);
      scale.steps.push(measured);
      writeFileSync(file, `${JSON.stringify(scale, null, 1)}\n`);
      process.stderr.write(`${whole(measured.figures.responsesPerSecond)}/s\n`);
    }
  printTables(scale);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
