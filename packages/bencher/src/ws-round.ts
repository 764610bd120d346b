/**
 * One round of the WebTorrent benchmark: start a server on its CPU, run a load tester on another, sample the server at
 * every report of the tester, stop both. Nothing of one round reaches the next.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import { machineBusySeconds, processCpu, processMemory } from "./process-sample.ts";
import { aquaticProgram, installAquatic } from "./rivals.ts";
import { pinned, stop } from "./udp-round.ts";
import { type WsInterval, WsLoadReportReader } from "./ws-load-report.ts";
import { makeCertificate, type WsServer } from "./ws-servers.ts";

export interface WsLoad {
  readonly durationSeconds: number;
  /** The first seconds of the load, left out of the result; a multiple of the tester's 5 s. */
  readonly warmupSeconds: number;
  readonly serverCpu: number;
  readonly loadCpu: number;
}

/** What a server did in one round; rates are per second, as the clients saw them. */
export interface WsRound extends WsInterval {
  readonly server: string;
  readonly command: readonly string[];
  /** Server CPU time per message that reached a client, in microseconds. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** Share of one CPU that the server used. */
  readonly serverBusy: number;
  /** Share of the two CPUs that went to neither the server nor the tester: how noisy the machine was. */
  readonly strangersBusy: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  readonly residentPeakBytes: number;
}

/** Used so far, at one moment. */
export interface WsSample {
  readonly atSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly strangersSeconds: number;
}

/** The tester's own time between two reports. */
const INTERVAL_SECONDS = 5;
const READY_SECONDS = 20;
/** A Node.js process compiles and collects a little after its start: let it, so that "before" is its resting size. */
const SETTLE_SECONDS = 2;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port was free");
  return address.port;
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

/** Resolves once a TLS handshake with the server succeeds; throws when it exits or stays silent. */
async function accepts(port: number, server: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000;
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    try {
      await once(socket, "secureConnect");
      return;
    } catch {
      if (hasEnded(server))
        throw new Error(`${server.spawnargs.join(" ")} ended at once:\n${output()}`);
      if (Date.now() > deadline)
        throw new Error(`${server.spawnargs.join(" ")} gave no answer:\n${output()}`);
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
}

/** Averages of the intervals after the warm-up. Sample i was taken when interval i was reported. */
export function summarizeWsRound(
  warmupSeconds: number,
  samples: readonly WsSample[],
  intervals: readonly WsInterval[],
): Omit<
  WsRound,
  "server" | "command" | "residentBeforeBytes" | "residentAfterBytes" | "residentPeakBytes"
> {
  const first = Math.max(1, Math.round(warmupSeconds / INTERVAL_SECONDS));
  const start = samples[first - 1];
  const end = samples.at(-1);
  if (!start || !end || start === end)
    throw new Error("The load ended before its first report after the warm-up");
  const seconds = end.atSeconds - start.atSeconds;
  const mean = (key: keyof WsInterval): number => {
    let sum = 0;
    for (let index = first; index < samples.length; index++) {
      const length = (samples[index]?.atSeconds ?? 0) - (samples[index - 1]?.atSeconds ?? 0);
      sum += (intervals[index]?.[key] ?? 0) * length;
    }
    return sum / seconds;
  };
  const received = mean("received");
  const micros = (used: number): number => (used * 1e6) / (received * seconds);
  const user = end.userSeconds - start.userSeconds;
  const system = end.systemSeconds - start.systemSeconds;
  return {
    sent: mean("sent"),
    received,
    announces: mean("announces"),
    offers: mean("offers"),
    answers: mean("answers"),
    scrapes: mean("scrapes"),
    errors: mean("errors"),
    connections: intervals.at(-1)?.connections ?? 0,
    userMicros: micros(user),
    systemMicros: micros(system),
    serverBusy: (user + system) / seconds,
    strangersBusy: (end.strangersSeconds - start.strangersSeconds) / (2 * seconds),
  };
}

export async function runWsRound(server: WsServer, load: WsLoad): Promise<WsRound> {
  installAquatic("aquatic_ws_load_test");
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-bench-"));
  const port = await freePort();
  const command = server.command({ port, folder, ...makeCertificate(folder) });
  const child = pinned(load.serverCpu, command);
  const serverPid = child.pid ?? 0;
  let serverOutput = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      serverOutput = (serverOutput + data.toString()).slice(-4000);
    });
  let tester: ChildProcess | undefined;
  try {
    await accepts(port, child, () => serverOutput);
    await delay(SETTLE_SECONDS * 1000);
    const residentBeforeBytes = processMemory(serverPid).residentBytes;

    const loadConfig = join(folder, "load.toml");
    writeFileSync(
      loadConfig,
      `server_address = "127.0.0.1:${port}"\nduration = ${load.durationSeconds}\n`,
    );
    tester = pinned(load.loadCpu, [aquaticProgram("aquatic_ws_load_test"), "-c", loadConfig]);
    const testerPid = tester.pid ?? 0;
    // It prints a line for every message it cannot read, which would cost the benchmark its CPU.
    tester.stderr?.resume();
    const samples: WsSample[] = [];
    let memory = { residentBytes: 0, peakBytes: 0 };
    const reader = new WsLoadReportReader(() => {
      const cpu = processCpu(serverPid);
      const own = processCpu(testerPid);
      memory = processMemory(serverPid);
      samples.push({
        atSeconds: performance.now() / 1000,
        userSeconds: cpu.user,
        systemSeconds: cpu.system,
        strangersSeconds: machineBusySeconds() - cpu.user - cpu.system - own.user - own.system,
      });
    });
    if (tester.stdout)
      createInterface({ input: tester.stdout }).on("line", (line) => reader.line(line));
    const [code] = await once(tester, "close");
    if (hasEnded(child)) throw new Error(`${server.name} ended during the load:\n${serverOutput}`);
    if (code !== 0) throw new Error(`aquatic_ws_load_test ended with ${code}`);
    return {
      server: server.name,
      command,
      ...summarizeWsRound(load.warmupSeconds, samples, reader.intervals),
      residentBeforeBytes,
      residentAfterBytes: memory.residentBytes,
      residentPeakBytes: memory.peakBytes,
    };
  } finally {
    if (tester) await stop(tester);
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
