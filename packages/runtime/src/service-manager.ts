/**
 * Tells systemd what the program is doing: ready, reloading, stopping, alive (sd_notify(3), systemd.service(5) `Type=notify`).
 * Without systemd, or where it did not ask, everything here does nothing.
 *
 * Called by the program's main thread. Opened before privileges are dropped, since a chroot hides the socket's path.
 */
import { linuxSupported, NotifySocket } from "@swarmtide/linux";

/** systemd wants a sign of life within WATCHDOG_USEC, and recommends one every half of it. */
const WATCHDOG_SHARE = 0.5;

/** Keeps the service manager informed. */
export class ServiceManager {
  readonly #socket: NotifySocket | undefined;
  readonly #watchdogMilliseconds: number;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: NotifySocket | undefined, watchdogMilliseconds: number) {
    this.#socket = socket;
    this.#watchdogMilliseconds = watchdogMilliseconds;
  }

  /**
   * Reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment, so that no child process speaks in our name.
   * A socket that cannot be reached is told to `warn`: systemd will then wait in vain and say so itself.
   */
  static open(environment: NodeJS.ProcessEnv, warn: (message: string) => void): ServiceManager {
    const { NOTIFY_SOCKET: path = "", WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = environment;
    delete environment.NOTIFY_SOCKET;
    delete environment.WATCHDOG_USEC;
    delete environment.WATCHDOG_PID;
    if (path === "" || !linuxSupported()) return new ServiceManager(undefined, 0);
    const isForUs = pid === undefined || Number(pid) === process.pid;
    const watchdogMilliseconds = isForUs ? (Number(usec) / 1000) * WATCHDOG_SHARE : 0;
    try {
      return new ServiceManager(NotifySocket.open(path), watchdogMilliseconds || 0);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      warn(`NOTIFY_SOCKET is ${path}, but cannot be reached: ${reason}`);
      return new ServiceManager(undefined, 0);
    }
  }

  /** The program serves. From now on it also says that it lives, where the service manager asked for that. */
  ready(status: string): void {
    this.#socket?.send(`READY=1\nSTATUS=${oneLine(status)}`);
    if (this.#socket === undefined || this.#watchdogMilliseconds <= 0 || this.#timer) return;
    this.#timer = setInterval(() => this.#socket?.send("WATCHDOG=1"), this.#watchdogMilliseconds);
    this.#timer.unref();
  }

  /** A reload begins; `ready` ends it. */
  reloading(): void {
    // Of the monotonic clock, which tells this reload from those before (sd_notify(3), RELOADING=1).
    const microseconds = process.hrtime.bigint() / 1000n;
    this.#socket?.send(`RELOADING=1\nMONOTONIC_USEC=${microseconds}`);
  }

  /** The program ends; `timeoutMilliseconds` is how long that may take. */
  stopping(timeoutMilliseconds: number): void {
    this.#socket?.send(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${Math.ceil(timeoutMilliseconds * 1000)}`);
  }
}

const oneLine = (text: string) => text.replace(/\s+/g, " ");
