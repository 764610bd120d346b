/**
 * `npm run bench:ws`: swarmtide, aquatic_ws and bittorrent-tracker over TLS: under aquatic's own load tester, under ours
 * with large offers, and once with many connections.
 *
 * What counts is what helps peers to meet: offers and answers that reached a client, per second of the server's CPU. A
 * server gets nothing for replies and errors, and nothing for offers it drops.
 */
import { once } from "node:events";
import { connect } from "node:tls";
import {
  busyColumn,
  type CostRound,
  type CpuSample,
  costOf,
  costWarnings,
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
import { type BenchServer, withServer } from "../../harness/server-run.ts";
import type { ReportLabels } from "../../harness/tester-report.ts";
import { runTester } from "../../harness/tester-run.ts";
import { WS_SERVERS, wsServer } from "./servers.ts";
import { ownTesterCommand, WS_TESTERS, type WsTester } from "./testers.ts";

export interface WsLoad extends BenchLoad {
  readonly connections: number;
  /** Seconds for which all of these stay, after the last should have come. */
  readonly hold: number;
}

/** What the testers tell every five seconds, per second, as the clients saw it. */
export const WS_LABELS = {
  /** Messages that the clients sent. */
  sent: "Requests out",
  /** Messages that the clients read; what the tracker dropped, or what still waits in a queue, is not among them. */
  received: "Responses in",
  announces: "Announce responses",
  offers: "Offer responses",
  answers: "Answer responses",
  scrapes: "Scrape responses",
  errors: "Error responses",
  /** Open connections at the end of the stretch. */
  connections: "Active connections",
  /** Connections that have ended so far though the clients did not close them; aquatic's tester does not tell. */
  lost: undefined,
} satisfies ReportLabels<string>;

export type WsInterval = Readonly<Record<keyof typeof WS_LABELS, number>>;

/** What a server did in one round; rates are per second. */
export interface WsRound extends WsInterval, CostRound {
  readonly residentPeakBytes: number;
}

/** Resolves when a TLS handshake with the port succeeds. */
export async function handshakes(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
  } finally {
    socket.destroy();
  }
}

/** Averages of the intervals after the warm-up. */
export function summarizeWsRound(
  warmupSeconds: number,
  samples: readonly CpuSample[],
  intervals: readonly WsInterval[],
) {
  const { start, end, counts } = stretchAfter(warmupSeconds, samples, intervals);
  const { perSecond, cost } = costOf(start, end, counts, "received");
  return {
    ...cost,
    sent: perSecond("sent"),
    received: perSecond("received"),
    announces: perSecond("announces"),
    offers: perSecond("offers"),
    answers: perSecond("answers"),
    scrapes: perSecond("scrapes"),
    errors: perSecond("errors"),
    connections: intervals.at(-1)?.connections ?? 0,
    lost: intervals.at(-1)?.lost ?? 0,
  };
}

const runWsRound = (server: BenchServer, tester: WsTester, load: WsLoad): Promise<WsRound> =>
  withServer(server, load.serverCpu, handshakes, async (running) => {
    const command = tester.command(running, load.durationSeconds);
    const { samples, intervals } = await runTester(running, load.loadCpu, command, WS_LABELS);
    const end = samples.at(-1);
    return {
      ...roundOf(running, end),
      ...summarizeWsRound(load.warmupSeconds, samples, intervals),
      residentPeakBytes: end?.memory.peakBytes ?? 0,
    };
  });

/** A kind of message per second of the server's CPU: its share of the messages that the CPU time was divided by. */
const ofCpuSecond = (round: WsRound, rate: number): number =>
  (perCpuSecond(round) * rate) / round.received;
const delivered = (round: WsRound): number => ofCpuSecond(round, round.offers + round.answers);
const answers = (round: WsRound): number => ofCpuSecond(round, round.answers);

const RIVAL = "aquatic_ws";
export const deliveredColumn = column("offers + answers/CPU s", delivered, whole);
export const deliveredToAquatic = withSpread(ratio("× aquatic", delivered, RIVAL));
export const answersColumn = column("answers/CPU s", answers, whole);
export const answersToAquatic = withSpread(ratio("× aquatic", answers, RIVAL));
const errorsColumn = column<WsRound>("errors/s", (round) => round.errors, fixed(1));
const repliesColumn = column<WsRound>(
  "replies/s",
  (round) => round.announces + round.scrapes,
  whole,
);
const inColumn = column<WsRound>("in/s", (round) => round.sent, whole);
const outColumn = column<WsRound>("out/s", (round) => round.received, whole);

