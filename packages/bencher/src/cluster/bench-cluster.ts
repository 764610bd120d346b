/**
 * `npm run bench:cluster`: what a local announce and a record of another node cost, with 1 to 4 nodes as processes and a real
 * nats-server between them, with all renewals and with thinned ones. Linux; needs Debian's nats-server (`npm run clients:install`).
 *
 * Each node serves a share of 200,000 announces a second of the whole cluster from a thread, without sockets: what those cost is
 * measured by `npm run bench:udp`. Processor time is that of the thread that announces, and that of all other threads of the
 * process, which is the cluster thread's.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { UsageError } from "../harness/arguments.ts";
import { fixed, median, table, whole } from "../harness/figures.ts";
import { processCpu } from "../harness/process-sample.ts";
import type { NodeTask, Order, Report } from "./node-program.ts";

const USAGE = `usage: npm run bench:cluster -- [options]

  --rate N     announces a second of all nodes together (200000)
  --seconds N  of each run (5)
  -h, --help   this text
`;

const PEERS = 600_000;
const TORRENTS = 300_000;
/** Each peer announces every three seconds here: a peer's renewals are sent once in about four of them. */
const THINNED_SECONDS = 12;
const READY_MILLISECONDS_MAX = 20_000;
const SETTLE_MILLISECONDS = 500;

interface Run {
  readonly nodes: number;
  /** Nodes that announce; the others only listen. */
  readonly talking: number;
  readonly renewalSeconds: number;
  /** Announces a second of all nodes together, where it is not that of the command line. */
  readonly rate?: number;
}

interface Figures extends Run {
  readonly announceMicros: number;
  /** Of the cluster thread, for each announce of its node and for each record that came in. */
  readonly clusterMicrosOfAnnounce: number;
  readonly clusterMicrosOfRecord: number;
  readonly brokerMicrosOfRecord: number;
  readonly sentShare: number;
  readonly bytesInPerSecond: number;
  readonly bytesOfRecord: number;
  readonly dropped: number;
  /** Until a peer of one node was in the answers of another. */
  readonly delaysMilliseconds: readonly number[];
}

