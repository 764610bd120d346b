/**
 * A snapshot as a few small tables of text, from which the block on stdout and the HTML file are made. Called on the main
 * thread at the interval of [statistics].
 */
import type { ApiStats, Counted } from "../api-shape.ts";

type Stats = Omit<ApiStats, "history">;

export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** `1,234,567`. */
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");

/** `12.3` below a hundred, whole above. */
const rate = (value: number): string =>
  value < 100 ? String(Math.round(value * 10) / 10) : whole(value);

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

/** `1.5 MiB`. */
function bytes(value: number): string {
  for (const [unit, size] of [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const)
    if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  return `${Math.round(value)} B`;
}

/** `90 µs`, `4.2 ms`, `1.3 s`. */
function time(seconds: number): string {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(1)} ms`;
  return `${seconds.toFixed(1)} s`;
}

const counted = ({ total, perSecond }: Counted): string[] => [
  rate(perSecond.second),
  rate(perSecond.minute),
  whole(total),
];

const COUNTED_HEAD = ["a second now", "in the last minute", "total"];

/** All tables that have something to say. */
export function reportTables(stats: Stats): ReportTable[] {
  const tables = [
    verdicts(stats),
    traffic("Requests", stats.requests),
    traffic("Responses", stats.responses),
    bandwidth(stats),
    swarms(stats),
    cluster(stats),
    latency(stats),
    workers(stats),
    problems(stats),
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function verdicts({ verdicts: { health, abuse, capacity } }: Stats): ReportTable {
  const row = (question: string, { status, reasons }: typeof health) => [
    question,
    status,
    reasons.join("; "),
  ];
  return {
    title: "Verdicts",
    head: ["", "status", "why"],
    rows: [row("healthy", health), row("abused", abuse), row("full", capacity)],
  };
}

function traffic(title: string, { all, rows }: Stats["requests"]): ReportTable {
  return {
    title,
    head: ["", ...COUNTED_HEAD],
    rows: [
      ["all", ...counted(all)],
      ...rows
        .filter(({ total }) => total > 0)
        .map((row) => [
          `${row.protocol} ${row.family === "all" ? "" : `${row.family} `}${row.kind}`,
          ...counted(row),
        ]),
    ],
  };
}

function bandwidth({ bandwidth: { received, sent } }: Stats): ReportTable {
  const row = (name: string, { total, perSecond }: Counted) => [
    name,
    `${bytes(perSecond.second)}/s`,
    `${bytes(perSecond.minute)}/s`,
    bytes(total),
  ];
  return {
    title: "Bandwidth",
    head: ["", ...COUNTED_HEAD],
    rows: [row("received", received), row("sent", sent)],
  };
}

function swarms({ swarms: { torrents, peers, seeders, completed }, connections, memory }: Stats) {
  return {
    title: "Swarms",
    head: ["", "now"],
    rows: [
      ["torrents", whole(torrents)],
      ["peers", whole(peers)],
      ["seeders", whole(seeders)],
      ["completed", whole(completed.total)],
      ...connections.map(({ transport, open }) => [`${transport} connections`, whole(open)]),
      ...memory.budgets.map(({ name, usedBytes, limitBytes }) => [
        `memory of ${name}`,
        `${bytes(usedBytes)} of ${bytes(limitBytes)}`,
      ]),
      ["resident memory", bytes(memory.residentBytes)],
    ],
  };
}

function cluster({ cluster: stats }: Stats): ReportTable {
  const title = "Cluster";
  const head = ["", ...COUNTED_HEAD];
  if (!stats) return { title, head, rows: [] };
  const { webTorrent } = stats;
  const state = stats.isJoining ? "joining" : stats.isConnected ? "connected" : "not connected";
  return {
    title,
    head,
    rows: [
      [`other nodes: ${whole(stats.nodes)}, ${state}, lag ${time(stats.lagSeconds)}`],
      ["announces received", ...counted(stats.recordsIn)],
      ["announces sent", ...counted(stats.recordsOut)],
      ["bytes received", ...counted(stats.bytesIn)],
      ["bytes sent", ...counted(stats.bytesOut)],
      ...(webTorrent === null
        ? []
        : [
            [`WebTorrent peers on them: ${whole(webTorrent.peers)}`],
            ["WebTorrent records received", ...counted(webTorrent.recordsIn)],
            ["WebTorrent records sent", ...counted(webTorrent.recordsOut)],
          ]),
      ...stats.drops
        .filter(({ total }) => total > 0)
        .map((row) => [`${row.unit} dropped: ${row.reason.replaceAll("_", " ")}`, ...counted(row)]),
    ],
  };
}

function latency({ latency: rows }: Stats): ReportTable {
  return {
    title: "Latency inside, last ten seconds",
    head: ["", "p50", "p99", "longest"],
    rows: rows
      .filter(({ worker, tenSeconds }) => worker !== null && tenSeconds.count > 0)
      .map(({ worker, protocol, tenSeconds }) => [
        `${worker} ${protocol}`,
        time(tenSeconds.p50Seconds),
        time(tenSeconds.p99Seconds),
        time(tenSeconds.maxSeconds),
      ]),
  };
}

function workers({ workers: rows, process }: Stats): ReportTable {
  return {
    title: "Workers",
    head: ["", "requests a second", "busy"],
    rows: [
      ...rows.map(({ name, protocol, requests, busyShare }) => [
        `${name} ${protocol}`,
        rate(requests.perSecond.second),
        busyShare === null ? "" : percent(busyShare),
      ]),
      ["process", "", `${process.cpuCores} of ${process.cpuCoresAvailable} cores`],
    ],
  };
}

const problems = ({ problems: rows }: Stats): ReportTable => ({
  title: "Problems",
  head: ["", ...COUNTED_HEAD],
  rows: rows.slice(0, 20).map((row) => [`${row.protocol}: ${row.text}`, ...counted(row)]),
});
