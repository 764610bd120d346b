/**
 * `npm run bench:udp`: swarmtide, aquatic_udp and the floor of the kernel's sockets under aquatic's own load tester. What
 * counts is responses, each with the CPU time that it took.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  busyColumn,
  type CostRound,
  type CpuSample,
  costOf,
  costWarnings,
  cpuMicros,
  microsColumn,
  othersColumn,
  REPORT_SECONDS,
  roundOf,
  stretchAfter,
  systemColumn,
  userColumn,
} from "../../harness/cost.ts";
import { column, fixed, mebibytes, ratio, whole, withSpread } from "../../harness/figures.ts";
import type { BenchLoad, Protocol, Sheet } from "../../harness/protocol.ts";
import { type BenchServer, withServer } from "../../harness/server-run.ts";
import { configFile } from "../../harness/servers.ts";
import type { ReportLabels } from "../../harness/tester-report.ts";
import { runTester } from "../../harness/tester-run.ts";
import { loadTester, loadTesterVersion, UDP_SERVERS, udpServer } from "./servers.ts";

export interface UdpLoad extends BenchLoad {
  readonly torrents: number;
  readonly peers: number;
}

export interface UdpRound extends CostRound {
  readonly responsesPerSecond: number;
  readonly requestsPerSecond: number;
  readonly announcesPerSecond: number;
  readonly errorsPerSecond: number;
  readonly peersPerAnnounce: number;
  /** How often the whole set of peers announced itself: below 1 the memory does not hold all of them yet. */
  readonly coverage: number;
  /** How often the tester complained of what it received. */
  readonly complaints: number;
}

/** What aquatic_udp_load_test tells every five seconds, per second. */
export const UDP_LABELS = {
  requests: "Requests out",
  responses: "Responses in",
  connects: "Connect responses",
  announces: "Announce responses",
  scrapes: "Scrape responses",
  errors: "Error responses",
  /** The average of the interval; NaN while there was none. */
  peersPerAnnounce: "Peers per announce response",
} satisfies ReportLabels<string>;

export type UdpInterval = Readonly<Record<keyof typeof UDP_LABELS, number>>;

const ANSWER_MILLISECONDS = 100;

