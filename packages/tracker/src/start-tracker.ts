/**
 * Starts the tracker: access list, store, sockets, workers, privileges, in this order, so that whatever an operator
 * got wrong is said before anything is served. Called by the command line and by programs that embed a tracker.
 */
import { once } from "node:events";
import {
  ControlBlock,
  createLogger,
  dropPrivileges,
  type Logger,
  OperatorError,
  pathAfterDrop,
  type RunningWorker,
  startWorker,
  workerModule,
} from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  createSwarmStore,
  monotonicSeconds,
  SHARD_COUNT,
  type SwarmStore,
} from "@swarmtide/swarm";
import { startWeb, type WebServer } from "@swarmtide/tcp";
import { startUdp, type UdpServer } from "@swarmtide/udp";
import {
  addressesOf,
  type Bindings,
  openBindings,
  type TrackerAddress,
  workerThreads,
} from "./bindings.ts";

import type { CleaningWorkerData } from "./cleaning-worker.ts";
import type { TrackerConfig } from "./config.ts";
import { loadAccessList } from "./load-access-list.ts";
import { reservableBytes } from "./reservable-memory.ts";
import { readStatistics, type Statistics } from "./statistics.ts";
import { rereadTls, type TlsPaths, tlsPathsAfterDrop } from "./web-side.ts";

const MIB = 2 ** 20;
const CLEANING_THREADS = 1;
/** Less is not worth a tracker: some million peers take this much. */
const MEMORY_MIB_MIN = 64;
const STOP_MILLISECONDS_MAX = 5000;

/** A tracker that serves. */
export interface RunningTracker {
  readonly addresses: readonly TrackerAddress[];
  /** How many threads answer UDP requests, and how they read them; undefined where UDP is off. */
  readonly udp: { readonly engine: "mmsg" | "dgram"; readonly workers: number } | undefined;
  /** How many threads answer HTTP and HTTPS, and how they read plain HTTP; undefined where HTTP is off. */
  readonly http: { readonly engine: "epoll" | "net"; readonly workers: number } | undefined;
  /** How many threads serve WebTorrent; undefined where it is off. */
  readonly ws: { readonly workers: number } | undefined;
  /** Reads access list and TLS files again; where that fails it is logged and the old ones stay. */
  reload(): void;
  /** Counts since the start, and what the swarms hold. */
  statistics(): Statistics;
  /** Finishes what is in flight and ends every thread; at most a few seconds. Idempotent. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Where the tracker logs; by default as the configuration says. */
  readonly log?: Logger;
  /** Hears when a worker dies, with its name and the reason. By default this is an uncaught exception. */
  readonly onDeath?: (reason: string) => void;
}

/** Starts a tracker. Throws OperatorError or SyscallError; then nothing is left running. */
export async function startTracker(
  config: TrackerConfig,
  options: StartOptions = {},
): Promise<RunningTracker> {
  const log = options.log ?? createLogger(config, "main");
  if (!config.udp.enabled && !config.http.enabled && !config.ws.enabled)
    throw new OperatorError(
      "nothing to run: udp.enabled, http.enabled and ws.enabled are all false",
    );
  const accessList = openAccessList(config, log);
  const store = openStore(config, workerThreads(config) + CLEANING_THREADS, log);
  const bindings = await openBindings(config, log);
  const control = ControlBlock.create();
  const watch = watchForDeath(options.onDeath ?? throwOutside);
  const { onDeath } = watch;
  const startedSeconds = monotonicSeconds();
  const shared = { store: store.handle, accessList, control, startedSeconds, onDeath };
  const udp = bindings.udp && startUdp({ ...shared, config: config.udp, binding: bindings.udp });
  const web =
    bindings.web &&
    startWeb({
      ...shared,
      ...bindings.web,
      http: config.http,
      ws: config.ws,
      web: config.web,
      onHint: (line) => log.warn(line),
    });
  const cleaning = startCleaning(config, shared);
  const tracker = new Tracker({ config, log, store, bindings, control, udp, web, cleaning });
  try {
    const ready = Promise.all([udp?.ready, web?.ready, cleaning.ready]);
    await Promise.race([ready, watch.died]);
    tracker.listPath = listPathAfterDrop(config, log);
    tracker.tlsPaths = tlsPathsAfterDrop(config, log);
    dropPrivileges(config.privileges);
  } catch (error) {
    await tracker.stop();
    throw error;
  }
  watch.startIsOver();
  return tracker;
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
    onDeath: (reason: string) => (isStarting ? fail(new OperatorError(reason)) : tell(reason)),
    startIsOver() {
      isStarting = false;
    },
  };
}

interface TrackerParts {
  readonly config: TrackerConfig;
  readonly log: Logger;
  readonly store: SwarmStore;
  readonly bindings: Bindings;
  readonly control: ControlBlock;
  readonly udp: UdpServer | undefined;
  readonly web: WebServer | undefined;
  readonly cleaning: RunningWorker;
}

class Tracker implements RunningTracker {
  readonly udp: RunningTracker["udp"];
  readonly http: RunningTracker["http"];
  readonly ws: RunningTracker["ws"];
  /** Where the access list is found now; undefined where a chroot hides it. */
  listPath: string | undefined;
  /** Where the TLS files are found now. */
  tlsPaths: TlsPaths | undefined;
  readonly #parts: TrackerParts;
  #stopped: Promise<void> | undefined;

