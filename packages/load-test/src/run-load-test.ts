/**
 * The sub-commands `swarmtide load-test …`: configuration, progress, the report. Called by the program; a second signal
 * ends the process at once.
 */
import { loadConfig } from "@swarmtide/runtime";
import { printDefaultConfig } from "@swarmtide/toml-config";
import { failuresOf, makeReport, progressLine, type Report, reportText } from "./report.ts";
import { udpLoadSchema } from "./udp/config.ts";
import { UdpLoad } from "./udp/udp-load.ts";

const PROGRESS_SECONDS = 5;
const CONNECTING = "The tracker does not answer; trying again";

export interface LoadTestOptions {
  /** The configuration file; undefined for the defaults. */
  readonly configPath: string | undefined;
  /** Only prints the default configuration. */
  readonly printsConfig: boolean;
  /** The report as JSON, and nothing else on stdout. */
  readonly isJson: boolean;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes progress and complaints, for people. */
  readonly complain: (text: string) => void;
  /** Registers what a signal that asks to stop calls. */
  readonly onStop: (stop: () => void) => void;
}

/** Puts a load of UDP clients on a tracker; returns the exit code. Throws ConfigError, OperatorError, SyscallError. */
export async function loadTestUdp(options: LoadTestOptions): Promise<number> {
  if (options.printsConfig) {
    options.print(printDefaultConfig(udpLoadSchema));
    return 0;
  }
  const config = loadConfig(udpLoadSchema, options.configPath);
  const load = new UdpLoad(config);
  options.onStop(() => load.stop());
  const end = showProgress(load, options);
  await load.run();
  end();
  const { host, port } = config.serverAddress;
  const report = makeReport(load.tally.counts(), load.seconds, {
    target: `udp://${host.includes(":") ? `[${host}]` : host}:${port}`,
    latencyMicroseconds: load.tally.latencyMicroseconds(),
    latencyFrom: config.targetRate > 0 ? "due" : "sent",
    configuration: config,
  });
  return finish(report, config.limits, options);
}

/** A line every few seconds; returns what ends it. */
function showProgress({ tally }: UdpLoad, { complain }: LoadTestOptions): () => void {
  let before = tally.counts();
  let beforeMilliseconds = performance.now();
  const timer = setInterval(() => {
    const now = tally.counts();
    const nowMilliseconds = performance.now();
    const line = progressLine(before, now, (nowMilliseconds - beforeMilliseconds) / 1000);
    complain(`${Object.values(now.answered).every((count) => count === 0) ? CONNECTING : line}\n`);
    before = now;
    beforeMilliseconds = nowMilliseconds;
  }, PROGRESS_SECONDS * 1000);
  return () => clearInterval(timer);
}

function finish(
  report: Report,
  limits: Parameters<typeof failuresOf>[1],
  { isJson, print, complain }: LoadTestOptions,
): number {
  print(isJson ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  const failures = failuresOf(report, limits);
  for (const failure of failures) complain(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}
