/**
 * Keeps some descriptors free of connections. A process that has used up all of them (RLIMIT_NOFILE, getrlimit(2))
 * cannot read a renewed certificate or a new access list, and its accept(2) fails: libuv then accepts and closes
 * whatever waits without telling anybody, and spins when another thread took the descriptor it keeps for that.
 *
 * The kernel gives the lowest free number, so that a connection with a number from `connectionFdsEnd` on says that
 * nearly all are taken. It is closed, counted as an accept failure, and reported to the operator.
 *
 * Used by both engines; the limit is read by the main thread.
 */
import { linuxSupported, openFilesMax } from "@swarmtide/linux";

/** Kept free: about 5 for a reload, and one for the event loop of each worker. */
const RESERVE_MAX = 32;
/** Of a small limit this part is kept free. */
const RESERVE_SHARE = 8;

/** How often an operator is told. */
const HINT_SECONDS = 60;

/** Connections have descriptors below this number. */
export function connectionFdsEnd(): number {
  const limit = linuxSupported() ? openFilesMax() : undefined;
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return limit - Math.min(RESERVE_MAX, Math.ceil(limit / RESERVE_SHARE));
}

/** Tells the operator when connections were refused for lack of descriptors. One worker owns one of these. */
export class DescriptorHint {
  #failuresTold = 0;
  #nextSeconds = 0;

  /** A log line if accept failures have come up since the last one, and that was long enough ago. */
  take(failures: number, nowSeconds: number): string | undefined {
    if (failures === this.#failuresTold || nowSeconds < this.#nextSeconds) return undefined;
    const count = failures - this.#failuresTold;
    this.#failuresTold = failures;
    this.#nextSeconds = nowSeconds + HINT_SECONDS;
    return (
      `connections could not be accepted for lack of file descriptors (${count} times): raise LimitNOFILE (systemd) ` +
      "or ulimit -n, or lower max_connections in [web]"
    );
  }
}