  constructor(parts: TrackerParts) {
    const { udp, web } = parts.bindings;
    this.#parts = parts;
    this.udp = udp && { engine: udp.engine, workers: Math.max(1, udp.workerSockets.length) };
    const { http, ws } = parts.config;
    const netWorkers = web?.binding.netWorkers ?? [];
    // With the engine "epoll", workers that listen nowhere serve WebTorrent alone.
    const listening = netWorkers.filter((sockets) => sockets.length > 0).length;
    const httpWorkers = (web?.binding.epollWorkers.length ?? 0) + listening;
    if (web && http.enabled)
      this.http = { engine: web.binding.engine, workers: Math.max(1, httpWorkers) };
    if (web && ws.enabled) this.ws = { workers: Math.max(1, netWorkers.length) };
  }

  get addresses(): readonly TrackerAddress[] {
    return addressesOf(this.#parts.bindings, this.#parts.config);
  }

  reload(): void {
    const { control, log, udp, web, cleaning } = this.#parts;
    const accessList = this.#rereadAccessList();
    const tls = rereadTls(this.tlsPaths, log);
    if (accessList !== undefined) {
      udp?.reload(accessList);
      cleaning.post({ accessList });
      log.info("access list reloaded", entriesOf(accessList));
    }
    if (accessList === undefined && tls === undefined) return;
    web?.reload({
      ...(accessList === undefined ? {} : { accessList }),
      ...(tls === undefined ? {} : { tls }),
    });
    control.announceReload();
  }

  /** Undefined where there is none, or it cannot be read; that is logged. */
  #rereadAccessList(): AccessListHandle | undefined {
    const { config, log } = this.#parts;
    const { mode, path } = config.accessList;
    if (mode === "off") {
      if (this.tlsPaths === undefined) log.info('nothing to reload: access_list.mode = "off"');
      return undefined;
    }
    if (this.listPath === undefined) {
      log.error(`access list ${path}: not reloaded, it lies outside of privileges.chroot_path`);
      return undefined;
    }
    try {
      return loadAccessList({ mode, path: this.listPath });
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      log.error(`${reason}; the old list stays`);
      return undefined;
    }
  }

  statistics(): Statistics {
    const { udp, web, store } = this.#parts;
    return readStatistics(udp?.counters, web, store);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { control, log, udp, web, cleaning } = this.#parts;
    cleaning.expectEnd();
    const ended = Promise.all([udp?.stop(), web?.stop(), cleaning.ended]);
    control.stop();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), STOP_MILLISECONDS_MAX);
    await Promise.race([ended, once(late.signal, "abort")]);
    clearTimeout(timer);
    if (late.signal.aborted) log.warn("some workers did not end in time and are abandoned");
  }
}

function openAccessList(config: TrackerConfig, log: Logger): AccessListHandle {
  const accessList = loadAccessList(config.accessList);
  if (accessList.mode !== "off") log.info("access list loaded", entriesOf(accessList));
  return accessList;
}

const entriesOf = (handle: AccessListHandle) => ({
  mode: handle.mode,
  entries: AccessList.attach(handle).entryCount,
});

/** Reserves the store: what is configured, or what this system leaves to it beside `threads` workers. */
function openStore(config: TrackerConfig, threads: number, log: Logger): SwarmStore {
  const wanted = config.swarm.maxMemory;
  const left = Math.floor((reservableBytes(threads) ?? Number.POSITIVE_INFINITY) / MIB);
  if (left < MEMORY_MIB_MIN)
    throw new OperatorError(
      `swarm.max_memory = ${wanted}: this system leaves no ${MEMORY_MIB_MIN} MiB to the swarms; raise its limit (ulimit -v, vm.overcommit_memory) or lower udp.workers`,
    );
  const store = createSwarmStore({ memoryBytesMax: Math.min(wanted, left) * MIB });
  const granted = Math.floor((store.arenaBytes * SHARD_COUNT) / MIB);
  if (granted < wanted)
    log.warn(
      `swarm.max_memory = ${wanted}: this system lets the swarms reserve ${granted} MiB; they can grow to that`,
    );
  return store;
}

function startCleaning(
  config: TrackerConfig,
  shared: Omit<CleaningWorkerData, "control" | "log" | "intervalSeconds" | "peerAgeSecondsMax"> & {
    readonly control: ControlBlock;
    readonly onDeath: (reason: string) => void;
  },
): RunningWorker {
  const data: CleaningWorkerData = {
    store: shared.store,
    accessList: shared.accessList,
    startedSeconds: shared.startedSeconds,
    control: shared.control.buffer,
    log: { logLevel: config.logLevel, logFormat: config.logFormat },
    intervalSeconds: config.swarm.torrentCleaningInterval,
    peerAgeSecondsMax: config.swarm.maxPeerAge,
  };
  const entry = workerModule(import.meta.url, "cleaning-worker");
  return startWorker({ name: "cleaning", entry, data, onDeath: shared.onDeath });
}

function listPathAfterDrop(config: TrackerConfig, log: Logger): string | undefined {
  const { mode, path } = config.accessList;
  const found = pathAfterDrop(config.privileges, path);
  if (found === undefined && mode !== "off")
    log.warn(
      `access list ${path}: lies outside of privileges.chroot_path, so that it cannot be reloaded`,
    );
  return found;
}

function throwOutside(reason: string): void {
  queueMicrotask(() => {
    throw new Error(reason);
  });
}
