/**
 * `npm run bench:http`: swarmtide, aquatic_http, opentracker and the floor of the kernel's sockets: plain and over TLS, with
 * connections that are kept and with one for each request, and once with many idle connections. What counts is answers per
 * second of the server's CPU.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import {
  busyColumn,
  type CostRound,
  type Counts,
  type CpuSample,
  costOf,
  costWarnings,
  cpuMicros,
  microsColumn,
  othersColumn,
  perCpuSecond,
  roundOf,
  stretchAfter,
  systemColumn,
  userColumn,
} from "../../harness/cost.ts";
import {
  assertCrowd,
  type CrowdRound,
  connectionsColumn,
  lostColumn,
  memoryBars,
  memoryColumns,
} from "../../harness/crowd.ts";
import { column, fixed, mebibytes, ratio, whole, withSpread } from "../../harness/figures.ts";
import type { BenchLoad, BenchTable, Protocol, Sheet } from "../../harness/protocol.ts";
import { type BenchServer, type RunningServer, withServer } from "../../harness/server-run.ts";
import type { ReportLabels } from "../../harness/tester-report.ts";
import { runTester } from "../../harness/tester-run.ts";
import { HTTP_SERVERS, type HttpMode, httpServer, serversFor } from "./servers.ts";
import { testerNote, testerOf } from "./testers.ts";

export interface HttpLoad extends BenchLoad {
  readonly connections: number;
}

export interface HttpRound extends CostRound {
  /** Answers with status 200, or of any kind where the tester does not tell. */
  readonly responsesPerSecond: number;
  /** Refusals in an answer, and connections that failed. */
  readonly errorsPerSecond: number;
  /** Connections closed after an answer without "Connection: close"; the tester notices at its next request. */
  readonly unannouncedPerSecond: number;
}

export const HTTP_LABELS = {
  responses: "Responses in",
  errors: "Failure responses",
  unannounced: undefined,
} satisfies ReportLabels<string>;

