/**
 * The tracker that runs, and its start: access list, store, listeners, workers, privileges, in this order, so that whatever
 * an operator got wrong is said before anything is served. What is started stands in services/services.ts. Called by the
 * command line; programs that embed a tracker call `startTracker`.
 */
import { CounterTables } from "@swarmtide/metrics";
import {
  createLogger,
  dropPrivileges,
  type Logger,
  OperatorError,
  pathAfterDrop,
  STOP_MILLISECONDS_MAX,
} from "@swarmtide/runtime";
import { StatisticsCollector } from "@swarmtide/statistics";
import { monotonicSeconds, type SwarmStore } from "@swarmtide/swarm";
import { readOptions } from "@swarmtide/toml-config";
import { ReloadableAccessList } from "./access-list.ts";
import { type TrackerConfig, type TrackerOptions, trackerSchema } from "./config.ts";
import { divideMemory, openStore } from "./memory.ts";
import { withoutMissingFamilies } from "./missing-families.ts";
import { ReloadableSettings } from "./reloadable-settings.ts";
import type {
  BoundService,
  RunningService,
  ServedProtocol,
  StartContext,
  TrackerAddress,
} from "./services/service.ts";
import { services, workerThreads } from "./services/services.ts";
import { checkOpenFiles, checkThatSomethingRuns, warnOfServing } from "./start-checks.ts";
import { TrackerSource } from "./statistics/tracker-source.ts";
import { readStatistics, type Statistics } from "./statistics.ts";
import { version } from "./version.ts";

/** A tracker that serves. */
export interface RunningTracker {
  /** What is served: each protocol with its addresses and workers. One that is switched off is missing. */
  readonly protocols: readonly ServedProtocol[];
  /** The addresses of all protocols. */
  readonly addresses: readonly TrackerAddress[];
  /**
   * Reads access list and TLS files again; where that fails it is logged and the old ones stay. With options these take the
   * place of those that the tracker was started with: what a reload applies is applied, what needs a restart is logged, and
   * options that are not in order are logged and change nothing. While one reload is under way at most one more waits.
   * Fulfilled when it is done.
   */
  reload(options?: TrackerOptions): Promise<void>;
  /** What memory is divided into, and why: a line for the operator. */
  readonly memory: string;
  /** Counts since the start, and what the swarms hold. */
  statistics(): Statistics;
  /** Finishes what is in flight, writes the last snapshot and ends every thread. Idempotent. */
  stop(): Promise<void>;
  /** How long that may take: a few seconds, and `snapshot.stop_timeout`. */
  readonly stopMillisecondsMax: number;
}

export interface StartOptions {
  /** Where the tracker logs; by default as the configuration says. */
  readonly log?: Logger;
  /** Called when a worker dies, with its name and the reason. By default this is an uncaught exception. */
  readonly onDeath?: (reason: string) => void;
}

/** A tracker of the program, which reads its configuration anew. */
export interface ConfiguredTracker extends RunningTracker {
  /** As `reload`, under the configuration that `read` returns; it throws where there is none to be had. */
  reconfigure(read: () => TrackerConfig): Promise<void>;
  /** Where a file is found now; undefined where a chroot hides it. */
  locate(path: string): string | undefined;
}

/** Starts a tracker. Throws OperatorError or SyscallError; then nothing is left running. */
export async function startConfigured(
  wanted: TrackerConfig,
  options: StartOptions = {},
): Promise<ConfiguredTracker> {
  const log = options.log ?? createLogger(wanted, "main");
  const given = withoutMissingFamilies(wanted, log);
  checkThatSomethingRuns(given);
  const threads = workerThreads(given);
  checkOpenFiles(threads);
  const folder = process.cwd();
  const locate = (path: string) => pathAfterDrop(given.privileges, path, folder);
  const accessList = await ReloadableAccessList.open(given, locate, log);
  const { config, line: memory } = divideMemory(given, threads, log);
  const store = openStore(config, given.swarm.maxMemory, log);
  const bound = bindServices(config, log);
  const watch = watchForDeath(options.onDeath ?? throwOutside);
  const context: StartContext = {
    ...{ log, store, accessList: accessList.handle, startedSeconds: monotonicSeconds() },
    logSettings: { logLevel: config.logLevel, logFormat: config.logFormat },
    pathAfterDrop: locate,
    counters: () => tracker.counters,
    collector: () => tracker.collector,
    onDeath: watch.onDeath,
  };
  const running = bound.map((service) => service.start(context));
  const tracker = new Tracker({
    wanted,
    config,
    locate,
    memory,
    log,
    store,
    accessList,
    bound,
    running,
  });
  try {
    const ready = Promise.all(running.map((service) => service.ready));
    await Promise.race([ready, watch.died]);
    dropPrivileges(config.privileges);
  } catch (error) {
    for (const service of running) service.stopsLast?.discard();
    await tracker.stop();
    throw error;
  }
  watch.startIsOver();
  warnOfServing(config, threads, log);
  tracker.serves();
  return tracker;
}

/** Opens every listener. When one cannot be opened, none stays open. */
function bindServices(config: TrackerConfig, log: Logger): BoundService<TrackerConfig>[] {
  const bound: BoundService<TrackerConfig>[] = [];
  try {
    for (const service of services) {
      const one = service.bind(config, log);
      if (one !== undefined) bound.push(one);
    }
    return bound;
  } catch (error) {
    for (const one of bound) one.close();
    throw error;
  }
}

