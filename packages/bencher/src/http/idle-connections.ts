/** Many connections that are kept and do nothing: are all of them there after a while, and what does each cost? */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assertOpenFiles } from "../open-files.ts";
import { type BenchCpus, type BenchServer, withServer } from "../running-server.ts";
import { runTester } from "../tester-run.ts";
import { accepts } from "./round.ts";
import type { HttpMode } from "./servers.ts";

export interface IdleConnections extends BenchCpus {
  readonly connections: number;
}

export interface IdleResult {
  readonly server: string;
  readonly isTls: boolean;
  /** Open at the end. */
  readonly connections: number;
  /** Ended or refused though the clients did not want it. */
  readonly lost: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
}

const clients = fileURLToPath(new URL("./idle-clients.js", import.meta.url));

export const idleBytesPerConnection = (result: IdleResult): number =>
  (result.residentAfterBytes - result.residentBeforeBytes) / result.connections;

/** Reads the two lines of idle-clients.ts and samples at each. */
class IdleReportReader {
  last = { open: 0, lost: 0 };
  readonly #onReport: () => void;

  constructor(onReport: () => void) {
    this.#onReport = onReport;
  }

  line(line: string): void {
    if (!line.startsWith("{")) return;
    this.last = JSON.parse(line);
    this.#onReport();
  }
}

export async function runIdleConnections(
  server: BenchServer,
  mode: HttpMode,
  wanted: IdleConnections,
): Promise<IdleResult> {
  assertOpenFiles(wanted.connections, readFileSync("/proc/self/limits", "latin1"));
  return withServer(server, wanted.serverCpu, accepts, async (running) => {
    const { reader, samples } = await runTester(
      running,
      wanted.loadCpu,
      [
        ...[process.execPath, clients, `${running.port}`, `${wanted.connections}`],
        mode.isTls ? "tls" : "plain",
      ],
      (sample) => new IdleReportReader(sample),
    );
    return {
      server: server.name,
      isTls: mode.isTls,
      connections: reader.last.open,
      lost: reader.last.lost,
      residentBeforeBytes: running.residentBytes,
      residentAfterBytes: samples.at(-1)?.memory.residentBytes ?? 0,
    };
  });
}
