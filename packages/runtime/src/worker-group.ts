/**
 * A group of workers that serve the same: started, reloaded, watched and stopped together, on threads of their own or,
 * where Linux calls are missing, on the main thread. Called by the main thread.
 *
 *     const group = startGroup({ entry: workerModule(import.meta.url, "worker"), workers, settings, onDeath });
 *     await group.ready;
 *     group.reload({ ...settings, accessList });
 *     await group.stop();
 *
 * A worker that dies takes the program with it: a tracker that answers half of its peers is harder to notice than one
 * that is restarted. A group has a control block of its own, and posts before it announces, so that nobody can reload or
 * stop in the wrong order.
 */
import { availableParallelism } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { type TransferListItem, Worker } from "node:worker_threads";
import { linuxSupported, onlineCpus } from "@swarmtide/linux";
import { ControlBlock } from "./control-block.ts";
import { threadSource } from "./program-files.ts";
import {
  DRAIN_MILLISECONDS_MAX,
  type OpenWorker,
  type Serving,
  type WorkerData,
  type WorkerReport,
} from "./worker-thread.ts";

/** How long a group waits for its workers to stop: their drain, and the time to notice and to end a thread. */
export const STOP_MILLISECONDS_MAX: number = DRAIN_MILLISECONDS_MAX + 2000;

/** How often it is looked whether all workers wait. */
const WAITING_LOOK_MILLISECONDS = 1;

/** One worker to start. */
export interface WorkerStart<Setup> {
  /** The name of its thread, as in "worker udp-1 failed". */
  readonly name: string;
  /** What it keeps for its whole life. Shared buffers are shared, the rest is copied. */
  readonly setup: Setup;
  /** What of the setup moves to the worker instead of being copied: message ports. */
  readonly transfer?: readonly TransferListItem[];
}

export interface GroupOptions<Setup, Settings> {
  /** The module to run on threads (see `workerModule`), or what to open on this thread. */
  readonly entry: URL | OpenWorker<Setup, Settings>;
  readonly workers: readonly WorkerStart<Setup>[];
  readonly settings: Settings;
  /** Called with a hint for the operator, as a line for the log. */
  readonly onHint?: (line: string) => void;
  /** Called once for each worker that fails or ends without having been asked to; `reason` names it. */
  readonly onDeath: (reason: string) => void;
  /** Starts with workers that wait, as after `hold`. */
  readonly isHeld?: boolean;
  /** Whether opening a worker is all it takes to serve: such a one is opened after `release`. */
  readonly servesOnceOpen?: boolean;
  /** How long `stop` waits; tests take less. */
  readonly stopMillisecondsMax?: number;
}

/** Workers that run. */
export interface WorkerGroup<Settings> {
  /** Fulfilled once every worker serves. Never if one dies before; rejected if one on this thread cannot open. */
  readonly ready: Promise<void>;
  /** Hands new settings, all of them, to every worker. */
  reload(settings: Settings): void;
  /**
   * Has every worker wait between two requests, for moments. Fulfilled once all do; never if one dies. Workers on the main
   * thread are as if held whenever it does something else.
   */
  hold(): Promise<void>;
  /** Held workers go on. */
  release(): void;
  /** Held workers take nothing new any more and finish what is open. Fulfilled once they have ended, at the latest after `stop`. */
  drain(): Promise<void>;
  /** Stops every worker. Fulfilled when all have ended, or with false when some did not in time and were terminated. */
  stop(): Promise<boolean>;
}

/** Starts workers. */
export function startGroup<Setup, Settings>(
  options: GroupOptions<Setup, Settings>,
): WorkerGroup<Settings> {
  const { entry } = options;
  return entry instanceof URL ? startThreads(entry, options) : startHere(entry, options);
}

/** Several groups as one; each gets its part of the settings. */
export function joinGroups<Settings>(
  groups: readonly WorkerGroup<Settings>[],
): WorkerGroup<Settings> {
  return {
    ready: Promise.all(groups.map(({ ready }) => ready)).then(() => undefined),
    reload(settings) {
      for (const group of groups) group.reload(settings);
    },
    async hold() {
      await Promise.all(groups.map((group) => group.hold()));
    },
    release() {
      for (const group of groups) group.release();
    },
    async drain() {
      await Promise.all(groups.map((group) => group.drain()));
    },
    async stop() {
      return (await Promise.all(groups.map((group) => group.stop()))).every(Boolean);
    },
  };
}

