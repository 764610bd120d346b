/**
 * Runs the tracker as a program: configuration, start-up lines, signals, statistics, the end. Called by `bin.ts`; for a
 * tracker inside another program see `startTracker`.
 */
import {
  createLogger,
  type Logger,
  OperatorError,
  ServiceManager,
  withConfigLine,
} from "@swarmtide/runtime";
import { formatStatisticsBlock, formatStatisticsJson } from "@swarmtide/statistics";
import type { TrackerConfig } from "./config.ts";
import type { ConfigSource } from "./config-source.ts";
import { dieOf, exitWith, logNodesOwnLines } from "./json-log.ts";
import type { ProgramSignals } from "./program-signals.ts";
import { startConfigured } from "./start-configured.ts";
import { formatFinalStatisticsLine } from "./statistics.ts";
import type { ConfiguredTracker, RunningTracker } from "./tracker.ts";

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
  const config = readAtStart(source);
  const log = createLogger(config, "main");
  const isJson = config.logFormat === "json";
  if (isJson) logNodesOwnLines(log);
  const manager = ServiceManager.open(process.env, (message) => log.warn(message));
  let isStarting = true;
  signals.onStop((signal) => {
    if (isStarting) endDuringStart(signal, log);
    askToStop(signal);
  });
  let tracker: ConfiguredTracker;
  try {
    const onDeath = (reason: string) => dieOf(reason, config.logFormat);
    tracker = await startConfigured(config, { log, onDeath, takesOver: options.takesOver });
  } catch (error) {
    throw failStart(withConfigLine(error, configPath), isJson);
  }
  isStarting = false;
  const status = `serving ${tracker.protocols.map(({ title }) => title).join(", ")}`;
  signals.onReload((signal) => {
    manager.reloading();
    const reloaded =
      signal === "SIGHUP"
        ? tracker.reconfigure(() => readAgain(source, tracker))
        : tracker.reload();
    void reloaded.finally(() => {
      statistics.configure(tracker.config);
      manager.ready(status);
    });
  });
  const statistics = new StatisticsPrinter(tracker, print);
  const startedAt = performance.now();
  const startLines = describeStart(tracker, version);
  if (isJson) for (const line of startLines) log.info(line);
  else print(`${startLines.join("\n")}\n`);

  manager.ready(status);
  statistics.configure(config);
  const signal = await Promise.race([stopAsked, tracker.handedOver]);
  const drainMilliseconds = signal === undefined ? config.handover.drain * 1000 : 0;
  manager.stopping(drainMilliseconds + tracker.stopMillisecondsMax);
  if (signal === undefined) {
    log.info("another process serves: finishing the connections that are open");
    await Promise.race([stopAsked, tracker.drained]);
  }
  log.info(`${signal ?? "handed over"}: stopping`);
  await tracker.stop();
  statistics.end();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const finalLine = formatFinalStatisticsLine(tracker.statistics(), seconds);
  if (!tracker.config.statistics.printToStdout) log.info(finalLine);
  else if (isJson) print(formatStatisticsJson(tracker.statistics().all));
  else print(`${finalLine}\n`);
  process.exit(0);
}

/** Where it cannot be read, the error is written as the log would be. Throws ConfigError. */
function readAtStart(source: ConfigSource): TrackerConfig {
  try {
    return source.read();
  } catch (error) {
    const logFormat = source.salvageLogFormat();
    throw failStart(error, logFormat === "json");
  }
}

/** The configuration as it stands in its file now. Throws OperatorError where a chroot hides that. */
function readAgain(source: ConfigSource, tracker: ConfiguredTracker): TrackerConfig {
  const path = source.path === undefined ? undefined : tracker.locate(source.path);
  if (source.path !== undefined && path === undefined)
    throw new OperatorError(
      `${source.path}: not read again, it lies outside of privileges.chroot_path`,
      { code: "SWARMTIDE_OUTSIDE_CHROOT" },
    );
  return source.read(path);
}

/** Under JSON the error is a line of the log, and the end; otherwise `main.ts` prints it. */
function failStart(error: unknown, isJson: boolean): unknown {
  if (isJson) exitWith(error);
  return error;
}

/** Nothing is served yet and nobody waits for an answer, so that the end of the process is all it takes. */
function endDuringStart(signal: NodeJS.Signals, log: Logger): never {
  log.info(`${signal}: stopping before the start was complete`);
  process.exit(0);
}

/** The plain lines an operator sees: what it listens on, and how to point a client at it. */
function describeStart(tracker: RunningTracker, version: string): string[] {
  const lines = [`swarmtide ${version}`];
  const urls = new Set<string>();
  for (const { protocol, address } of tracker.addresses)
    if (!address.startsWith("unix:"))
      urls.add(
        `${protocol}://${clientHost(address)}${protocol.startsWith("ws") ? "" : "/announce"}`,
      );
  for (const { title, workers, engine, addresses } of tracker.protocols) {
    const listed = addresses
      .map(({ protocol, address }) => (protocol === "udp" ? address : `${protocol}://${address}`))
      .join(" and ");
    const threads = workers === 1 ? "1 worker" : `${workers} workers`;
    lines.push(
      `${title} on ${listed} (${threads}${engine === undefined ? "" : `, engine ${engine}`})`,
    );
  }
  const targets = urls.size > 0 ? [...urls].join(" or ") : "the proxy of the unix socket";
  return [...lines, tracker.memory, `Point clients at ${targets}`];
}

/** An address as a client would write it: a tracker that listens everywhere is reached by the host's name. */
const clientHost = (address: string): string => address.replace(/^(0\.0\.0\.0|\[::\]):/, "HOST:");

/** Prints a report at each interval where the configuration says so; a reload changes both. */
class StatisticsPrinter {
  readonly #tracker: RunningTracker;
  readonly #print: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #intervalSeconds = 0;

  constructor(tracker: RunningTracker, print: (text: string) => void) {
    this.#tracker = tracker;
    this.#print = print;
  }

  configure({ logFormat, statistics: { interval, printToStdout } }: TrackerConfig): void {
    const intervalSeconds = printToStdout ? interval : 0;
    if (intervalSeconds === this.#intervalSeconds) return;
    this.end();
    this.#intervalSeconds = intervalSeconds;
    if (intervalSeconds === 0) return;
    const format = logFormat === "json" ? formatStatisticsJson : formatStatisticsBlock;
    const print = () => this.#print(format(this.#tracker.statistics().all));
    this.#timer = setInterval(print, intervalSeconds * 1000);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
