/**
 * The tracker that runs: statistics, reloads, the hand-over to another process, the stop. Made by start-configured.ts. Main
 * thread.
 */
import type { FrameChannel } from "@swarmtide/handover";
import { CounterTables } from "@swarmtide/metrics";
import { type Logger, STOP_MILLISECONDS_MAX } from "@swarmtide/runtime";
import { StatisticsCollector } from "@swarmtide/statistics";
import type { SwarmStore } from "@swarmtide/swarm";
import { readOptions } from "@swarmtide/toml-config";
import type { ReloadableAccessList } from "./access-list.ts";
import { type TrackerConfig, type TrackerOptions, trackerSchema } from "./config.ts";
import { RefusalLog } from "./refusal-log.ts";
import { ReloadableSettings } from "./reloadable-settings.ts";
import type {
  BoundService,
  RunningService,
  ServedProtocol,
  TrackerAddress,
} from "./services/service.ts";
import { TrackerSource } from "./statistics/tracker-source.ts";
import { readStatistics, type Statistics } from "./statistics.ts";
import { giveTracker } from "./take-over.ts";
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

/** A tracker of the program, which reads its configuration anew. */
export interface ConfiguredTracker extends RunningTracker {
  /** As `reload`, under the configuration that `read` returns; it throws where none can be read. */
  reconfigure(read: () => TrackerConfig): Promise<void>;
  /** What it runs under, after the last reload. */
  readonly config: TrackerConfig;
  /** Where a file is found now; undefined where a chroot hides it. */
  locate(path: string): string | undefined;
  /** Fulfilled once another process serves in the place of this one, which finishes its connections and ends. */
  readonly handedOver: Promise<void>;
  /** Fulfilled once it has finished them. */
  readonly drained: Promise<void>;
}

export interface TrackerParts {
  /** As the operator wrote it. */
  readonly wanted: TrackerConfig;
  /** With an amount of memory wherever that was left open, and without families that the system does not have. */
  readonly config: TrackerConfig;
  readonly locate: (path: string) => string | undefined;
  readonly memory: string;
  readonly log: Logger;
  readonly store: SwarmStore;
  readonly accessList: ReloadableAccessList;
  readonly startedSeconds: number;
  readonly bound: readonly BoundService<TrackerConfig>[];
  readonly running: readonly RunningService<TrackerConfig>[];
}

export class Tracker implements ConfiguredTracker {
  readonly counters: CounterTables;
  readonly collector: StatisticsCollector;
  readonly #source: TrackerSource;
  readonly #parts: TrackerParts;
  #stopped: Promise<void> | undefined;
  /** Every thread has ended, and the last snapshot is made. */
  #isOver = false;
  readonly #settings: ReloadableSettings;
  readonly #refusalLog: RefusalLog;
  /** The reload that runs or was the last to run. */
  #reloading: Promise<void> = Promise.resolve();
  #reloadWaiting: Promise<void> | undefined;
  readonly handedOver: Promise<void>;
  readonly drained: Promise<void>;
  #noteHandedOver: () => void = () => {};
  #noteDrained: () => void = () => {};
  /** Reads the configuration for the reload that waits. */
  #readNext: (() => TrackerConfig) | undefined;

  constructor(parts: TrackerParts) {
    this.#parts = parts;
    this.#settings = new ReloadableSettings(parts.wanted, parts.config, parts.log);
    const reports = parts.running.flatMap(({ reports }) => reports ?? []);
    this.#refusalLog = new RefusalLog(
      reports.flatMap(({ refusals }) => refusals ?? []),
      parts.log,
    );
    this.#refusalLog.configure(parts.config);
    this.counters = new CounterTables(parts.running.flatMap((service) => service.counters));
    this.#source = new TrackerSource({
      ...{ version: version(), config: parts.config, store: parts.store, counters: this.counters },
      isJoining: () => parts.running.some((service) => service.isJoining?.() ?? false),
      isFilling: () => parts.running.some((service) => service.isFilling?.() ?? false),
      reports,
      addresses: () => this.addresses,
    });
    this.collector = new StatisticsCollector(this.#source);
    this.handedOver = new Promise((resolve) => {
      this.#noteHandedOver = resolve;
    });
    this.drained = new Promise((resolve) => {
      this.#noteDrained = resolve;
    });
  }

  /** Hands the tracker to the process that has connected; see `StartContext`. */
  async handOver(channel: FrameChannel): Promise<void> {
    const { store, config, startedSeconds, running, log } = this.#parts;
    const isHandedOver = await giveTracker(channel, {
      ...{ store, config, startedSeconds, running, log, counters: () => this.counters },
      onHandedOver: () => this.#makeWay(),
    });
    if (isHandedOver) this.#noteDrained();
  }

  /** What would do the same as the other process ends; the others finish their connections. */
  #makeWay(): void {
    this.#source.isServing = false;
    for (const service of this.#parts.running) {
      service.stopsLast?.discard();
      if (service.given === undefined) void service.stop();
    }
    this.#noteHandedOver();
  }

  get protocols(): readonly ServedProtocol[] {
    return this.#parts.bound.flatMap(({ protocols }) => protocols);
  }

  get addresses(): readonly TrackerAddress[] {
    return this.protocols.flatMap(({ addresses }) => addresses);
  }

  get config(): TrackerConfig {
    return this.#settings.config;
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
    this.#refusalLog.configure(config);
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
        `some workers did not stop within ${STOP_MILLISECONDS_MAX / 1000} s; continuing without them`,
      );
    await Promise.all(last.map((service) => service.stop()));
    this.#refusalLog.close();
    this.collector.collect();
    this.collector.close();
    this.#isOver = true;
  }
}
