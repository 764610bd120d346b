/**
 * The start of a tracker: access list, store, listeners, workers, privileges, in this order, so that whatever an operator got
 * wrong is said before anything is served. What is started stands in services/services.ts. Called by the command line; programs
 * that embed a tracker call `startTracker`.
 */
import { ClusterLinks } from "@swarmtide/cluster";
import {
  createLogger,
  dropPrivileges,
  type HandedSockets,
  type Logger,
  OperatorError,
  pathAfterDrop,
} from "@swarmtide/runtime";
import { monotonicSeconds } from "@swarmtide/swarm";
import { ReloadableAccessList } from "./access-list.ts";
import type { TrackerConfig } from "./config.ts";
import { divideMemory, openStore } from "./memory.ts";
import { withoutMissingFamilies } from "./missing-families.ts";
import type { BoundService, StartContext } from "./services/service.ts";
import { services, workerThreads } from "./services/services.ts";
import { checkOpenFiles, checkThatSomethingRuns, warnOfServing } from "./start-checks.ts";
import { TakeOver } from "./take-over.ts";
import { type ConfiguredTracker, Tracker, type TrackerParts } from "./tracker.ts";

export interface StartOptions {
  /** Where the tracker logs; by default as the configuration says. */
  readonly log?: Logger;
  /** Called when a worker dies, with its name and the reason. By default this is an uncaught exception. */
  readonly onDeath?: (reason: string) => void;
  /** Takes over from the tracker that runs at `handover.controlSocket`, where one does. */
  readonly takesOver?: boolean;
}

/** Starts a tracker. Throws OperatorError or SyscallError; then nothing is left running. */
export async function startConfigured(
  wanted: TrackerConfig,
  options: StartOptions = {},
): Promise<ConfiguredTracker> {
  const log = options.log ?? createLogger(wanted, "main");
  const given = withoutMissingFamilies(wanted, log);
  checkThatSomethingRuns(given);
  checkOpenFiles(workerThreads(given));
  const takeOver = options.takesOver === true ? await TakeOver.begin(given, log) : undefined;
  try {
    return await start(wanted, given, takeOver, log, options.onDeath ?? throwOutside);
  } catch (error) {
    await takeOver?.refuse(error);
    throw error;
  }
}

/** `given` is `wanted` without families that are missing. */
async function start(
  wanted: TrackerConfig,
  given: TrackerConfig,
  takeOver: TakeOver | undefined,
  log: Logger,
  onDeath: (reason: string) => void,
): Promise<Tracker> {
  const threads = workerThreads(given);
  const folder = process.cwd();
  const locate = (path: string) => pathAfterDrop(given.privileges, path, folder);
  const accessList = await ReloadableAccessList.open(given, locate, log);
  const { config, line: memory } = divideMemory(given, threads, log);
  const store = openStore(config, given.swarm.maxMemory, log);
  const bound = bindServices(config, log, takeOver?.sockets);
  takeOver?.closeOthers();
  await takeOver?.receiveSwarms(store, config, accessList.handle);
  const startedSeconds = takeOver?.startedSeconds ?? monotonicSeconds();
  const watch = watchForDeath(onDeath);
  const context: StartContext = {
    ...{ log, store, accessList: accessList.handle, startedSeconds, former: takeOver },
    cluster: config.cluster.servers.length === 0 ? undefined : new ClusterLinks(),
    logSettings: { logLevel: config.logLevel, logFormat: config.logFormat },
    pathAfterDrop: locate,
    counters: () => tracker.counters,
    collector: () => tracker.collector,
    onDeath: watch.onDeath,
    handOver: (channel) => tracker.handOver(channel),
  };
  const running = bound.map((service) => service.start(context));
  const parts: TrackerParts = {
    ...{ wanted, config, locate, memory, log, store, accessList, startedSeconds, bound, running },
  };
  const tracker = new Tracker(parts);
  try {
    await Promise.race([becomeReady(tracker, parts, takeOver), watch.died]);
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

/** All workers serve, and privileges are dropped; a tracker that was taken over from goes only then. */
async function becomeReady(
  tracker: Tracker,
  { running, config }: TrackerParts,
  takeOver: TakeOver | undefined,
): Promise<void> {
  await takeOver?.go(running, tracker.counters);
  await Promise.all(running.map((service) => service.ready));
  dropPrivileges(config.privileges);
  await takeOver?.serve();
}

/** Opens every listener. When one cannot be opened, none stays open. */
function bindServices(
  config: TrackerConfig,
  log: Logger,
  handed: HandedSockets | undefined,
): BoundService<TrackerConfig>[] {
  const bound: BoundService<TrackerConfig>[] = [];
  try {
    for (const service of services) {
      const one = service.bind(config, log, handed);
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

const deathOf = (reason: string): OperatorError =>
  new OperatorError(reason, { code: "SWARMTIDE_WORKER_DIED" });

function throwOutside(reason: string): void {
  queueMicrotask(() => {
    throw deathOf(reason);
  });
}
