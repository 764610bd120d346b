/**
 * Starts a WebTorrent server of the comparison on its CPU and a load tester on another, and samples the server at every
 * report of the tester. Used by the rounds under full load and by the run with many connections.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import {
  machineBusySeconds,
  type ProcessMemory,
  processCpu,
  processMemory,
} from "./process-sample.ts";
import { pinned, stop } from "./udp-round.ts";
import { type WsInterval, WsLoadReportReader } from "./ws-load-report.ts";
import { makeCertificate, type WsServer } from "./ws-servers.ts";

/** The server and the tester each get a CPU of their own. */
export interface WsCpus {
  readonly serverCpu: number;
  readonly loadCpu: number;
}

/** Used so far, at one moment. */
export interface WsSample {
  readonly atSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly strangersSeconds: number;
  readonly memory: ProcessMemory;
}

/** A server that runs and accepts connections. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly command: readonly string[];
  /** For config files; gone when the server is. */
  readonly folder: string;
  /** Before any load. */
  readonly residentBytes: number;
  /** Throws with what it printed when it is gone. */
  assertAlive(): void;
}

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

/** A pinned process that may open as many files as the system's hard limit allows; aquatic does not ask for it itself. */
const start = (cpu: number, command: readonly string[]): ChildProcess =>
  pinned(cpu, ["sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec "$@"', "sh", ...command]);

/** Runs `use` while the server runs. */
export async function withWsServer<T>(
  server: WsServer,
  cpu: number,
  use: (running: RunningServer) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-bench-"));
  const port = await freePort();
  const command = server.command({ port, folder, ...makeCertificate(folder) });
  const child = start(cpu, command);
  const pid = child.pid ?? 0;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      output = (output + data.toString()).slice(-4000);
    });
  try {
    await accepts(port, child, () => output);
    await delay(SETTLE_SECONDS * 1000);
    return await use({
      ...{ pid, port, command, folder },
      residentBytes: processMemory(pid).residentBytes,
      assertAlive: () => {
        if (hasEnded(child)) throw new Error(`${server.name} ended under load:\n${output}`);
      },
    });
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a load tester to its end; sample i was taken when interval i was reported. */
export async function runWsTester(
  server: RunningServer,
  cpu: number,
  command: readonly string[],
): Promise<{ samples: WsSample[]; intervals: WsInterval[] }> {
  const tester = start(cpu, command);
  const testerPid = tester.pid ?? 0;
  const samples: WsSample[] = [];
  const reader = new WsLoadReportReader(() => {
    server.assertAlive();
    const used = processCpu(server.pid);
    const own = processCpu(testerPid);
    samples.push({
      atSeconds: performance.now() / 1000,
      userSeconds: used.user,
      systemSeconds: used.system,
      strangersSeconds: machineBusySeconds() - used.user - used.system - own.user - own.system,
      memory: processMemory(server.pid),
    });
  });
  try {
    // aquatic's tester prints a line for every message it cannot read: kept is the end only.
    let complaints = "";
    tester.stderr?.on("data", (data: Buffer) => {
      complaints = (complaints + data.toString()).slice(-1000);
    });
    if (tester.stdout)
      createInterface({ input: tester.stdout }).on("line", (line) => reader.line(line));
    const [code] = await once(tester, "close");
    server.assertAlive();
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${complaints}`);
    return { samples, intervals: reader.intervals };
  } finally {
    await stop(tester);
  }
}
