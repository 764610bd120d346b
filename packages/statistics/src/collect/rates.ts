/**
 * Turns totals into rates: remembers each total of the last minute, a value a second. Called by the collector on the main
 * thread. 500 counters take 250 KB.
 */
import type { Counted, Rates } from "../api-shape.ts";

const SECONDS_KEPT = 60;
const SLOTS = SECONDS_KEPT + 1;
/** A reading that follows sooner takes the place of the one before: rates over less say nothing. */
const STEP_MILLISECONDS_MIN = 500;

/** Rates of any number of totals, each under its own key. */
export class RateBook {
  readonly #times = new Float64Array(SLOTS);
  readonly #totals = new Map<string, Float64Array>();
  #readings = 0;

  /** Begins a reading. Once a second is what the windows are meant for; whoever wants the numbers of now may read between. */
  begin(nowMilliseconds: number): void {
    const isEarly = nowMilliseconds - this.#time(this.#readings - 2) < 2 * STEP_MILLISECONDS_MIN;
    if (this.#readings > 1 && isEarly) this.#readings--;
    this.#times[this.#readings % SLOTS] = nowMilliseconds;
    this.#readings++;
  }

  /** Notes a total of this reading. One that has never been noted before is taken to have stood still until now. */
  counted(key: string, total: number): Counted {
    let totals = this.#totals.get(key);
    if (totals === undefined) {
      totals = new Float64Array(SLOTS).fill(total);
      this.#totals.set(key, totals);
    }
    totals[(this.#readings - 1) % SLOTS] = total;
    return { total, perSecond: this.#rates(totals) };
  }

  #rates(totals: Float64Array): Rates {
    return {
      second: this.#rate(totals, 1),
      tenSeconds: this.#rate(totals, 10),
      minute: this.#rate(totals, SECONDS_KEPT),
    };
  }

  /** Over so many readings, or over as many as there are. */
  #rate(totals: Float64Array, readings: number): number {
    const last = this.#readings - 1;
    const first = Math.max(0, last - readings);
    const seconds = (this.#time(last) - this.#time(first)) / 1000;
    if (seconds <= 0) return 0;
    const grown = (totals[last % SLOTS] ?? 0) - (totals[first % SLOTS] ?? 0);
    return Math.round((grown / seconds) * 100) / 100;
  }

  #time(reading: number): number {
    return this.#times[reading % SLOTS] ?? 0;
  }
}
