/**
 * Decides when memory that connections have left behind is given back to the kernel: once many of them have gone. Used by
 * `NetServer`, whose TLS sockets take some 46 KB each, with every sweep.
 *
 * After 5,000 slow connections over TLS had gone, a process that began at 101 MiB stayed at 300 MiB and grew to 386 with
 * the next 5,000; with this it is back at 90 MiB both times. Twice, because V8 shrinks its young generation only where little
 * has been allocated of late. It takes some 50 ms, then 10.
 */

/** Fewer connections than these are not worth a search through all free memory: some 23 MiB. */
const GONE_MIN = 500;
/** Sockets are closed in a later turn of the event loop than the connections are counted out. */
const SOON_MILLISECONDS = 1000;
const LATER_MILLISECONDS = 30_000;

export class MemoryReturn {
  /** The most connections there were since memory was given back last. */
  #most = 0;
  #soonAt = Number.POSITIVE_INFINITY;
  #laterAt = Number.POSITIVE_INFINITY;

  /** Whether to give memory back now, with so many open connections. */
  isDue(connections: number, nowMilliseconds: number): boolean {
    this.#most = Math.max(this.#most, connections);
    if (this.#most - connections >= Math.max(GONE_MIN, this.#most / 2)) {
      this.#most = connections;
      this.#soonAt = nowMilliseconds + SOON_MILLISECONDS;
      this.#laterAt = nowMilliseconds + LATER_MILLISECONDS;
    }
    if (nowMilliseconds >= this.#soonAt) this.#soonAt = Number.POSITIVE_INFINITY;
    else if (nowMilliseconds >= this.#laterAt) this.#laterAt = Number.POSITIVE_INFINITY;
    else return false;
    return true;
  }
}
