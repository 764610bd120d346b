/** The WebTorrent side of running a server and a tester; used by the rounds under full load and by the crowd. */
import { once } from "node:events";
import { connect } from "node:tls";
import { type BenchServer, type RunningServer, withServer } from "../running-server.ts";
import { runTester, type ServerSample } from "../tester-run.ts";
import { type WsInterval, WsLoadReportReader } from "./tester-report.ts";

/** Resolves when a TLS handshake with the port succeeds. */
async function handshakes(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
  } finally {
    socket.destroy();
  }
}

/** Runs `use` while the server runs. */
export const withWsServer = <T>(
  server: BenchServer,
  cpu: number,
  use: (running: RunningServer) => Promise<T>,
): Promise<T> => withServer(server, cpu, handshakes, use);

/** Runs a load tester to its end; sample i was taken when interval i was reported. */
export async function runWsTester(
  server: RunningServer,
  cpu: number,
  command: readonly string[],
): Promise<{ samples: readonly ServerSample[]; intervals: readonly WsInterval[] }> {
  const { reader, samples } = await runTester(
    server,
    cpu,
    command,
    (sample) => new WsLoadReportReader(sample),
  );
  return { samples, intervals: reader.intervals };
}