/** Resolves when somebody accepts on the port. */
export async function accepts(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

/** A stretch between two samples, with what the clients counted in it. */
export function summarizeHttpRound(
  start: CpuSample,
  end: CpuSample,
  counts: Counts<keyof typeof HTTP_LABELS>,
) {
  const { perSecond, cost } = costOf(start, end, counts, "responses");
  return {
    ...cost,
    responsesPerSecond: perSecond("responses"),
    errorsPerSecond: perSecond("errors"),
    unannouncedPerSecond: perSecond("unannounced"),
  };
}

/** The stretch after the warm-up: aquatic's tester goes on, the others count from their start and so run twice. */
async function loadOf(running: RunningServer, mode: HttpMode, load: HttpLoad) {
  const run = (seconds: number) =>
    runTester(running, load.loadCpu, testerOf(running, mode, seconds), HTTP_LABELS);
  const { warmupSeconds, durationSeconds } = load;
  if (mode.tester === "aquatic") {
    const { samples, intervals } = await run(warmupSeconds + durationSeconds);
    return stretchAfter(warmupSeconds, samples, intervals);
  }
  await run(warmupSeconds);
  const { samples, intervals } = await run(durationSeconds);
  const [start, end] = samples;
  const counts = intervals.at(-1);
  if (!start || !end || !counts) throw new Error("The tester ended without its report");
  return { start, end, counts };
}

const runHttpRound = (server: BenchServer, mode: HttpMode, load: HttpLoad): Promise<HttpRound> =>
  withServer(server, load.serverCpu, accepts, async (running) => {
    const { start, end, counts } = await loadOf(running, mode, load);
    return { ...roundOf(running, end), ...summarizeHttpRound(start, end, counts) };
  });

const answersColumn = column("answers/CPU s", perCpuSecond, whole);
export const toAquatic = withSpread(ratio("× aquatic", perCpuSecond, "aquatic_http"));
export const toOpentracker = ratio("× opentracker", perCpuSecond, "opentracker");
export const costToFloor = ratio("µs × floor", cpuMicros, "floor");
const rateColumn = column<HttpRound>("answers/s", (round) => round.responsesPerSecond, whole);
const memoryColumn = column<HttpRound>("RSS MiB", (round) => round.residentAfterBytes, mebibytes);

export const httpSheet: Sheet<HttpRound> = {
  summaries: [
    {
      columns: [
        ...[withSpread(answersColumn), toAquatic, toOpentracker, costToFloor],
        ...[microsColumn("answer"), userColumn, systemColumn, rateColumn, memoryColumn],
      ],
    },
  ],
  runs: {
    heading: "Each run",
    columns: [
      ...[rateColumn, microsColumn("answer"), busyColumn],
      column("errors/s", (round) => round.errorsPerSecond, fixed(1)),
      ...[memoryColumn, othersColumn],
    ],
  },
  warnings: (round) => [
    ...costWarnings(round),
    ...(round.errorsPerSecond > 0
      ? [`${round.server}: ${round.errorsPerSecond.toFixed(1)} errors/s.`]
      : []),
    ...(round.unannouncedPerSecond > 0
      ? [
          `${round.server} closes connections without saying so; the tester notices at its next request, which the kernel refuses.`,
        ]
      : []),
  ],
  bars: [
    {
      title: (table) => `${table}: answers per CPU s (more is better)`,
      value: perCpuSecond,
      text: whole,
    },
  ],
  progress: (round) =>
    `${round.responsesPerSecond.toFixed(0)} answers/s, ${cpuMicros(round).toFixed(2)} µs each`,
};

const loadTable = (
  key: string,
  title: string,
  mode: HttpMode,
): BenchTable<HttpRound, HttpLoad> => ({
  key,
  title,
  description: () => testerNote(mode),
  servers: serversFor(mode),
  server: (name, node) => httpServer(name, node, mode),
  run: (server, load) => runHttpRound(server, mode, load),
  sheet: httpSheet,
});

const idleClients = fileURLToPath(new URL("./idle-clients.js", import.meta.url));

const idleSheet = (kind: string): Sheet<CrowdRound> => ({
  summaries: [{ columns: [connectionsColumn, lostColumn, ...memoryColumns("aquatic_http", 2)] }],
  warnings: () => [],
  bars: [memoryBars(() => `Memory per idle connection, ${kind} (less is better)`, 1)],
  progress: ({ connections, lost }) => `${connections} open, ${lost} lost`,
});

const runIdle = (server: BenchServer, kind: string, load: HttpLoad): Promise<CrowdRound> => {
  assertCrowd(load.connections);
  return withServer(server, load.serverCpu, accepts, async (running) => {
    const wanted = [`${running.port}`, `${load.connections}`, kind.toLowerCase()];
    const { samples, intervals } = await runTester(
      running,
      load.loadCpu,
      [process.execPath, idleClients, ...wanted],
      { connections: undefined, lost: undefined },
    );
    const { connections = 0, lost = 0 } = intervals.at(-1) ?? {};
    return { ...roundOf(running, samples.at(-1)), connections, lost };
  });
};

function idleTable(kind: "plain" | "TLS"): BenchTable<CrowdRound, HttpLoad> {
  const mode: HttpMode = { isTls: kind === "TLS", keepsAlive: true, tester: "aquatic" };
  return {
    key: "idle",
    title: `Connections that are kept and idle, ${kind}`,
    description: () => "Each announced once; counted and measured ten seconds later.",
    servers: serversFor(mode).filter((name) => name !== "floor"),
    server: (name, node) => httpServer(name, node, mode),
    run: (server, load) => runIdle(server, kind, load),
    sheet: idleSheet(kind),
    isOnce: true,
  };
}

const plain = { isTls: false, keepsAlive: true } as const;
const tls = { isTls: true, keepsAlive: true } as const;
const newEach = { keepsAlive: false, tester: "tls-clients" } as const;

export const httpBenchmark: Protocol<HttpLoad> = {
  name: "http",
  title: "HTTP benchmark",
  setting: () => "",
  servers: HTTP_SERVERS,
  tables: [
    loadTable("keep", "Plain, connections kept", { ...plain, tester: "aquatic" }),
    loadTable("keep-wrk", "Plain, connections kept, wrk", { ...plain, tester: "wrk" }),
    loadTable("close", "Plain, a connection for each request", {
      ...{ isTls: false, keepsAlive: false, tester: "wrk" },
    }),
    loadTable("tls-keep", "TLS, connections kept", { ...tls, tester: "aquatic" }),
    loadTable("tls-close", "TLS, a handshake for each request", { ...tls, ...newEach }),
    loadTable("tls-resume", "TLS, a session resumed for each request", {
      ...{ ...tls, ...newEach, resumes: true },
    }),
    idleTable("plain"),
    idleTable("TLS"),
  ],
  seconds: { usual: 15, quick: 5, min: 5 },
  warmsUpBefore: true,
  options: {
    connections: {
      about: "idle ones, for the last of the tables",
      argument: "N",
      ...{ usual: 10_000, quick: 1000, min: 1 },
    },
  },
  legend: "µs: CPU time of the server per answer",
  chart: {
    alternativeText:
      "HTTP answers per CPU second and memory per idle connection of swarmtide beside aquatic_http, opentracker and the floor of kernel sockets",
    labels: { floor: "C epoll (floor)" },
  },
};