/** Threads for a configured number of workers: 0 takes one for each core that this process may use. */
export function workerCountOf(configured: number): number {
  if (configured > 0) return configured;
  return linuxSupported() ? onlineCpus().length : availableParallelism();
}

/**
 * The URL of a module beside the caller's, whether sources or compiled files run:
 * `workerModule(import.meta.url, "worker")`.
 */
export function workerModule(callerUrl: string, name: string): URL {
  const ending = callerUrl.endsWith(".ts") ? ".ts" : ".js";
  return new URL(`./${name}${ending}`, callerUrl);
}

function startThreads<Setup, Settings>(
  entry: URL,
  options: GroupOptions<Setup, Settings>,
): WorkerGroup<Settings> {
  const control = ControlBlock.create();
  if (options.isHeld === true) control.hold();
  const threads = options.workers.map((worker) => startThread(entry, worker, control, options));
  return {
    ready: Promise.all(threads.map(({ ready }) => ready)).then(() => undefined),
    reload(settings) {
      for (const { worker } of threads) worker.postMessage(settings);
      control.announceReload();
    },
    async hold() {
      control.hold();
      while (control.waitingCount < threads.length && !control.isStopping)
        await pause(WAITING_LOOK_MILLISECONDS);
    },
    release: () => control.release(),
    async drain() {
      for (const thread of threads) thread.isEndExpected = true;
      control.drain();
      await Promise.all(threads.map((thread) => thread.ended));
    },
    async stop() {
      for (const thread of threads) thread.isEndExpected = true;
      control.stop();
      const ended = Promise.all(threads.map((thread) => thread.ended));
      if (await settlesWithin(ended, options.stopMillisecondsMax ?? STOP_MILLISECONDS_MAX))
        return true;
      for (const thread of threads) thread.terminate();
      return false;
    },
  };
}

function startThread<Setup, Settings>(
  entry: URL,
  { name, setup, transfer }: WorkerStart<Setup>,
  control: ControlBlock,
  { settings, servesOnceOpen, onHint, onDeath }: GroupOptions<Setup, Settings>,
) {
  const data: WorkerData<Setup, Settings> = {
    ...{ setup, settings, control: control.buffer, servesOnceOpen: servesOnceOpen ?? false },
  };
  const source = threadSource(entry);
  const worker = new Worker(source.entry, {
    ...source.options,
    name,
    workerData: data,
    transferList: [...(transfer ?? [])],
  });
  let isDead = false;
  const die = (reason: string) => {
    if (isDead) return;
    isDead = true;
    onDeath(reason);
  };
  const ready = new Promise<void>((resolve) => {
    worker.on("message", (report: WorkerReport) => {
      if (report.kind === "ready") resolve();
      else onHint?.(report.line);
    });
  });
  const ended = new Promise<void>((resolve) => {
    worker.on("error", (error: unknown) => die(`worker ${name} failed: ${describeFailure(error)}`));
    worker.on("messageerror", (error) =>
      die(`worker ${name} sent a message that could not be decoded: ${error}`),
    );
    worker.on("exit", (code) => {
      if (code !== 0 || !thread.isEndExpected)
        die(`worker ${name} ended unexpectedly with code ${code}; see the lines above`);
      resolve();
    });
  });
  const thread = {
    worker,
    ready,
    ended,
    /** From here on, an end of the thread with code 0 is not a death. */
    isEndExpected: false,
    terminate() {
      isDead = true;
      void worker.terminate();
    },
  };
  return thread;
}

function startHere<Setup, Settings>(
  open: OpenWorker<Setup, Settings>,
  { workers, settings, onHint }: GroupOptions<Setup, Settings>,
): WorkerGroup<Settings> {
  const opened: Serving<Settings>[] = [];
  const opening = Promise.all(
    workers.map(async ({ name, setup }) => {
      const serving = await open(setup, settings, (line) => onHint?.(line));
      if (serving.run !== undefined) throw new Error(`worker ${name} needs a thread of its own`);
      opened.push(serving);
    }),
  );
  opening.catch(() => {}); // Whoever waits for `ready` is told.
  return {
    ready: opening.then(() => undefined),
    reload(news) {
      void opening.then(() => {
        for (const serving of opened) serving.reload(news);
      });
    },
    async hold() {},
    release() {},
    async drain() {},
    async stop() {
      await opening.catch(() => {});
      await Promise.all(opened.map((serving) => serving.stop()));
      return true;
    },
  };
}

/** Whether a promise settles in this time. */
async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
