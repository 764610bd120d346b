/**
 * Runs the tracker as a program: configuration, start-up lines, signals, statistics, the end. Called by `bin.ts`; for a
 * tracker inside another program see `startTracker`.
 */
import {
  createLogger,
  type ErrorCode,
  type Logger,
  OperatorError,
  ServiceManager,
  withConfigLine,
} from "@swarmtide/runtime";
import { formatStatisticsBlock, formatStatisticsJson } from "@swarmtide/statistics";
import type { TrackerConfig } from "./config.ts";
import type { ConfigSource } from "./config-source.ts";
import type { ProgramSignals } from "./program-signals.ts";
import { startConfigured } from "./start-configured.ts";
import { formatFinalStatisticsLine } from "./statistics.ts";
import type { ConfiguredTracker, RunningTracker } from "./tracker.ts";

const EXIT_DEATH = 1;

export interface ServeOptions {
  readonly source: ConfigSource;
  /** Takes over from the tracker that runs at `handover.control_socket`, where one does. */
  readonly takesOver: boolean;
  readonly version: string;
  /** Writes to stdout. */
  readonly print: (text: string) => void;
  /** Held since the program began. */
  readonly signals: ProgramSignals;
}

/** Serves until a signal asks for the end. Throws ConfigError, OperatorError, SyscallError when it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const { source, version, print, signals } = options;
  const configPath = source.path;
  const { promise: stopAsked, resolve: askToStop } = deferred<NodeJS.Signals>();
  const config = source.read();
  const log = createLogger(config, "main");
  const manager = ServiceManager.open(process.env, (message) => log.warn(message));
  let isStarting = true;
  signals.onStop((signal) => {
    if (isStarting) endDuringStart(signal, log);
    askToStop(signal);
  });
  let tracker: ConfiguredTracker;
  try {
    const onDeath = (reason: string) => dieOf(reason, log);
    tracker = await startConfigured(config, { log, onDeath, takesOver: options.takesOver });
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
    return source.read(path);
  };
  const startedAt = performance.now();
  const startLines = describeStart(tracker, version);
  if (config.logFormat === "json") for (const line of startLines) log.info(line);
  else print(`${startLines.join("\n")}\n`);

  manager.ready(status);
  const endStatistics = printStatistics(tracker, config, print);
  const signal = await Promise.race([stopAsked, tracker.handedOver]);
  const drainMilliseconds = signal === undefined ? config.handover.drain * 1000 : 0;
  manager.stopping(drainMilliseconds + tracker.stopMillisecondsMax);
  if (signal === undefined) {
    log.info("another process serves: finishing the connections that are open");
    await Promise.race([stopAsked, tracker.drained]);
  }
  log.info(`${signal ?? "handed over"}: stopping`);
  await tracker.stop();
  endStatistics();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const finalLine = formatFinalStatisticsLine(tracker.statistics(), seconds);
  if (!config.statistics.printToStdout) log.info(finalLine);
  else if (config.logFormat === "json") print(formatStatisticsJson(tracker.statistics().all));
  else print(`${finalLine}\n`);
  process.exit(0);
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
