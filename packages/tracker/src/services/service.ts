/**
 * A service: one thing that the tracker runs beside others. `startTracker` knows no service by its name; it goes through the
 * table in services.ts and takes each one from state to state:
 *
 *     Service ──bind──▶ BoundService ──start──▶ RunningService ──reload*, stop──▶ ended
 *                            └──close──▶ ended (a start that failed)
 *
 * All are bound before one is started, so that a port in use is an error while nothing runs yet. Called on the main thread.
 */
import type { ClusterLinks } from "@swarmtide/cluster";
import type { Facts, FrameChannel, GivenService } from "@swarmtide/handover";
import type { AnyCounterTable, CounterTables, Histogram, Refusals } from "@swarmtide/metrics";
import type { HandedSockets, Logger, LogSettings } from "@swarmtide/runtime";
import type { PeersPerTorrent, StatisticsCollector } from "@swarmtide/statistics";
import type { AccessListHandle, SwarmStore } from "@swarmtide/swarm";
import type { ConfigOf, Entries, SectionSchema } from "@swarmtide/toml-config";

/** One address the tracker listens on. */
export interface TrackerAddress {
  readonly protocol: "udp" | "http" | "https" | "ws" | "wss";
  /** `0.0.0.0:3000` or `[::]:3000`, with the port that was taken. */
  readonly address: string;
}

/** A protocol that is served. */
export interface ServedProtocol {
  readonly name: "udp" | "http" | "ws";
  /** `UDP tracker`, for the start-up lines. */
  readonly title: string;
  /** How its requests are read and sent; undefined where there is no choice. */
  readonly engine: string | undefined;
  /** Threads that answer. */
  readonly workers: number;
  readonly addresses: readonly TrackerAddress[];
}

/** The configuration object of some sections of the file. */
export type ServiceConfig<Sections extends Entries> = ConfigOf<SectionSchema<Sections>>;

/** A line of the table in services.ts. `Sections` are the sections of the configuration that the service reads. */
export interface Service<Sections extends Entries> {
  /** For the log. */
  readonly name: string;
  /** They become part of the file, and so do keys above them; two services may read the same one. */
  readonly sections: Sections;
  /** How many worker threads it will start. Asked before anything is opened. */
  threads(config: ServiceConfig<Sections>): number;
  /** What of the configuration cannot change when another process takes over: keys of the file, and what they stand for. */
  facts?(config: ServiceConfig<Sections>): Facts;
  /**
   * Reads its files and tells what it would serve, one line each; opens no listener. Throws OperatorError where a file is not
   * in order.
   */
  look?(config: ServiceConfig<Sections>): readonly string[];
  /**
   * Opens its listeners and reads its files. Undefined where the configuration switches it off. Throws OperatorError or
   * SyscallError; nothing of the service stays open then. `handed` are sockets of the process that this one takes over from:
   * it uses those that fit.
   */
  bind(
    config: ServiceConfig<Sections>,
    log: Logger,
    handed?: HandedSockets,
  ): BoundService<ServiceConfig<Sections>> | undefined;
}

/** A service whose listeners are open. */
export interface BoundService<Config> {
  /** What it serves, with the ports that were taken; empty for a service without protocols. */
  readonly protocols: readonly ServedProtocol[];
  /** Starts its workers; from here on they own what is open. */
  start(context: StartContext): RunningService<Config>;
  /** Closes what is open, instead of starting. */
  close(): void;
}

