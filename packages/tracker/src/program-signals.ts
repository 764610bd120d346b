/**
 * The signals of the program: SIGTERM and SIGINT stop it, SIGUSR1 and SIGHUP make it reload. `bin.ts` calls `hold` as
 * its first statement, before anything else is loaded: without a handler SIGUSR1 opens Node's debugger port and
 * SIGHUP kills (signal(7)). What arrives before somebody listens waits, and is carried out then.
 *
 * Imports nothing, so that loading it takes no time. Main thread only. A tracker inside another program installs no
 * handlers: `startTracker` leaves signals to its host.
 */

const EXIT_SECOND_STOP = 1;

/** SIGUSR1 reloads the files that the configuration names, SIGHUP the configuration too. */
export type ReloadSignal = "SIGUSR1" | "SIGHUP";

export class ProgramSignals {
  #stopSignal: NodeJS.Signals | undefined;
  #onStop: ((signal: NodeJS.Signals) => void) | undefined;
  #reloadWaiting: ReloadSignal | undefined;
  #onReload: ((signal: ReloadSignal) => void) | undefined;

  private constructor() {}

  /** Installs the handlers. SIGHUP comes last: once it is caught, all are. */
  static hold(): ProgramSignals {
    const signals = new ProgramSignals();
    process.on("SIGUSR1", () => signals.#reload("SIGUSR1"));
    process.on("SIGTERM", (signal) => signals.#stop(signal));
    process.on("SIGINT", (signal) => signals.#stop(signal));
    process.on("SIGHUP", () => signals.#reload("SIGHUP"));
    return signals;
  }

  /** Calls `listener` once, for the first signal that asks to stop; a second one ends the process with code 1. */
  onStop(listener: (signal: NodeJS.Signals) => void): void {
    this.#onStop = listener;
    if (this.#stopSignal !== undefined) listener(this.#stopSignal);
  }

  /**
   * Calls `listener` to reload: at most one reload runs and one waits, whatever number of signals asks for it. Of both
   * signals SIGHUP counts, which reloads more.
   */
  onReload(listener: (signal: ReloadSignal) => void): void {
    this.#onReload = listener;
    if (this.#reloadWaiting !== undefined) setImmediate(() => this.#carryOutReload());
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#stopSignal !== undefined) process.exit(EXIT_SECOND_STOP);
    this.#stopSignal = signal;
    this.#onStop?.(signal);
  }

  /** Every signal that has arrived by now is delivered before an immediate runs (libuv's poll phase), a stop too. */
  #reload(signal: ReloadSignal): void {
    const isWaiting = this.#reloadWaiting !== undefined;
    if (this.#reloadWaiting !== "SIGHUP") this.#reloadWaiting = signal;
    if (!isWaiting && this.#onReload !== undefined) setImmediate(() => this.#carryOutReload());
  }

  #carryOutReload(): void {
    const signal = this.#reloadWaiting;
    this.#reloadWaiting = undefined;
    if (signal !== undefined && this.#stopSignal === undefined) this.#onReload?.(signal);
  }
}
