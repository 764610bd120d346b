/**
 * Starts worker threads and watches over them. Called by the main thread. A worker that dies takes the program with
 * it: a tracker that answers half of its peers is harder to notice than one that is restarted.
 *
 * A worker's module calls `reportReady` once it serves, and returns (or lets its event loop run empty) when the
 * ControlBlock says stop.
 */
import { availableParallelism } from "node:os";
import { parentPort, type TransferListItem, Worker } from "node:worker_threads";
import { linuxSupported, onlineCpus } from "@swarmtide/linux";

/** Threads for a configured number of workers: 0 takes one for each core that this process may use. */
export function workerCountOf(configured: number): number {
  if (configured > 0) return configured;
  return linuxSupported() ? onlineCpus().length : availableParallelism();
}

/** A running worker. */
export interface RunningWorker {
  /** The name it was started with, such as "udp-1". */
  readonly name: string;
  /** Fulfilled once the worker has called `reportReady`; never if it dies before. */
  readonly ready: Promise<void>;
  /** Fulfilled when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Sends a message. A worker without an event loop reads it with `receiveMessages`. */
  post(message: unknown): void;
  /** From here on, an end of the thread with code 0 is not a death. */
  expectEnd(): void;
  /** Ends the thread wherever it is. */
  terminate(): Promise<void>;
}

export interface WorkerOptions {
  readonly name: string;
  /** The module to run, see `workerModule`. */
  readonly entry: URL;
  /** What the module finds in `workerData`. Shared buffers are shared, the rest is copied. */
  readonly data: unknown;
  /** What of the data moves to the worker instead of being copied: message ports. */
  readonly transfer?: readonly TransferListItem[];
  /** Hears what the worker posts, beside its report of readiness. */
  readonly onMessage?: (message: unknown) => void;
  /** Hears once when the worker fails or ends without having been asked to; `reason` names the worker. */
  readonly onDeath: (reason: string) => void;
}

const READY = "swarmtide:ready";

/** Starts a worker thread. */
export function startWorker(options: WorkerOptions): RunningWorker {
  const { name, onDeath } = options;
  const worker = new Worker(options.entry, {
    name,
    workerData: options.data,
    transferList: [...(options.transfer ?? [])],
  });
  let isEndExpected = false;
  let isDead = false;
  const die = (reason: string) => {
    if (isDead) return;
    isDead = true;
    onDeath(reason);
  };

  const ready = new Promise<void>((resolve) => {
    worker.on("message", (message: unknown) => {
      if (message === READY) resolve();
      else options.onMessage?.(message);
    });
  });
  const ended = new Promise<void>((resolve) => {
    worker.on("error", (error: unknown) => die(`worker ${name} failed: ${describeFailure(error)}`));
    worker.on("messageerror", (error) => die(`worker ${name} sent what cannot be read: ${error}`));
    worker.on("exit", (code) => {
      if (code !== 0 || !isEndExpected)
        die(`worker ${name} ended unexpectedly with code ${code}; see the lines above`);
      resolve();
    });
  });
  return {
    name,
    ready,
    ended,
    post: (message) => worker.postMessage(message),
    expectEnd() {
      isEndExpected = true;
    },
    async terminate() {
      isDead = true;
      await worker.terminate();
    },
  };
}

/** Called in a worker, once it serves. */
export function reportReady(): void {
  if (parentPort === null) throw new Error("reportReady is for worker threads");
  parentPort.postMessage(READY);
}

/**
 * The URL of a module beside the caller's, whether sources or compiled files run:
 * `workerModule(import.meta.url, "udp-worker")`.
 */
export function workerModule(callerUrl: string, name: string): URL {
  const ending = callerUrl.endsWith(".ts") ? ".ts" : ".js";
  return new URL(`./${name}${ending}`, callerUrl);
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
