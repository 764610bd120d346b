/**
 * Starts the tracker: access list, store, sockets, workers, privileges, in this order, so that whatever an operator
 * got wrong is said before anything is served. Called by the command line and by programs that embed a tracker.
 */
import {
  codeField,
  createLogger,
  dropPrivileges,
  type ErrorCode,
  type Logger,
  type LogSettings,
  OperatorError,
  pathAfterDrop,
  STOP_MILLISECONDS_MAX,
  startGroup,
  type WorkerGroup,
  workerModule,
} from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  monotonicSeconds,
  type SwarmStore,
} from "@swarmtide/swarm";
import {
  startWeb,
  type TcpEngineName,
  type TlsFiles,
  type WebServer,
  type WebSettings,
  webWorkersOf,
} from "@swarmtide/tcp";
import { startUdp, type UdpEngineName, type UdpServer } from "@swarmtide/udp";
import {
  addressesOf,
  type Bindings,
  openBindings,
  type TrackerAddress,
  workerThreads,
} from "./bindings.ts";

import type { CleaningSettings, CleaningSetup } from "./cleaning-worker.ts";
import type { TrackerConfig } from "./config.ts";
import { loadAccessList } from "./load-access-list.ts";
import { divideMemory, openStore } from "./memory.ts";
import { readStatistics, type Statistics } from "./statistics.ts";
import { rereadTls, type TlsPaths, tlsPathsAfterDrop } from "./web-side.ts";

const CLEANING_THREADS = 1;

/** A tracker that serves. */
export interface RunningTracker {
  readonly addresses: readonly TrackerAddress[];
  /** How many threads answer UDP requests, and how they read them; undefined where UDP is off. */
  readonly udp: { readonly engine: UdpEngineName; readonly workers: number } | undefined;
  /** How many threads answer HTTP and HTTPS, and how they read plain HTTP; undefined where HTTP is off. */
  readonly http: { readonly engine: TcpEngineName; readonly workers: number } | undefined;
  /** How many threads serve WebTorrent; undefined where it is off. */
  readonly ws: { readonly workers: number } | undefined;
  /**
   * Reads access list and TLS files again; where that fails it is logged and the old ones stay. While one reload is under
   * way at most one more waits. Fulfilled when it is done.
   */
  reload(): Promise<void>;
  /** What memory is divided into, and why: a line for the operator. */
  readonly memory: string;
  /** Counts since the start, and what the swarms hold. */
  statistics(): Statistics;
  /** Finishes what is in flight and ends every thread; at most a few seconds. Idempotent. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Where the tracker logs; by default as the configuration says. */
  readonly log?: Logger;
  /** Called when a worker dies, with its name and the reason. By default this is an uncaught exception. */
  readonly onDeath?: (reason: string) => void;
}

/** Starts a tracker. Throws OperatorError or SyscallError; then nothing is left running. */
export async function startTracker(
  given: TrackerConfig,
  options: StartOptions = {},
): Promise<RunningTracker> {
  const log = options.log ?? createLogger(given, "main");
  if (!given.udp.enabled && !given.http.enabled && !given.ws.enabled)
    throw new OperatorError(
      "nothing to run: udp.enabled, http.enabled and ws.enabled are all false",
      { code: "SWARMTIDE_NOTHING_TO_RUN" },
    );
  const accessList = await openAccessList(given, log);
  const { config, line: memory } = divideMemory(
    given,
    workerThreads(given) + CLEANING_THREADS,
    log,
  );
  const store = openStore(config, given.swarm.maxMemory, log);
  const bindings = openBindings(config, log);
  const watch = watchForDeath(options.onDeath ?? throwOutside);
  const { onDeath } = watch;
  const shared = { store: store.handle, startedSeconds: monotonicSeconds(), onDeath };
  const udp =
    bindings.udp && startUdp({ ...shared, config: config.udp, accessList, binding: bindings.udp });
  const web =
    bindings.web &&
    startWeb({
      ...shared,
      binding: bindings.web.binding,
      settings: webSettingsOf(config, accessList, bindings.web.tls),
      onHint: (line) => log.warn(line),
    });
  const cleaning = startCleaning(config, accessList, shared);
  const tracker = new Tracker({
    config,
    memory,
    log,
    store,
    bindings,
    accessList,
    udp,
    web,
    cleaning,
  });
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
    onDeath: (reason: string) => (isStarting ? fail(deathOf(reason)) : tell(reason)),
    startIsOver() {
      isStarting = false;
    },
  };
}

interface TrackerParts {
  readonly config: TrackerConfig;
  readonly memory: string;
  readonly log: Logger;
  readonly store: SwarmStore;
  readonly bindings: Bindings;
  readonly accessList: AccessListHandle;
  readonly udp: UdpServer | undefined;
  readonly web: WebServer | undefined;
  readonly cleaning: WorkerGroup<CleaningSettings>;
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
  #accessList: AccessListHandle;
  #tls: TlsFiles | undefined;
  #stopped: Promise<void> | undefined;
  /** The reload that runs or was the last to run. */
  #reloading: Promise<void> = Promise.resolve();
  #reloadWaiting: Promise<void> | undefined;