const RUNS: readonly Run[] = [
  ...[1, 2, 3, 4].map((nodes) => ({ nodes, talking: nodes, renewalSeconds: 0 })),
  ...[2, 3, 4].map((nodes) => ({ nodes, talking: nodes, renewalSeconds: THINNED_SECONDS })),
  ...[100_000, 500_000].map((rate) => ({ nodes: 2, talking: 1, renewalSeconds: 0, rate })),
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function startBroker(): Promise<{ url: string; broker: ChildProcess }> {
  const port = await freePort();
  const broker = spawn("nats-server", ["-a", "127.0.0.1", "-p", `${port}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  broker.on("error", () => {
    console.error(
      "nats-server is missing: npm run clients:install, or apt-get install nats-server",
    );
    process.exit(1);
  });
  for await (const text of broker.stderr) if (`${text}`.includes("Server is ready")) break;
  return { url: `nats://127.0.0.1:${port}`, broker };
}

async function ask(node: ChildProcess, order: Order): Promise<Report> {
  const answer = once(node, "message");
  node.send(order);
  const [report] = await answer;
  return report;
}

async function measure(run: Run, rate: number, seconds: number): Promise<Figures> {
  const { url, broker } = await startBroker();
  const nodes = Array.from({ length: run.nodes }, (_, i) => startNode(run, url, i));
  try {
    await untilReady(nodes);
    const talking = nodes.slice(0, run.talking);
    for (const node of talking) await ask(node, { do: "fill" });
    await pause(SETTLE_MILLISECONDS);
    const lookAtAll = () => Promise.all(nodes.map((node) => ask(node, { do: "look" })));
    const cpu = () => {
      const { user, system } = processCpu(broker.pid ?? 0);
      return user + system;
    };
    const [before, cpuBefore] = [await lookAtAll(), cpu()];
    const runs = nodes.map((node, i) =>
      ask(node, { do: "run", rate: i < run.talking ? rate / run.talking : 0, seconds }),
    );
    await Promise.all(runs);
    await pause(SETTLE_MILLISECONDS);
    const after = await lookAtAll();
    return figuresOf(run, before, after, cpu() - cpuBefore, seconds);
  } finally {
    for (const process of [...nodes, broker]) process.kill();
    await Promise.all([...nodes, broker].map((process) => once(process, "exit")));
  }
}

function startNode(run: Run, url: string, index: number): ChildProcess {
  const peers = PEERS / run.talking;
  const task: NodeTask = {
    ...{ url, name: `node-${index}`, renewalSeconds: run.renewalSeconds },
    ...{ firstPeer: index * peers, peers, torrents: TORRENTS },
  };
  return fork(new URL("node-program.js", import.meta.url), [JSON.stringify(task)]);
}

async function untilReady(nodes: readonly ChildProcess[]): Promise<void> {
  const until = performance.now() + READY_MILLISECONDS_MAX;
  for (;;) {
    const reports = await Promise.all(nodes.map((node) => ask(node, { do: "look" })));
    if (reports.every((report) => report.isReady && report.nodes === nodes.length - 1)) return;
    if (performance.now() > until) throw new Error("the nodes have not found each other");
    await pause(100);
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function figuresOf(
  run: Run,
  before: readonly Report[],
  after: readonly Report[],
  brokerSeconds: number,
  seconds: number,
): Figures {
  const grew = (field: Exclude<keyof Report, "isReady" | "delaysMilliseconds">, from = 0) =>
    after.reduce(
      (sum, report, i) => (i < from ? sum : sum + report[field] - (before[i]?.[field] ?? 0)),
      0,
    );
  const announces = grew("announces");
  const out = grew("recordsOut");
  // Where only some talk, what the others do is receiving alone.
  const listenersFrom = run.talking < run.nodes ? run.talking : 0;
  return {
    ...run,
    announceMicros: grew("announcingMicros") / announces,
    clusterMicrosOfAnnounce:
      (grew("clusterMicros") - (listenersFrom > 0 ? grew("clusterMicros", listenersFrom) : 0)) /
      announces,
    clusterMicrosOfRecord: grew("clusterMicros", listenersFrom) / grew("recordsIn"),
    brokerMicrosOfRecord: (brokerSeconds * 1e6) / out,
    sentShare: out / announces,
    bytesInPerSecond: grew("bytesIn") / seconds / run.nodes,
    bytesOfRecord: grew("bytesIn") / grew("recordsIn"),
    dropped: grew("dropped"),
    delaysMilliseconds: after.flatMap(({ delaysMilliseconds }) => delaysMilliseconds),
  };
}

function rowOf(figures: Figures): string[] {
  const { nodes, renewalSeconds, dropped, bytesOfRecord, rate } = figures;
  const delays = figures.delaysMilliseconds;
  const name = rate === undefined ? `${nodes}` : `${nodes}, one announces ${whole(rate)}/s`;
  const ofRecord = (value: number, text: (value: number) => string) =>
    Number.isFinite(value) ? text(value) : "–";
  return [
    renewalSeconds === 0 ? name : `${name}, thinned`,
    figures.sentShare.toFixed(2),
    figures.announceMicros.toFixed(2),
    figures.clusterMicrosOfAnnounce.toFixed(2),
    ofRecord(figures.clusterMicrosOfRecord, fixed(2)),
    ofRecord(figures.brokerMicrosOfRecord, fixed(2)),
    (figures.bytesInPerSecond / 1e6).toFixed(2),
    ofRecord(bytesOfRecord, fixed(1)),
    whole(dropped),
    delays.length === 0 ? "–" : `${whole(median(delays))} / ${whole(Math.max(...delays))}`,
  ];
}

const HEAD = [
  "nodes",
  "sent on",
  "announce in the store, µs",
  "cluster thread, µs an announce",
  "cluster thread, µs a record in",
  "broker, µs a record out",
  "MB/s into a node",
  "bytes a record",
  "dropped",
  "elsewhere after, ms: median / most",
];

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: "string", default: "200000" },
      seconds: { type: "string", default: "5" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return void console.log(USAGE);
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  if (!(rate > 0) || !(seconds > 0)) throw new UsageError("--rate and --seconds are above 0");
  const rows: string[][] = [];
  for (const each of RUNS) rows.push(rowOf(await measure(each, each.rate ?? rate, seconds)));
  console.log(table(HEAD, rows));
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
