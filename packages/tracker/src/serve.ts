/**
 * Runs the tracker as a program: configuration, start-up lines, signals, statistics, the end. Called by `bin.ts`; for a
 * tracker inside another program see `startTracker`.
 */
import {
  type Command,
  createLogger,
  type ErrorCode,
  type Logger,
  loadConfig,
  OperatorError,
  ServiceManager,
  withConfigLine,
} from "@swarmtide/runtime";
import { formatStatisticsBlock, formatStatisticsJson } from "@swarmtide/statistics";
import { SERVE_ALL, SERVE_HTTP, SERVE_UDP, SERVE_WS } from "./command-line.ts";
import { shortLife, type TrackerConfig, trackerSchema } from "./config.ts";
import type { ProgramSignals } from "./program-signals.ts";
import { formatFinalStatisticsLine } from "./statistics.ts";
import { type ConfiguredTracker, type RunningTracker, startConfigured } from "./tracker.ts";

const EXIT_DEATH = 1;

export interface ServeOptions {
  readonly command: Command;
  /** The configuration file; undefined for the defaults. */
  readonly configPath: string | undefined;
  readonly version: string;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Held since the program began. */
  readonly signals: ProgramSignals;
}

/** Serves until a signal asks for the end. Throws ConfigError, OperatorError, SyscallError when it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const { command, configPath, version, print, signals } = options;
  const { promise: stopAsked, resolve: askToStop } = deferred<NodeJS.Signals>();
  const config = restrictTo(command, loadConfig(trackerSchema, configPath));
  const log = createLogger(config, "main");
  const manager = ServiceManager.open(process.env, (message) => log.warn(message));
  let isStarting = true;
  signals.onStop((signal) => {
    if (isStarting) endDuringStart(signal, log);
    askToStop(signal);
  });
  let tracker: ConfiguredTracker;
  try {
    tracker = await startConfigured(config, { log, onDeath: (reason) => dieOf(reason, log) });
  } catch (error) {
    throw withConfigLine(error, configPath);
  }
  isStarting = false;
  const status = `serving ${tracker.protocols.map(({ title }) => title).join(", ")}`;
  signals.onReload((signal) => {
    manager.reloading();
    const reloaded = signal === "SIGHUP" ? tracker.reconfigure(readAgain) : tracker.reload();
    void reloaded.finally(() => manager.ready(status));
  });
  const readAgain = () => {
    const path = configPath === undefined ? undefined : tracker.locate(configPath);
    if (configPath !== undefined && path === undefined)
      throw new OperatorError(
        `${configPath}: not read again, it lies outside of privileges.chroot_path`,
        { code: "SWARMTIDE_OUTSIDE_CHROOT" },
      );
    return restrictTo(command, loadConfig(trackerSchema, path));
  };
  const startedAt = performance.now();
  const startLines = describeStart(tracker, version);
  if (config.logFormat === "json") for (const line of startLines) log.info(line);
  else print(`${startLines.join("\n")}\n`);

  manager.ready(status);
  const endStatistics = printStatistics(tracker, config, print);
  const signal = await stopAsked;
  manager.stopping(tracker.stopMillisecondsMax);
  log.info(`${signal}: stopping`);
  await tracker.stop();
  endStatistics();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const finalLine = formatFinalStatisticsLine(tracker.statistics(), seconds);
  if (!config.statistics.printToStdout) log.info(finalLine);
  else if (config.logFormat === "json") print(formatStatisticsJson(tracker.statistics().all));
  else print(`${finalLine}\n`);
  process.exit(0);
}

/** `swarmtide udp`, `http` and `ws` run that protocol, also where the file has it switched off, and nothing else. */
function restrictTo(command: Command, config: TrackerConfig): TrackerConfig {
  if (command === SERVE_ALL) return config;
  if (command === SERVE_UDP && !config.udp.useIpv4 && !config.udp.useIpv6)
    throw new OperatorError("udp.use_ipv4 and udp.use_ipv6 are both false, expected one true", {
      code: "SWARMTIDE_NOTHING_TO_RUN",
    });
  const restricted = {
    ...config,
    udp: { ...config.udp, enabled: command === SERVE_UDP },
    http: { ...config.http, enabled: command === SERVE_HTTP },
    ws: { ...config.ws, enabled: command === SERVE_WS },
  };
  const problem = shortLife(restricted);
  if (problem !== undefined)
    throw new OperatorError(
      `${problem.key} = ${config.swarm.maxPeerAge}: expected ${problem.expected}`,
      { code: "SWARMTIDE_CONFIG_INVALID" },
    );
  return restricted;
}

/** Nothing is served yet and nobody waits for an answer, so that the end of the process is all it takes. */
function endDuringStart(signal: NodeJS.Signals, log: Logger): never {
  log.info(`${signal}: stopping before the start was complete`);
  process.exit(0);
}

function dieOf(reason: string, log: Logger): void {
  log.error(reason, { code: "SWARMTIDE_WORKER_DIED" satisfies ErrorCode });
  process.exit(EXIT_DEATH);
}

/** The plain lines an operator sees: what it listens on, and how to point a client at it. */
function describeStart(tracker: RunningTracker, version: string): string[] {
  const lines = [`swarmtide ${version}`];
  const urls = new Set<string>();
  for (const { protocol, address } of tracker.addresses)
    urls.add(`${protocol}://${clientHost(address)}${protocol.startsWith("ws") ? "" : "/announce"}`);
  for (const { title, workers, engine, addresses } of tracker.protocols) {
    const listed = addresses
      .map(({ protocol, address }) => (protocol === "udp" ? address : `${protocol}://${address}`))
      .join(" and ");
    const threads = workers === 1 ? "1 worker" : `${workers} workers`;
    lines.push(
      `${title} on ${listed} (${threads}${engine === undefined ? "" : `, engine ${engine}`})`,
    );
  }
  return [...lines, tracker.memory, `Point clients at ${[...urls].join(" or ")}`];
}

/** An address as a client would write it: a tracker that listens everywhere is reached by the host's name. */
const clientHost = (address: string): string => address.replace(/^(0\.0\.0\.0|\[::\]):/, "HOST:");

/** Prints a report at each interval where the configuration says so. Returns a function that ends it. */
function printStatistics(
  tracker: RunningTracker,
  config: TrackerConfig,
  print: (text: string) => void,
): () => void {
  if (!config.statistics.printToStdout) return () => {};
  const format = config.logFormat === "json" ? formatStatisticsJson : formatStatisticsBlock;
  const timer = setInterval(
    () => print(format(tracker.statistics().all)),
    config.statistics.interval * 1000,
  );
  return () => clearInterval(timer);
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
