/// <reference lib="dom" />
/**
 * Asks the tracker once a second and says how that goes. The first question brings the history of the charts, the later ones only
 * the newest point. A page in the background asks nothing; when it comes back, or the tracker was away or restarted, the
 * history is asked for again.
 */
import { API_VERSION, type ApiStats } from "../api-shape.ts";
import { ChartHistory } from "./chart-history.ts";

/** `locked`: the tracker wants a token, which the browser asks for when the page is loaded. `lost`: it does not answer. `outdated`: it speaks another version than this page. */
export type PollState = "live" | "starting" | "lost" | "locked" | "outdated";

export interface PollListener {
  showState(state: PollState, sinceMilliseconds: number): void;
  showStats(stats: ApiStats, history: ChartHistory): void;
}

const POLL_MILLISECONDS = 1000;
/** A tracker that is away is asked less often. */
const RETRY_MILLISECONDS = 3000;
const TIMEOUT_MILLISECONDS = 10_000;
/** More than this since the last answer leaves a hole in the charts that the tracker's own history fills. */
const STALE_MILLISECONDS = 2500;

/** One for the page. */
export class Poller {
  readonly #listener: PollListener;
  #history: ChartHistory | undefined;
  #startedMilliseconds = 0;
  #answeredMilliseconds = 0;
  #timer: number | undefined;

  constructor(listener: PollListener) {
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.poll();
    });
  }

  /** Asks now, and from then on once a second. */
  poll(): void {
    window.clearTimeout(this.#timer);
    this.#ask().then(
      (state) => this.#go(state),
      () => this.#go("lost"),
    );
  }

  #go(state: PollState): void {
    this.#listener.showState(state, Date.now() - this.#answeredMilliseconds);
    if (state === "lost") this.#history = undefined;
    if (state === "locked" || document.hidden) return;
    const isAway = state === "lost" || state === "outdated";
    const wait = isAway ? RETRY_MILLISECONDS : POLL_MILLISECONDS;
    this.#timer = window.setTimeout(() => this.poll(), wait);
  }

  async #ask(): Promise<PollState> {
    const isStale = Date.now() - this.#answeredMilliseconds > STALE_MILLISECONDS;
    const withHistory = this.#history === undefined || isStale;
    const response = await fetch(withHistory ? "api/stats" : "api/stats?history=none", {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    if (response.status === 401 || response.status === 403) return "locked";
    if (!response.ok) return "lost";
    const stats: ApiStats = await response.json();
    if (stats.apiVersion !== API_VERSION) return "outdated";
    return this.#take(stats);
  }

  #take(stats: ApiStats): PollState {
    const { startedMilliseconds, isReady } = stats.process;
    const isRestarted = startedMilliseconds !== this.#startedMilliseconds;
    this.#startedMilliseconds = startedMilliseconds;
    if (stats.history) {
      this.#history = new ChartHistory([stats.history.seconds, stats.history.minutes]);
    } else if (isRestarted || this.#history === undefined) {
      // The points of the process before would be drawn in front of the new one's: the next question brings all.
      this.#history = undefined;
      return isReady ? "live" : "starting";
    }
    this.#history.append(stats.latest);
    this.#answeredMilliseconds = Date.now();
    this.#listener.showStats(stats, this.#history);
    return isReady ? "live" : "starting";
  }
}
