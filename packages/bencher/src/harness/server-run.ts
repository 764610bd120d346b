/**
 * Starts a server of a comparison on its CPU and waits until it answers. The rounds of all protocols call this; nothing
 * of one server reaches the next.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasEnded, pinned, stop } from "./pinned-process.ts";
import { processMemory } from "./process-sample.ts";

/** What every server is told, so that they differ in nothing but themselves. */
export interface ServerSettings {
  readonly port: number;
  /** A folder of this round's own, for the config file; gone when the server is. */
  readonly folder: string;
}

/** One server of a comparison; a rival more is one such object more. */
export interface BenchServer {
  readonly name: string;
  /** Its version and how it was built: one line. */
  readonly version: string;
  /** Writes the config and returns the command that runs the server in the foreground on a port of 127.0.0.1. */
  command(settings: ServerSettings): readonly string[];
}

/** A server that runs and answers. */
export interface RunningServer extends ServerSettings {
  readonly name: string;
  readonly pid: number;
  readonly command: readonly string[];
  /** Before any load. */
  readonly residentBytes: number;
  /** Throws with what it printed when it is gone. */
  assertAlive(): void;
}

const READY_SECONDS = 20;
/** A Node.js process compiles and collects a little after its start: let it, so that "before" is its resting size. */
const SETTLE_SECONDS = 2;
const PROBE_PAUSE_MILLISECONDS = 50;
const OUTPUT_KEPT = 4000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port was free");
  return address.port;
}

/** Resolves once `probe` does; throws when the server exits or stays silent. */
async function awaitReady(
  server: ChildProcess,
  probe: () => Promise<void>,
  output: () => string,
): Promise<void> {
  const deadline = Date.now() + READY_SECONDS * 1000;
  for (;;) {
    try {
      return await probe();
    } catch {
      if (hasEnded(server))
        throw new Error(`${server.spawnargs.join(" ")} ended at once:\n${output()}`);
      if (Date.now() > deadline)
        throw new Error(`${server.spawnargs.join(" ")} gave no answer:\n${output()}`);
      await delay(PROBE_PAUSE_MILLISECONDS);
    }
  }
}

/** Runs `use` while the server runs. `probe` resolves when the server on that port answers, and rejects until then. */
export async function withServer<T>(
  server: BenchServer,
  cpu: number | string,
  probe: (port: number) => Promise<void>,
  use: (running: RunningServer) => Promise<T>,
  settleSeconds = SETTLE_SECONDS,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-bench-"));
  const port = await freePort();
  const command = server.command({ port, folder });
  const child = pinned(cpu, command);
  const pid = child.pid ?? 0;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      output = (output + data.toString()).slice(-OUTPUT_KEPT);
    });
  try {
    await awaitReady(
      child,
      () => probe(port),
      () => output,
    );
    await delay(settleSeconds * 1000);
    return await use({
      name: server.name,
      pid,
      port,
      command,
      folder,
      residentBytes: processMemory(pid).residentBytes,
      assertAlive() {
        if (hasEnded(child)) throw new Error(`${server.name} ended during the load:\n${output}`);
      },
    });
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}
