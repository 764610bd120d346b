/**
 * Listening sockets for several workers on the same places: opened by the main thread before any worker starts, and
 * closed together when one of them cannot be opened. Used by every server that binds through Linux calls.
 *
 * With several workers each has a socket of its own on the same port (SO_REUSEPORT, socket(7)) and the kernel spreads
 * senders and connections over them.
 */
import { closeFd, SyscallError } from "@swarmtide/linux";
import { OperatorError } from "./operator-error.ts";

/** Where to listen. */
export interface ConfiguredPlace {
  /** The key that names it in the configuration: `udp.address_ipv4`. */
  readonly key: string;
}

export class WorkerSockets<Place extends ConfiguredPlace, Opened extends { readonly fd: number }> {
  readonly #open: (place: Place, reusePort: boolean) => Opened;
  #opened: Opened[] = [];

  /** `open` opens one socket on a place; if the place has port 0, it notes the port that was taken in it. */
  constructor(open: (place: Place, reusePort: boolean) => Opened) {
    this.#open = open;
  }

  /** A socket on each place for each worker. Throws what `open` throws, a SyscallError as an OperatorError with
   * the key; close what is open then. */
  openAll(places: readonly Place[], workers: number): Opened[][] {
    // A shared port lets any program of this user in. A first socket that shares nothing finds a port in use.
    if (workers > 1) {
      const kept = this.#opened;
      this.#opened = [];
      try {
        for (const place of places) this.#openOne(place, false);
      } finally {
        this.close();
        this.#opened = kept;
      }
    }
    return Array.from({ length: workers }, () =>
      places.map((place) => this.#openOne(place, workers > 1)),
    );
  }

  /** Closes all that was opened. */
  close(): void {
    for (const { fd } of this.#opened.splice(0)) closeFd(fd);
  }

  #openOne(place: Place, reusePort: boolean): Opened {
    try {
      const opened = this.#open(place, reusePort);
      this.#opened.push(opened);
      return opened;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      throw new OperatorError(`${place.key}: ${error.message}`, { cause: error });
    }
  }
}