  constructor(parts: TrackerParts) {
    const { udp, web } = parts.bindings;
    this.#parts = parts;
    this.#accessList = parts.accessList;
    this.#tls = web?.tls;
    this.udp = udp && { engine: udp.engine, workers: udp.listeners.ofWorkers.length };
    const { http, ws } = parts.config;
    const counts = web && webWorkersOf(web.binding);
    if (counts && http.enabled) this.http = { engine: counts.engine, workers: counts.http };
    if (counts && ws.enabled) this.ws = { workers: counts.ws };
  }

  get addresses(): readonly TrackerAddress[] {
    return addressesOf(this.#parts.bindings, this.#parts.config);
  }

  get memory(): string {
    return this.#parts.memory;
  }

  reload(): Promise<void> {
    this.#reloadWaiting ??= this.#reloading.then(() => {
      this.#reloadWaiting = undefined;
      this.#reloading = this.#reload();
      return this.#reloading;
    });
    return this.#reloadWaiting;
  }

  async #reload(): Promise<void> {
    const { config, log, udp, web, cleaning } = this.#parts;
    const accessList = await this.#rereadAccessList();
    if (this.#stopped !== undefined) return;
    const tls = rereadTls(this.tlsPaths, log);
    if (accessList !== undefined) log.info("access list reloaded", entriesOf(accessList));
    if (accessList === undefined && tls === undefined) return;
    this.#accessList = accessList ?? this.#accessList;
    this.#tls = tls ?? this.#tls;
    udp?.reload({ config: config.udp, accessList: this.#accessList });
    web?.reload(webSettingsOf(config, this.#accessList, this.#tls));
    cleaning.reload({ config: config.swarm, accessList: this.#accessList });
  }

  /** Undefined where there is none, or it cannot be read; that is logged. */
  async #rereadAccessList(): Promise<AccessListHandle | undefined> {
    const { config, log } = this.#parts;
    const { mode, path } = config.accessList;
    if (mode === "off") {
      if (this.tlsPaths === undefined) log.info('nothing to reload: access_list.mode = "off"');
      return undefined;
    }
    if (this.listPath === undefined) {
      log.error(`access list ${path}: not reloaded, it lies outside of privileges.chroot_path`, {
        code: "SWARMTIDE_OUTSIDE_CHROOT" satisfies ErrorCode,
      });
      return undefined;
    }
    try {
      return await loadAccessList({ mode, path: this.listPath });
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      log.error(`${reason}; the old list stays`, codeField(error));
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
    const { log, udp, web, cleaning } = this.#parts;
    const stopped = await Promise.all([udp?.stop(), web?.stop(), cleaning.stop()]);
    if (stopped.includes(false))
      log.warn(
        `some workers did not stop within ${STOP_MILLISECONDS_MAX / 1000} s; going on without them`,
      );
  }
}

async function openAccessList(config: TrackerConfig, log: Logger): Promise<AccessListHandle> {
  const accessList = await loadAccessList(config.accessList);
  if (accessList.mode !== "off") log.info("access list loaded", entriesOf(accessList));
  return accessList;
}

const entriesOf = (handle: AccessListHandle) => ({
  mode: handle.mode,
  entries: AccessList.attach(handle).entryCount,
});

function startCleaning(
  config: TrackerConfig,
  accessList: AccessListHandle,
  {
    store,
    startedSeconds,
    onDeath,
  }: Omit<CleaningSetup, "log"> & {
    readonly onDeath: (reason: string) => void;
  },
): WorkerGroup<CleaningSettings> {
  const log: LogSettings = { logLevel: config.logLevel, logFormat: config.logFormat };
  return startGroup<CleaningSetup, CleaningSettings>({
    entry: workerModule(import.meta.url, "cleaning-worker"),
    workers: [{ name: "cleaning", setup: { store, startedSeconds, log } }],
    settings: { config: config.swarm, accessList },
    onDeath,
  });
}

const webSettingsOf = (
  { http, web, ws }: TrackerConfig,
  accessList: AccessListHandle,
  tls: TlsFiles | undefined,
): WebSettings => ({ http, web, ws, accessList, tls });

function listPathAfterDrop(config: TrackerConfig, log: Logger): string | undefined {
  const { mode, path } = config.accessList;
  const found = pathAfterDrop(config.privileges, path);
  if (found === undefined && mode !== "off")
    log.warn(
      `access list ${path}: lies outside of privileges.chroot_path, so that it cannot be reloaded`,
    );
  return found;
}

const deathOf = (reason: string): OperatorError =>
  new OperatorError(reason, { code: "SWARMTIDE_WORKER_DIED" });

function throwOutside(reason: string): void {
  queueMicrotask(() => {
    throw deathOf(reason);
  });
}
