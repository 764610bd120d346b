/**
 * One round of the UDP benchmark: start a server on its CPU, run the load tester on another, sample the server at
 * every report of the tester, stop both. Nothing of one round reaches the next.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CostRound } from "../report-parts.ts";
import { type BenchCpus, type BenchServer, withServer } from "../running-server.ts";
import { runTester, type ServerSample, useBetween } from "../tester-run.ts";
import { loadTester } from "./servers.ts";
import { type LoadInterval, LoadReportReader } from "./tester-report.ts";

export interface UdpLoad extends BenchCpus {
  readonly durationSeconds: number;
  /** The first seconds of the load, left out of the result; a multiple of the tester's 5 s. */
  readonly warmupSeconds: number;
  readonly torrents: number;
  readonly peers: number;
}

export interface UdpRound extends CostRound {
  readonly loadConfig: string;
  readonly responsesPerSecond: number;
  readonly requestsPerSecond: number;
  readonly announcesPerSecond: number;
  readonly errorsPerSecond: number;
  readonly peersPerAnnounce: number;
  /** How often the whole set of peers announced itself: below 1 the memory does not hold all of them yet. */
  readonly coverage: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  readonly complaints: number;
}

const ANSWER_MILLISECONDS = 100;

/** Resolves when the port answers a connect request; rejects after a moment of silence. */
async function answersConnect(port: number): Promise<void> {
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

/** The load tester's config: its defaults but for what is said here. */
const loadConfigOf = (port: number, load: UdpLoad): string => `server_address = "127.0.0.1:${port}"
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
  samples: readonly Omit<ServerSample, "memory">[],
  intervals: readonly LoadInterval[],
): Omit<
  UdpRound,
  "server" | "command" | "loadConfig" | "residentBeforeBytes" | "residentAfterBytes" | "complaints"
> {
  // Sample i was taken at the end of interval i; the first kept interval needs the one before it as its start.
  const first = Math.max(1, Math.round(load.warmupSeconds / 5));
  const start = samples[first - 1];
  const end = samples.at(-1);
  if (!start || !end || start === end)
    throw new Error("The load ended before its first report after the warm-up");
  let seconds = 0;
  const sum = { requests: 0, responses: 0, announces: 0, errors: 0, peers: 0 };
  let announcesEver = 0;
  intervals.forEach((interval, index) => {
    // An announce counts for the coverage from the first second on; the tester reports every five seconds.
    const before = samples[index - 1];
    const own = samples[index];
    const length = before && own ? own.atSeconds - before.atSeconds : 5;
    announcesEver += interval.announces * length;
    if (index < first) return;
    seconds += length;
    sum.requests += interval.requests * length;
    sum.responses += interval.responses * length;
    sum.announces += interval.announces * length;
    sum.errors += interval.errors * length;
    sum.peers += (interval.peersPerAnnounce || 0) * interval.announces * length;
  });
  const use = useBetween(start, end);
  const micros = (used: number): number => (used * 1e6) / sum.responses;
  return {
    responsesPerSecond: sum.responses / seconds,
    requestsPerSecond: sum.requests / seconds,
    announcesPerSecond: sum.announces / seconds,
    errorsPerSecond: sum.errors / seconds,
    peersPerAnnounce: sum.peers / sum.announces,
    userMicros: micros(use.userSeconds),
    systemMicros: micros(use.systemSeconds),
    serverBusy: use.serverBusy,
    strangersBusy: use.strangersBusy,
    coverage: announcesEver / load.peers,
  };
}

export const runUdpRound = (server: BenchServer, load: UdpLoad): Promise<UdpRound> =>
  withServer(server, load.serverCpu, answersConnect, async (running) => {
    const loadConfig = loadConfigOf(running.port, load);
    const loadConfigPath = join(running.folder, "load.toml");
    writeFileSync(loadConfigPath, loadConfig);
    const { reader, samples } = await runTester(
      running,
      load.loadCpu,
      [loadTester(), "-c", loadConfigPath],
      (sample) => new LoadReportReader(sample),
    );
    return {
      server: server.name,
      command: running.command,
      loadConfig,
      ...summarizeRound(load, samples, reader.intervals),
      residentBeforeBytes: running.residentBytes,
      residentAfterBytes: samples.at(-1)?.memory.residentBytes ?? 0,
      complaints: reader.complaints.length,
    };
  });
