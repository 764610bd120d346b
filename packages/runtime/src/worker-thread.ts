/**
 * The inside of a worker thread: what `startGroup` started calls `runWorker` with a function that opens what it serves,
 * and that is all a worker's module holds. Readiness, reloads and the stop are the same for every worker and stand here.
 *
 *     await runWorker(openUdpWorker);
 *
 * This is the only place that reads `workerData` and messages of the main thread, which arrive without a type.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ControlBlock, receiveMessages } from "./control-block.ts";

/** How long a worker may wait, in a system call or for its next look, before it notices a stop or a reload. */
export const LOOK_MILLISECONDS = 50;

/** How long a worker may go on with what is in flight when the program stops. */
export const DRAIN_MILLISECONDS_MAX = 3000;

/** What a worker's loop asks between two rounds. */
export interface Steering {
  /** Hands a waiting reload to the worker. False once the program stops. */
  goesOn(): boolean;
  /** Blocks the thread until the program stops or the time is over, then returns as `goesOn`. */
  sleep(milliseconds: number): boolean;
}

/** What a worker serves, as its module opened it. */
export interface Serving<Settings> {
  /** Takes new settings into use: all of them, whether or not they changed. */
  reload(settings: Settings): void;
  /**
   * A loop that keeps the thread to itself until `steering.goesOn()` is false. Called once the worker has reported that
   * it serves. Absent where the event loop does the work; such a worker can also run on the main thread.
   */
  run?(steering: Steering): void;
  /**
   * Takes nothing new any more, since another process does, and finishes what is open, for as long as `steering.goesOn()`.
   * Called after `run`, before `stop`. Absent where nothing is open between two requests.
   */
  drain?(steering: Steering): void | Promise<void>;
  /** Finishes what is in flight, within DRAIN_MILLISECONDS_MAX, and closes what was opened. */
  stop(): void | Promise<void>;
}

/**
 * Opens what one worker serves. `setup` is what it keeps for its whole life (shared memory, listeners, its row in the
 * counters), `settings` what a reload replaces. `hint` takes a line for the operator. A chroot may follow as soon as this
 * returns, so it must load and open every file it will need.
 */
export type OpenWorker<Setup, Settings> = (
  setup: Setup,
  settings: Settings,
  hint: (line: string) => void,
) => Serving<Settings> | Promise<Serving<Settings>>;

/** `workerData` of every worker. */
export interface WorkerData<Setup, Settings> {
  readonly setup: Setup;
  readonly settings: Settings;
  readonly control: SharedArrayBuffer;
  /** A worker that begins to serve as soon as it is opened is opened once it need not wait any more. */
  readonly servesOnceOpen: boolean;
}

/** What a worker posts to the main thread. */
export type WorkerReport = { readonly kind: "ready" } | { readonly kind: "hint"; line: string };

/** Serves in this thread until the program stops. Called by a worker's module, once. */
export async function runWorker<Setup, Settings>(open: OpenWorker<Setup, Settings>): Promise<void> {
  if (parentPort === null) throw new Error("runWorker is for worker threads");
  const port = parentPort;
  const report = (message: WorkerReport) => port.postMessage(message);
  const data = workerData as WorkerData<Setup, Settings>;
  const control = ControlBlock.attach(data.control);
  // Read before readiness is reported: a reload may follow at once.
  let generation = control.generation;
  if (data.servesOnceOpen) control.waitWhileHeld();
  if (control.isStopping) return;
  const serving = await open(data.setup, data.settings, (line) => report({ kind: "hint", line }));
  const steeringUntil = (isOver: () => boolean): Steering => ({
    goesOn() {
      control.waitWhileHeld();
      if (control.generation !== generation) {
        generation = control.generation;
        // Each carries all settings, so of several that wait the last one counts.
        const news = receiveMessages(port).at(-1);
        if (news !== undefined) serving.reload(news as Settings);
      }
      return !isOver();
    },
    sleep(milliseconds) {
      control.waitForStop(milliseconds);
      return this.goesOn();
    },
  });
  report({ kind: "ready" });
  const steering = steeringUntil(() => control.isDraining);
  if (serving.run === undefined) await untilOver(steering);
  else serving.run(steering);
  if (!control.isStopping) await serving.drain?.(steeringUntil(() => control.isStopping));
  await serving.stop();
}

/** Looks, on the event loop, until the worker is to end. */
function untilOver(steering: Steering): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        if (steering.goesOn()) return;
        clearInterval(timer);
        resolve();
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
    }, LOOK_MILLISECONDS);
  });
}
