/**
 * The sub-commands `swarmtide load-test …`: configuration, progress, the report. Called by the program; a second signal
 * ends the process at once.
 */
import { loadConfig } from "@swarmtide/runtime";
import {
  type ConfigOf,
  type Entries,
  printDefaultConfig,
  type SectionSchema,
} from "@swarmtide/toml-config";
import { httpLoadSchema } from "./http/config.ts";
import { HttpLoad } from "./http/http-load.ts";
import { showProgress } from "./progress.ts";
import { failuresOf, type Limits, makeReport, reportText } from "./report.ts";
import type { Tally } from "./tally.ts";
import { udpLoadSchema } from "./udp/config.ts";
import { UdpLoad } from "./udp/udp-load.ts";
import { wsLoadSchema } from "./ws/config.ts";
import { WsLoad } from "./ws/ws-load.ts";

export interface LoadTestOptions {
  /** The configuration file; undefined for the defaults. */
  readonly configPath: string | undefined;
  /** Only prints the default configuration. */
  readonly printsConfig: boolean;
  /** The report as JSON, and nothing else on stdout. */
  readonly isJson: boolean;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Writes progress and complaints. */
  readonly complain: (text: string) => void;
  /** Whether `complain` writes to a terminal: progress is then one line that changes. */
  readonly isTerminal: boolean;
  /** Registers what a signal that asks to stop calls. */
  readonly onStop: (stop: () => void) => void;
}

/** A load on one tracker. */
interface Load {
  readonly tally: Tally;
  /** How long requests were sent for. */
  readonly seconds: number;
  run(): Promise<void>;
  stop(): void;
}

/** What every configuration has. */
interface LoadConfig {
  readonly serverAddress: { readonly host: string; readonly port: number };
  readonly targetRate: number;
  readonly warmup: number;
  readonly limits: Limits;
}

/** Puts a load of UDP clients on a tracker; returns the exit code. Throws ConfigError, OperatorError, SyscallError. */
export async function loadTestUdp(options: LoadTestOptions): Promise<number> {
  const config = readOrPrint(udpLoadSchema, options);
  return config === undefined ? 0 : await runLoad(new UdpLoad(config), "udp", config, options);
}

/** The same with HTTP clients. */
export async function loadTestHttp(options: LoadTestOptions): Promise<number> {
  const config = readOrPrint(httpLoadSchema, options);
  if (config === undefined) return 0;
  const protocol = config.enableTls ? "https" : "http";
  return await runLoad(new HttpLoad(config), protocol, config, options);
}

/** The same with WebTorrent clients. */
export async function loadTestWs(options: LoadTestOptions): Promise<number> {
  const config = readOrPrint(wsLoadSchema, options);
  if (config === undefined) return 0;
  const protocol = config.enableTls ? "wss" : "ws";
  return await runLoad(new WsLoad(config), protocol, config, options);
}

/** The configuration; undefined where it was only to be printed. */
function readOrPrint<E extends Entries>(
  schema: SectionSchema<E>,
  { configPath, printsConfig, print }: LoadTestOptions,
): ConfigOf<SectionSchema<E>> | undefined {
  if (!printsConfig) return loadConfig(schema, configPath);
  print(printDefaultConfig(schema));
  return undefined;
}

async function runLoad(
  load: Load,
  protocol: string,
  config: LoadConfig,
  options: LoadTestOptions,
): Promise<number> {
  const { print, complain, isJson, isTerminal, onStop } = options;
  onStop(() => load.stop());
  const endProgress = showProgress(load.tally, { isJson, isTerminal, complain });
  load.tally.warmUp(config.warmup);
  await load.run();
  endProgress();
  const { host, port } = config.serverAddress;
  const report = makeReport(load.tally.counts(), load.seconds, {
    target: `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    latencyMicroseconds: load.tally.latencyMicroseconds(),
    latencyFrom: config.targetRate > 0 ? "due" : "sent",
    configuration: config,
  });
  print(isJson ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  const failures = failuresOf(report, config.limits);
  for (const failure of failures) complain(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}