export const wsSheet: Sheet<WsRound> = {
  summaries: [
    {
      columns: [
        ...[withSpread(deliveredColumn), deliveredToAquatic, answersColumn, answersToAquatic],
        ...[errorsColumn, repliesColumn, microsColumn("message"), userColumn, systemColumn],
        ...[inColumn, outColumn],
        column("peak RSS MiB", (round) => round.residentPeakBytes, mebibytes),
      ],
    },
  ],
  runs: {
    heading: "Each run (RSS in MiB)",
    columns: [
      ...[inColumn, outColumn, repliesColumn],
      column("offers", (round) => round.offers, whole),
      column("answers", (round) => round.answers, whole),
      column("errors", (round) => round.errors, fixed(1)),
      ...[microsColumn("message"), busyColumn],
      column("RSS before", (round) => round.residentBeforeBytes, mebibytes),
      column("after", (round) => round.residentAfterBytes, mebibytes),
      othersColumn,
    ],
  },
  warnings: (round) => [
    ...costWarnings(round),
    ...(round.errors > 0
      ? [`${round.server} answered with errors: ${round.errors.toFixed(1)}/s.`]
      : []),
  ],
  bars: [
    {
      title: (table) => `${table}: offers and answers delivered per CPU s (more is better)`,
      value: delivered,
      text: (value) => `${Math.round(value / 1000)},000`,
    },
  ],
  progress: (round) =>
    `${whole(round.offers + round.answers)} offers and answers/s, ${whole(delivered(round))} a CPU second, ${round.errors.toFixed(1)} errors/s`,
};

const loadTable = (tester: WsTester): BenchTable<WsRound, WsLoad> => ({
  key: tester.key,
  title: tester.title,
  description: () => tester.description,
  servers: WS_SERVERS,
  server: wsServer,
  run: (server, load) => runWsRound(server, tester, load),
  sheet: wsSheet,
});

export interface WsCrowdRound extends CrowdRound {
  /** The most errors a second of any interval. */
  readonly errors: number;
  /** Server CPU seconds for all handshakes and announces. */
  readonly cpuSeconds: number;
}

const CONNECTS_PER_SECOND = 400;
/** Seconds between two announces of a connection, on average. */
const PAUSE_SECONDS = 30;
/** Local addresses to connect from: none comes near the limit of 1,024 connections per address, nor runs out of ports. */
const SOURCE_ADDRESSES = 40;

const runCrowd = (server: BenchServer, load: WsLoad): Promise<WsCrowdRound> => {
  assertCrowd(load.connections);
  return withServer(server, load.serverCpu, handshakes, async (running) => {
    const command = ownTesterCommand(running.port, {
      connections: load.connections,
      "connects-per-second": CONNECTS_PER_SECOND,
      "source-addresses": SOURCE_ADDRESSES,
      torrents: load.connections,
      "torrents-per-connection": 1,
      offers: 2,
      pause: PAUSE_SECONDS,
      duration: Math.ceil(load.connections / CONNECTS_PER_SECOND) + load.hold,
    });
    const { samples, intervals } = await runTester(running, load.loadCpu, command, WS_LABELS);
    const end = samples.at(-1);
    const last = intervals.at(-1);
    if (!end || !last) throw new Error(`The load on ${server.name} ended before its first report`);
    return {
      ...roundOf(running, end),
      connections: last.connections,
      lost: last.lost,
      errors: Math.max(...intervals.map((interval) => interval.errors)),
      cpuSeconds: end.userSeconds + end.systemSeconds,
    };
  });
};

export const wsCrowdSheet: Sheet<WsCrowdRound> = {
  summaries: [
    {
      columns: [
        ...[connectionsColumn, lostColumn],
        column("errors/s", (round) => round.errors, fixed(1)),
        ...memoryColumns(RIVAL, 1),
        column("CPU s", (round) => round.cpuSeconds, fixed(1)),
      ],
    },
  ],
  warnings: () => [],
  bars: [memoryBars(() => "Memory per connection (less is better)", 0)],
  progress: ({ connections, lost }) => `${connections} open, ${lost} lost`,
};

const crowdTable: BenchTable<WsCrowdRound, WsLoad> = {
  key: "connections",
  title: "Connections",
  description: ({ connections, hold }) =>
    `${whole(connections)} connections from ${SOURCE_ADDRESSES} addresses, ${CONNECTS_PER_SECOND} a second, each in one of as many torrents; an announce with 2 offers of 1,500 characters every ${PAUSE_SECONDS} s; held for ${hold} s.`,
  servers: WS_SERVERS,
  server: wsServer,
  run: runCrowd,
  sheet: wsCrowdSheet,
  isOnce: true,
};

export const wsBenchmark: Protocol<WsLoad> = {
  name: "ws",
  title: "WebTorrent benchmark",
  setting: () => "Over TLS, ",
  servers: WS_SERVERS,
  tables: [...WS_TESTERS.map(loadTable), crowdTable],
  seconds: { usual: 20, quick: 11, min: 11 },
  warmsUpBefore: false,
  options: {
    connections: {
      about: "for the last of the tables",
      argument: "N",
      ...{ usual: 10_000, quick: 1000, min: 1 },
    },
    hold: { about: "seconds for which these stay", argument: "S", usual: 40, min: 5 },
  },
  legend:
    "offers + answers, replies, errors: messages that reached a client; only offers and answers help peers to meet · in: messages the clients sent · out: messages they read · µs: CPU time of the server per message out",
  chart: {
    alternativeText:
      "WebTorrent offers and answers delivered per CPU second and memory per connection of swarmtide beside aquatic_ws and bittorrent-tracker",
    labels: {},
  },
};