/** What services share. */
export interface StartContext {
  readonly log: Logger;
  readonly logSettings: LogSettings;
  readonly store: SwarmStore;
  readonly accessList: AccessListHandle;
  /** Monotonic clock when the tracker started, see `openClock`; zero of all times in the store. */
  readonly startedSeconds: number;
  /** Where a file is found once privileges are dropped; undefined where a chroot hides it. */
  readonly pathAfterDrop: (path: string) => string | undefined;
  /** The counters of all services. Complete once all have been started. */
  readonly counters: () => CounterTables;
  /** Makes the snapshots of the statistics. There once all have been started. */
  readonly collector: () => StatisticsCollector;
  /** Called once for a worker that died, with its name. */
  readonly onDeath: (reason: string) => void;
  /** There where this process takes over from another: workers are started held, and released with all others. */
  readonly former: FormerProcess | undefined;
  /** What joins workers to other nodes; undefined where there is no cluster. */
  readonly cluster: ClusterLinks | undefined;
  /** Hands the tracker to a process that has connected; fulfilled once that has failed, or all connections have ended. */
  readonly handOver: (channel: FrameChannel) => Promise<void>;
}

/** The process that this one takes over from. */
export interface FormerProcess {
  /** Fulfilled once it holds still, and what listens may take connections. */
  readonly isHolding: Promise<void>;
  /** A key of it by name, in memory of its own; undefined where it has none. */
  secret(name: string): Uint8Array | undefined;
}

/** How long the requests of one protocol stay inside its workers. */
export interface LatencySource {
  readonly protocol: ServedProtocol["name"];
  /** The names of the workers, by their row. */
  readonly workers: readonly string[];
  /** Microseconds; undefined where it is not measured. */
  readonly histogram: Histogram | undefined;
}

/** A certificate in use. */
export interface CertificateInUse {
  /** The section of the configuration that names it. */
  readonly section: string;
  readonly subject: string;
  readonly expiresMilliseconds: number;
}

/** Why the workers of one service refused requests and connections. */
export interface RefusalSource {
  readonly refusals: Refusals;
  /** The names of the workers, by their row. */
  readonly workers: readonly string[];
  /** What the detail of a refusal says, by the table that counted it. */
  describe(table: string, detail: number): string | undefined;
}

/** What a service tells the statistics beside its counters. */
export interface ServiceReports {
  readonly latencies?: readonly LatencySource[];
  readonly certificates?: () => readonly CertificateInUse[];
  /** Why requests were refused, for the log at debug. */
  readonly refusals?: RefusalSource;
  /** For each worker a sample of the peer ids of its announces; see PeerIdSampleReader. */
  readonly peerIdSamples?: readonly SharedArrayBuffer[];
  /** Of the last pass over all torrents; null before the first. */
  readonly peersPerTorrent?: (nowMilliseconds: number) => PeersPerTorrent | null;
}

/** Whether a reload succeeded, and what was reloaded or why it failed. */
export interface ReloadOutcome {
  readonly isSuccess: boolean;
  readonly text: string;
}

/** A service with workers. */
export interface RunningService<Config> {
  /** Fulfilled once all workers serve; privileges are dropped then. */
  readonly ready: Promise<void>;
  readonly counters: readonly AnyCounterTable[];
  readonly reports?: ServiceReports;
  /**
   * Takes settings into use, all of them, whether or not they changed, and reads its own files again: the outcome of that,
   * undefined where there are none. Keys that need a restart have the value they had at the start.
   */
  reload(config: Config, accessList: AccessListHandle): ReloadOutcome | undefined;
  /**
   * Of a service that keeps what the others leave: it is stopped once they have ended, and may take so long. `discard`, called
   * before `stop`, makes it keep nothing: the start has failed.
   */
  readonly stopsLast?: { readonly millisecondsMax: number; discard(): void };
  /** Of a service that fills the store after the start: whether it still does. A process that takes over waits for it. */
  readonly isFilling?: () => boolean;
  /** Of a service that gets swarms of other nodes after the start: whether it still does. The tracker is not ready until then. */
  readonly isJoining?: () => boolean;
  /** What a process gets that takes over, and how the service makes way; absent where there is nothing to hand over. */
  readonly given?: GivenService;
  /** Stops every worker. Fulfilled when all have ended, or with false when some did not in time. */
  stop(): Promise<boolean>;
}