/** Resolves when the port answers a connect request; rejects after a moment of silence. */
export async function answersConnect(port: number): Promise<void> {
  const connect = Buffer.from("0000041727101980" + "00000000" + "53574d54", "hex");
  const socket = createSocket("udp4");
  try {
    socket.connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.send(connect);
    await once(socket, "message", { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
  } finally {
    socket.close();
  }
}

/** The load tester's configuration: its defaults but for what is said here. */
const loadConfig = (address: string, load: UdpLoad): string => `server_address = "${address}"
workers = 1
duration = ${load.durationSeconds}
extra_statistics = true
[requests]
number_of_torrents = ${load.torrents}
number_of_peers = ${load.peers}
`;

/** Averages of the intervals after the warm-up, weighed by their real length. */
export function summarizeRound(
  load: Pick<UdpLoad, "warmupSeconds" | "peers">,
  samples: readonly CpuSample[],
  intervals: readonly UdpInterval[],
) {
  const rates = intervals.map((interval) => ({
    ...interval,
    peers: (interval.peersPerAnnounce || 0) * interval.announces,
  }));
  const { start, end, counts } = stretchAfter(load.warmupSeconds, samples, rates);
  const { perSecond, cost } = costOf(start, end, counts, "responses");
  // An announce counts for the coverage from the first second on; the tester reports every five seconds.
  let announcesEver = 0;
  intervals.forEach(({ announces }, index) => {
    const [before, own] = [samples[index - 1], samples[index]];
    announcesEver +=
      announces * (before && own ? own.atSeconds - before.atSeconds : REPORT_SECONDS);
  });
  return {
    ...cost,
    responsesPerSecond: perSecond("responses"),
    requestsPerSecond: perSecond("requests"),
    announcesPerSecond: perSecond("announces"),
    errorsPerSecond: perSecond("errors"),
    peersPerAnnounce: counts.peers / counts.announces,
    coverage: announcesEver / load.peers,
  };
}

const runUdpRound = (server: BenchServer, load: UdpLoad): Promise<UdpRound> =>
  withServer(server, load.serverCpu, answersConnect, async (running) => {
    const text = loadConfig(`127.0.0.1:${running.port}`, load);
    const config = configFile(running.folder, text, "load.toml");
    const command = [loadTester(), "-c", config];
    const { samples, intervals, complaints } = await runTester(
      running,
      load.loadCpu,
      command,
      UDP_LABELS,
    );
    return {
      ...roundOf(running, samples.at(-1)),
      ...summarizeRound(load, samples, intervals),
      complaints,
    };
  });

const rate = (round: UdpRound): number => round.responsesPerSecond;
const growth = (round: UdpRound): number => round.residentAfterBytes - round.residentBeforeBytes;
export const responsesColumn = column("responses/s", rate, fixed(0));

export const rateToAquatic = withSpread(ratio("× aquatic", rate, "aquatic_udp", 3));
export const rateToFloor = ratio("× floor", rate, "floor", 3);
export const costToAquatic = ratio("µs × aquatic", cpuMicros, "aquatic_udp", 3);
export const costToFloor = ratio("µs × floor", cpuMicros, "floor", 3);
export const growthColumn = column("growth", growth, mebibytes);
export const growthToAquatic = ratio("× aquatic", growth, "aquatic_udp", 3);

export const udpSheet: Sheet<UdpRound> = {
  summaries: [
    {
      heading: "Speed (µs: CPU time of the server per response)",
      columns: [
        ...[withSpread(responsesColumn), rateToAquatic, rateToFloor],
        ...[microsColumn("resp."), userColumn, systemColumn, costToAquatic, costToFloor],
      ],
    },
    {
      heading: "Memory in MiB (growth: what the load added)",
      columns: [
        column("RSS before", (round) => round.residentBeforeBytes, mebibytes),
        column("after", (round) => round.residentAfterBytes, mebibytes),
        growthColumn,
        growthToAquatic,
      ],
    },
  ],
  runs: {
    heading: "Each run",
    columns: [
      ...[responsesColumn, microsColumn("resp."), userColumn, systemColumn, busyColumn],
      column("peers/ann.", (round) => round.peersPerAnnounce, fixed(1)),
      column("growth MiB", growth, mebibytes),
      othersColumn,
    ],
  },
  warnings: (round) => [
    ...costWarnings(round),
    ...(round.coverage < 1
      ? [
          `Too short for the memory figures: not every peer had announced itself to ${round.server}.`,
        ]
      : []),
    ...(round.errorsPerSecond > 0
      ? [`${round.server} answered with errors: ${round.errorsPerSecond.toFixed(1)}/s.`]
      : []),
    ...(round.complaints > 0
      ? [`The load tester complained ${round.complaints} times about ${round.server}.`]
      : []),
  ],
  bars: [
    {
      title: () => "UDP responses per second, one core (more is better)",
      value: rate,
      text: (value) => `${Math.round(value / 1000)},000/s`,
    },
    {
      title: () => "Memory for 1 M torrents and 2 M peers (less is better)",
      value: growth,
      text: (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`,
      without: ["floor"],
    },
  ],
  progress: (round) => `${rate(round).toFixed(0)} responses/s`,
};

export const udpBenchmark: Protocol<UdpLoad> = {
  name: "udp",
  title: "UDP benchmark",
  setting: ({ torrents, peers }) => `${whole(torrents)} torrents, ${whole(peers)} peers, `,
  servers: UDP_SERVERS,
  tables: [
    {
      key: "mix",
      title: "aquatic's mix",
      description: (load) =>
        `aquatic_udp_load_test with its defaults but for this:\n\n${loadConfig("127.0.0.1:PORT", load).trim().replace(/^/gm, "    ")}`,
      servers: UDP_SERVERS,
      server: udpServer,
      run: runUdpRound,
      sheet: udpSheet,
    },
  ],
  seconds: { usual: 40, quick: 11, min: 11 },
  warmsUpBefore: false,
  options: {
    torrents: {
      ...{ about: "torrents of the load", argument: "N", usual: 1_000_000, quick: 100_000 },
      min: 1,
    },
    peers: { about: "peers of the load", argument: "N", usual: 2_000_000, quick: 200_000, min: 1 },
  },
  versions: () => ({ aquatic_udp_load_test: loadTesterVersion() }),
  legend: "µs: CPU time of the server per response",
  chart: {
    alternativeText: "UDP responses per second and memory of swarmtide beside aquatic_udp",
    labels: {
      floor: "C echo (floor)",
      aquatic_udp: "aquatic_udp 0.9.0",
      swarmtide: "swarmtide",
    },
  },
};