/** While the tracker starts, a worker that dies fails the start; from then on it is told to whoever runs it. */
function watchForDeath(tell: (reason: string) => void) {
  let isStarting = true;
  let fail: (error: Error) => void = () => {};
  const died = new Promise<never>((_, reject) => {
    fail = reject;
  });
  died.catch(() => {}); // Nobody waits for it any more when the start has failed for another reason.
  return {
    died,
    onDeath: (reason: string) => (isStarting ? fail(deathOf(reason)) : tell(reason)),
    startIsOver() {
      isStarting = false;
    },
  };
}

interface TrackerParts {
  /** As the operator wrote it. */
  readonly wanted: TrackerConfig;
  /** With an amount of memory wherever that was left open, and without families that the system does not have. */
  readonly config: TrackerConfig;
  readonly locate: (path: string) => string | undefined;
  readonly memory: string;
  readonly log: Logger;
  readonly store: SwarmStore;
  readonly accessList: ReloadableAccessList;
  readonly bound: readonly BoundService<TrackerConfig>[];
  readonly running: readonly RunningService<TrackerConfig>[];
}

class Tracker implements ConfiguredTracker {
  readonly counters: CounterTables;
  readonly collector: StatisticsCollector;
  readonly #source: TrackerSource;
  readonly #parts: TrackerParts;
  #stopped: Promise<void> | undefined;
  /** Every thread has ended, and the last snapshot is made. */
  #isOver = false;
  readonly #settings: ReloadableSettings;
  /** The reload that runs or was the last to run. */
  #reloading: Promise<void> = Promise.resolve();
  #reloadWaiting: Promise<void> | undefined;
  /** Reads the configuration for the reload that waits. */
  #readNext: (() => TrackerConfig) | undefined;

  constructor(parts: TrackerParts) {
    this.#parts = parts;
    this.#settings = new ReloadableSettings(parts.wanted, parts.config, parts.log);
    this.counters = new CounterTables(parts.running.flatMap((service) => service.counters));
    this.#source = new TrackerSource({
      ...{ version: version(), config: parts.config, store: parts.store, counters: this.counters },
      reports: parts.running.flatMap(({ reports }) => reports ?? []),
      addresses: () => this.addresses,
    });
    this.collector = new StatisticsCollector(this.#source);
  }

  get protocols(): readonly ServedProtocol[] {
    return this.#parts.bound.flatMap(({ protocols }) => protocols);
  }

  get addresses(): readonly TrackerAddress[] {
    return this.protocols.flatMap(({ addresses }) => addresses);
  }

  get memory(): string {
    return this.#parts.memory;
  }

  /** The start is complete. */
  serves(): void {
    this.#source.isServing = true;
  }

  reload(options?: TrackerOptions): Promise<void> {
    return this.#queueReload(options && (() => readOptions(trackerSchema, options)));
  }

  reconfigure(read: () => TrackerConfig): Promise<void> {
    return this.#queueReload(read);
  }

  locate(path: string): string | undefined {
    return this.#parts.locate(path);
  }

  #queueReload(read: (() => TrackerConfig) | undefined): Promise<void> {
    this.#readNext = read ?? this.#readNext;
    this.#reloadWaiting ??= this.#reloading.then(() => {
      const readNow = this.#readNext;
      this.#readNext = undefined;
      this.#reloadWaiting = undefined;
      this.#reloading = this.#reload(readNow);
      return this.#reloading;
    });
    return this.#reloadWaiting;
  }

  async #reload(read: (() => TrackerConfig) | undefined): Promise<void> {
    const { accessList, running } = this.#parts;
    const settings = read && this.#settings.reload(read);
    if (settings?.isSuccess === false) return this.#source.noteReload([settings]);
    const { config } = this.#settings;
    const outcomes = [settings, ...(await accessList.reload(config))];
    if (this.#stopped !== undefined) return;
    for (const service of running) outcomes.push(service.reload(config, accessList.handle));
    this.#source.noteReload(outcomes.flatMap((outcome) => outcome ?? []));
  }

  statistics(): Statistics {
    const { stats } = this.#isOver ? this.collector.latest : this.collector.collect();
    return readStatistics(stats);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  get stopMillisecondsMax(): number {
    const last = this.#parts.running.map(({ stopsLast }) => stopsLast?.millisecondsMax ?? 0);
    return STOP_MILLISECONDS_MAX + Math.max(...last);
  }

  async #stop(): Promise<void> {
    const { log, running } = this.#parts;
    this.#source.isServing = false;
    const last = running.filter(({ stopsLast }) => stopsLast !== undefined);
    const first = running.filter((service) => !last.includes(service));
    const stopped = await Promise.all(first.map((service) => service.stop()));
    if (stopped.includes(false))
      log.warn(
        `some workers did not stop within ${STOP_MILLISECONDS_MAX / 1000} s; going on without them`,
      );
    await Promise.all(last.map((service) => service.stop()));
    this.collector.collect();
    this.collector.close();
    this.#isOver = true;
  }
}

const deathOf = (reason: string): OperatorError =>
  new OperatorError(reason, { code: "SWARMTIDE_WORKER_DIED" });

function throwOutside(reason: string): void {
  queueMicrotask(() => {
    throw deathOf(reason);
  });
}
