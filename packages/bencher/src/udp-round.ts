/**
 * One round of the UDP benchmark: start a server on its CPU, run the load tester on another, sample the server at
 * every report of the tester, stop both. Nothing of one round reaches the next.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type LoadInterval, LoadReportReader } from "./load-report.ts";
import { machineBusySeconds, processCpu, processMemory } from "./process-sample.ts";
import { loadTester, type UdpServer } from "./udp-servers.ts";

export interface UdpLoad {
  readonly durationSeconds: number;
  /** The first seconds of the load, left out of the result; a multiple of the tester's 5 s. */
  readonly warmupSeconds: number;
  readonly torrents: number;
  readonly peers: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
}

export interface UdpRound {
  readonly server: string;
  readonly command: readonly string[];
  readonly loadConfig: string;
  readonly responsesPerSecond: number;
  readonly requestsPerSecond: number;
  readonly announcesPerSecond: number;
  readonly errorsPerSecond: number;
  readonly peersPerAnnounce: number;
  /** Server CPU time per response in microseconds. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Share of one CPU that the server used. */
  readonly serverBusy: number;
  /** Share of the two CPUs that went to neither the server nor the tester: how noisy the machine was. */
  readonly strangersBusy: number;
  /** How often the whole set of peers announced itself: below 1 the memory does not hold all of them yet. */
  readonly coverage: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  readonly complaints: number;
}

interface Sample {
  readonly atSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly strangersSeconds: number;
}

const READY_SECONDS = 20;
/** A Node.js process compiles and collects a little after its start: let it, so that "before" is its resting size. */
const SETTLE_SECONDS = 2;

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Resolves once the server answers a connect request; throws when it exits or stays silent. */
async function answers(port: number, server: ChildProcess, output: () => string): Promise<void> {
  const connect = Buffer.from("0000041727101980" + "00000000" + "53574d54", "hex");
  const socket = createSocket("udp4");
  let answered = false;
  socket.on("message", () => {
    answered = true;
  });
  socket.on("error", () => {}); // "connection refused" until it listens
  try {
    const deadline = Date.now() + READY_SECONDS * 1000;
    while (!answered) {
      if (server.exitCode !== null || server.signalCode !== null)
        throw new Error(`${server.spawnargs.join(" ")} ended at once:\n${output()}`);
      if (Date.now() > deadline)
        throw new Error(`${server.spawnargs.join(" ")} gave no answer:\n${output()}`);
      socket.send(connect, port, "127.0.0.1");
      await delay(50);
    }
  } finally {
    socket.close();
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL"); // aquatic takes its time with SIGTERM, and nothing is to be kept
  await once(child, "exit");
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

export const pinned = (cpu: number, command: readonly string[]): ChildProcess =>
  spawn("taskset", ["--cpu-list", `${cpu}`, ...command], { stdio: ["ignore", "pipe", "pipe"] });

/** Averages of the intervals after the warm-up, weighed by their real length. */
export function summarizeRound(
  load: Pick<UdpLoad, "warmupSeconds" | "peers">,
  samples: readonly Sample[],
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
  const micros = (used: number): number => (used * 1e6) / sum.responses;
  return {
    responsesPerSecond: sum.responses / seconds,
    requestsPerSecond: sum.requests / seconds,
    announcesPerSecond: sum.announces / seconds,
    errorsPerSecond: sum.errors / seconds,
    peersPerAnnounce: sum.peers / sum.announces,
    userMicros: micros(end.userSeconds - start.userSeconds),
    systemMicros: micros(end.systemSeconds - start.systemSeconds),
    serverBusy:
      (end.userSeconds + end.systemSeconds - start.userSeconds - start.systemSeconds) / seconds,
    strangersBusy: (end.strangersSeconds - start.strangersSeconds) / (2 * seconds),
    coverage: announcesEver / load.peers,
  };
}

export async function runUdpRound(server: UdpServer, load: UdpLoad): Promise<UdpRound> {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-bench-"));
  const port = await freePort();
  const command = server.command({ port, folder });
  const child = pinned(load.serverCpu, command);
  const serverPid = child.pid ?? 0;
  let serverOutput = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      serverOutput = (serverOutput + data.toString()).slice(-4000);
    });
  let tester: ChildProcess | undefined;
  try {
    await answers(port, child, () => serverOutput);
    await delay(SETTLE_SECONDS * 1000);
    const residentBeforeBytes = processMemory(serverPid).residentBytes;

    const loadConfig = loadConfigOf(port, load);
    const loadConfigPath = join(folder, "load.toml");
    writeFileSync(loadConfigPath, loadConfig);
    tester = pinned(load.loadCpu, [loadTester(), "-c", loadConfigPath]);
    const testerPid = tester.pid ?? 0;
    const samples: Sample[] = [];
    const reader = new LoadReportReader(() => {
      const cpu = processCpu(serverPid);
      const load = processCpu(testerPid);
      samples.push({
        atSeconds: performance.now() / 1000,
        userSeconds: cpu.user,
        systemSeconds: cpu.system,
        strangersSeconds: machineBusySeconds() - cpu.user - cpu.system - load.user - load.system,
      });
    });
    for (const stream of [tester.stdout, tester.stderr])
      if (stream) createInterface({ input: stream }).on("line", (line) => reader.line(line));
    const [code] = await once(tester, "close");
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${server.name} ended during the load:\n${serverOutput}`);
    if (code !== 0)
      throw new Error(`The load tester ended with ${code}: ${reader.complaints.slice(0, 3)}`);
    return {
      server: server.name,
      command,
      loadConfig,
      ...summarizeRound(load, samples, reader.intervals),
      residentBeforeBytes,
      residentAfterBytes: processMemory(serverPid).residentBytes,
      complaints: reader.complaints.length,
    };
  } finally {
    if (tester) await stop(tester);
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
