/**
 * Measures how long requests stay inside a worker: from the moment a round of its loop has them until their replies are with
 * the kernel. Called by the engines twice a round; owned by one worker thread. Reading the clock takes 40 ns on Node 20, so
 * a round of 64 datagrams (some 300 µs) pays nothing that can be measured.
 *
 * A worker that stalls measures few rounds, and those that waited outside look fast once they are read: the stall would not
 * show in any percentile. So a round of at least STALL_MILLISECONDS_MIN, and a longer gap between two rounds than the loop
 * ever sleeps, also counts for the requests that arrive meanwhile at the rate of the seconds before, which wait from nothing
 * up to the whole stall (as HdrHistogram corrects for "coordinated omission").
 *
 * Example: 10,000 requests a second, each done in 100 µs, and one stall of 1 s: beside some 90,000 values of 100 µs within
 * ten seconds stand 10,000 from 62 ms to 1 s, so that p99 is 0.94 s and p90 is still 100 µs.
 */
import type { HistogramRow } from "./histogram-row.ts";

/** A shorter round is not a stall. */
const STALL_MILLISECONDS_MIN = 20;

/** Values that stand for the requests of one stall. */
const STALL_STEPS = 16;

const RATE_WINDOW_MILLISECONDS = 1000;
const MICROSECONDS_PER_MILLISECOND = 1000;

export class RoundTimer {
  private readonly row: HistogramRow;
  private readonly sleepMillisecondsMax: number;
  private startedAt = 0;
  private endedAt: number;
  private windowStart: number;
  private windowRequests = 0;
  private requestsPerMillisecond = 0;

  /** `sleepMillisecondsMax`: how long the loop waits for requests at most before it calls `beat`. */
  constructor(row: HistogramRow, sleepMillisecondsMax: number, nowMilliseconds: number) {
    this.row = row;
    this.sleepMillisecondsMax = sleepMillisecondsMax + STALL_MILLISECONDS_MIN;
    this.endedAt = nowMilliseconds;
    this.windowStart = nowMilliseconds;
  }

  /** A round has its requests. */
  begin(nowMilliseconds: number): void {
    const gap = nowMilliseconds - this.endedAt;
    this.startedAt = nowMilliseconds;
    if (gap > this.sleepMillisecondsMax) this.recordStall(gap, 1);
  }

  /** The replies of the round's requests are with the kernel. Returns the milliseconds that the round took. */
  end(requests: number, nowMilliseconds: number): number {
    const taken = nowMilliseconds - this.startedAt;
    this.endedAt = nowMilliseconds;
    if (requests > 0) {
      this.row.recordMany(taken * MICROSECONDS_PER_MILLISECOND, requests);
      this.windowRequests += requests;
      if (taken >= STALL_MILLISECONDS_MIN) this.recordStall(taken, 1);
    }
    const elapsed = nowMilliseconds - this.windowStart;
    if (elapsed < RATE_WINDOW_MILLISECONDS) return taken;
    this.requestsPerMillisecond = this.windowRequests / elapsed;
    this.windowStart = nowMilliseconds;
    this.windowRequests = 0;
    return taken;
  }

  /** The loop goes on without requests. For a loop that waits in the kernel, and for a timer beside an event loop. */
  beat(nowMilliseconds: number): void {
    const gap = nowMilliseconds - this.endedAt;
    this.startedAt = nowMilliseconds;
    // Where nobody asks, nobody has waited: an idle worker has no slowest request.
    if (gap > this.sleepMillisecondsMax) this.recordStall(gap, 0);
    this.end(0, nowMilliseconds);
  }

  /** The requests that arrived while the worker did nothing else for so long, of which so many are known of. */
  private recordStall(milliseconds: number, requestsMin: number): void {
    const requests = Math.max(requestsMin, this.requestsPerMillisecond * milliseconds);
    const perStep = Math.round(requests / STALL_STEPS);
    if (perStep === 0) {
      // Too few to spread: the one that waited longest, if there was one.
      if (requests < 1) return;
      this.row.recordMany(milliseconds * MICROSECONDS_PER_MILLISECOND, 1);
      return;
    }
    for (let step = 1; step <= STALL_STEPS; step++)
      this.row.recordMany(
        (milliseconds * MICROSECONDS_PER_MILLISECOND * step) / STALL_STEPS,
        perStep,
      );
  }
}
