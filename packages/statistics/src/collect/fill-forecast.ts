/**
 * When a budget of memory will be used up, if it goes on growing as it did during the last ten minutes. Called by the
 * collector once a second on the main thread; keeps a value for each ten seconds.
 */
const STEP_MILLISECONDS = 10_000;
const STEPS = 60;
/** Less history is no trend. */
const HISTORY_MILLISECONDS_MIN = 60_000;

export class FillForecast {
  readonly #points: { readonly at: number; readonly usedBytes: number }[] = [];

  /** Forgets what was noted: the growth until now had a cause that is over, such as a restored snapshot. */
  restart(): void {
    this.#points.length = 0;
  }

  /** Notes what is in use now. Returns the seconds until `limitBytes` are, or null where that is not to be seen. */
  push(nowMilliseconds: number, usedBytes: number, limitBytes: number): number | null {
    const points = this.#points;
    const [oldest = { at: nowMilliseconds, usedBytes }] = points;
    const last = points.at(-1);
    if (last === undefined || nowMilliseconds - last.at >= STEP_MILLISECONDS) {
      points.push({ at: nowMilliseconds, usedBytes });
      if (points.length > STEPS) points.shift();
    }
    const elapsed = nowMilliseconds - oldest.at;
    const grown = usedBytes - oldest.usedBytes;
    if (usedBytes >= limitBytes) return 0;
    if (elapsed < HISTORY_MILLISECONDS_MIN || grown <= 0) return null;
    return Math.round(((limitBytes - usedBytes) / grown) * (elapsed / 1000));
  }
}
