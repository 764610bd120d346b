/**
 * Percentiles of the last ten seconds and of the last minute, from histograms that count since the start: each second's
 * snapshot is kept for a minute and subtracted from the newest. Called by the collector on the main thread; a histogram
 * takes 220 KB (4 precision bits).
 */
import type { HistogramSnapshot } from "@swarmtide/metrics";
import type { LatencyWindow } from "../api-shape.ts";

const SECONDS_KEPT = 60;
const TEN_SECONDS = 10;
const MICROSECONDS = 1e6;
const STEP_MILLISECONDS_MIN = 1000;

export class LatencyWindows {
  readonly #snapshots: HistogramSnapshot[] = [];
  /** When the snapshot before the newest was taken. */
  #beforeMilliseconds = Number.NEGATIVE_INFINITY;
  #newestMilliseconds = Number.NEGATIVE_INFINITY;

  /**
   * Takes the snapshot of this second, or instead of one that is not a second older than the one before; returns what was
   * recorded since ten seconds and a minute ago.
   */
  push(
    snapshot: HistogramSnapshot,
    nowMilliseconds: number,
  ): { tenSeconds: LatencyWindow; minute: LatencyWindow } {
    if (nowMilliseconds - this.#beforeMilliseconds < STEP_MILLISECONDS_MIN) this.#snapshots.pop();
    else this.#beforeMilliseconds = this.#newestMilliseconds;
    this.#newestMilliseconds = nowMilliseconds;
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length > SECONDS_KEPT + 1) this.#snapshots.shift();
    return { tenSeconds: this.#window(TEN_SECONDS), minute: this.#window(SECONDS_KEPT) };
  }

  #window(seconds: number): LatencyWindow {
    const last = this.#snapshots.length - 1;
    const newest = this.#snapshots[last];
    const oldest = this.#snapshots[Math.max(0, last - seconds)];
    if (newest === undefined || oldest === undefined) return NOTHING;
    const recorded = last === 0 ? newest : newest.since(oldest);
    const at = (percent: number) => recorded.percentile(percent) / MICROSECONDS;
    return {
      count: recorded.count,
      p50Seconds: at(50),
      p90Seconds: at(90),
      p99Seconds: at(99),
      p999Seconds: at(99.9),
      maxSeconds: recorded.max / MICROSECONDS,
    };
  }
}

const NOTHING: LatencyWindow = {
  count: 0,
  p50Seconds: 0,
  p90Seconds: 0,
  p99Seconds: 0,
  p999Seconds: 0,
  maxSeconds: 0,
};
