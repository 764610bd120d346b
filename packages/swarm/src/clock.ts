/**
 * The clock of the store and of everything that works with it. The main thread reads `monotonicSeconds` once, as the
 * tracker starts, and hands that number to all threads; each opens its own clock on it. clock_gettime(2), CLOCK_MONOTONIC:
 * the same in every thread, unmoved when somebody sets the time of day, and on Linux it stands while the machine sleeps.
 *
 * It goes on while the process is stopped (SIGSTOP, a debugger, a frozen container or virtual machine), in which nobody can
 * announce or read. What came before must not be held against anybody: `Standstills` credits it to the peers of the store,
 * which all threads share, and `openServedClock` leaves it out for the connections of one thread.
 */

import { KEPT_AGE_SECONDS_MAX } from "./store/layout.ts";

/** A thread that looks at the clock every second and has not for that long did not run. */
const STANDSTILL_SECONDS = 5;

/** Seconds of the monotonic clock. For the start and for what happens rarely: a call costs ten times a clock's. */
export function monotonicSeconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds + nanoseconds / 1e9;
}

/**
 * A clock of this thread that counts seconds from `startedSeconds`, a time of `monotonicSeconds`. It may be read per
 * batch: performance.now() costs a tenth of process.hrtime().
 */
export function openClock(startedSeconds: number): () => number {
  const offset = monotonicSeconds() - startedSeconds - performance.now() / 1000;
  return () => performance.now() / 1000 + offset;
}

/**
 * A clock of this thread, in milliseconds, that leaves out the time in which the thread did not run. It counts connections'
 * deadlines and ages. Read it at least every second.
 */
export function openServedClock(nowMilliseconds = () => performance.now()): () => number {
  let last = nowMilliseconds();
  let leftOut = 0;
  return () => {
    const now = nowMilliseconds();
    if (now - last > STANDSTILL_SECONDS * 1000) leftOut += now - last;
    last = now;
    return now - leftOut;
  };
}

/**
 * Notices when the process stood still, for the thread that forgets peers by their age. Until everybody who was there before
 * has had `peerAgeSecondsMax` of served time to announce again, peers are kept longer by as much as was lost.
 *
 * Worked example, an age of at most 1200: a peer announces at 1000, the process is stopped from 1100 to 1160. Until 2360
 * the limit is 1260, so the peer goes at 2260, after 1200 seconds in which it could have announced.
 */
export class Standstills {
  readonly #stops: { readonly endSeconds: number; readonly lostSeconds: number }[] = [];
  #lookedSeconds: number;

  constructor(nowSeconds: number) {
    this.#lookedSeconds = nowSeconds;
  }

  /** Call it at least every second. Returns the seconds that were lost since the last call, mostly 0. */
  look(nowSeconds: number): number {
    const gap = nowSeconds - this.#lookedSeconds;
    this.#lookedSeconds = nowSeconds;
    if (gap <= STANDSTILL_SECONDS) return 0;
    this.#stops.push({ endSeconds: nowSeconds, lostSeconds: gap });
    return gap;
  }

  /** The greatest age that is kept now. */
  peerAgeSecondsMax(nowSeconds: number, peerAgeSecondsMax: number): number {
    while (
      this.#stops[0] !== undefined &&
      nowSeconds - this.#stops[0].endSeconds > peerAgeSecondsMax
    )
      this.#stops.shift();
    let kept = peerAgeSecondsMax;
    for (const { lostSeconds } of this.#stops) kept += lostSeconds;
    return Math.min(kept, KEPT_AGE_SECONDS_MAX);
  }
}
