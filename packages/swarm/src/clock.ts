/**
 * The clock of the store and of everything that works with it. The main thread reads `monotonicSeconds` once, as the
 * tracker starts, and hands that number to all threads; each opens its own clock on it. clock_gettime(2), CLOCK_MONOTONIC:
 * the same in every thread, unmoved when somebody sets the time of day.
 */

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
