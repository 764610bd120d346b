/**
 * The signals of the program: SIGTERM and SIGINT stop it, SIGUSR1 and SIGHUP make it reload. `bin.ts` calls `hold` as
 * its first statement, before anything else is loaded: without a handler SIGUSR1 opens Node's debugger port and
 * SIGHUP kills (signal(7)). What arrives before somebody listens waits, and is carried out then.
 *
 * Imports nothing, so that loading it takes no time. Main thread only. A tracker inside another program installs no
 * handlers: `startTracker` leaves signals to its host.
 */

const EXIT_SECOND_STOP = 1;

export class ProgramSignals {
  #stopSignal: NodeJS.Signals | undefined;
  #onStop: ((signal: NodeJS.Signals) => void) | undefined;
  #isReloadWaiting = false;
  #onReload: (() => void) | undefined;

  private constructor() {}

  /** Installs the handlers. SIGHUP comes last: once it is caught, all are. */
  static hold(): ProgramSignals {
    const signals = new ProgramSignals();
    process.on("SIGUSR1", () => signals.#reload());
    process.on("SIGTERM", (signal) => signals.#stop(signal));
    process.on("SIGINT", (signal) => signals.#stop(signal));
    process.on("SIGHUP", () => signals.#reload());
    return signals;
  }

  /** Calls `listener` once, for the first signal that asks to stop; a second one ends the process with code 1. */
  onStop(listener: (signal: NodeJS.Signals) => void): void {
    this.#onStop = listener;
    if (this.#stopSignal !== undefined) listener(this.#stopSignal);
  }

  /** Calls `listener` to reload: at most one reload runs and one waits, whatever number of signals asks for it. */
  onReload(listener: () => void): void {
    this.#onReload = listener;
    if (this.#isReloadWaiting) setImmediate(() => this.#carryOutReload());
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#stopSignal !== undefined) process.exit(EXIT_SECOND_STOP);
    this.#stopSignal = signal;
    this.#onStop?.(signal);
  }

  /** Every signal that has arrived by now is delivered before an immediate runs (libuv's poll phase), a stop too. */
  #reload(): void {
    if (this.#isReloadWaiting) return;
    this.#isReloadWaiting = true;
    if (this.#onReload !== undefined) setImmediate(() => this.#carryOutReload());
  }

  #carryOutReload(): void {
    this.#isReloadWaiting = false;
    if (this.#stopSignal === undefined) this.#onReload?.();
  }
}
