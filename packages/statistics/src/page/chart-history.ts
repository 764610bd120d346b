/**
 * The points behind the charts: what the tracker sent first, and each newer point as it comes. The tracker keeps two rings, a
 * point a second and a point a minute; a range is drawn from the finer one that covers it.
 *
 * In the browser, one for each tracker that the page has seen: a restarted tracker gets a new one.
 */
import type { HistoryPoint, HistoryRing, HistorySeries } from "../api-history.ts";

type Values = (number | null)[];

/** Aligned arrays as uPlot takes them: times first, then one array for each series. */
export type ChartData = [number[], ...Values[]];

/** More than this many steps between two points is a gap, not a line. */
const GAP_STEPS = 1.5;

/** One ring, growing at its end. */
class Ring {
  readonly #stepSeconds: number;
  readonly #pointsMax: number;
  readonly #points: HistoryPoint[] = [];

  constructor(ring: HistoryRing) {
    this.#stepSeconds = ring.stepSeconds;
    this.#pointsMax = ring.pointsMax;
    const names = Object.keys(ring.series) as HistorySeries[];
    for (const [index, timeSeconds] of ring.timeSeconds.entries()) {
      const values = names.map((name) => [name, ring.series[name][index] ?? null] as const);
      this.#points.push({
        timeSeconds,
        values: Object.fromEntries(values) as HistoryPoint["values"],
      });
    }
  }

  get coversSeconds(): number {
    return this.#stepSeconds * this.#pointsMax;
  }

  /** Takes a point unless it belongs to the step of the last one. */
  append(point: HistoryPoint): void {
    const last = this.#points.at(-1);
    if (last && point.timeSeconds < last.timeSeconds + this.#stepSeconds) return;
    this.#points.push(point);
    if (this.#points.length > this.#pointsMax) this.#points.shift();
  }

  select(fromSeconds: number, names: readonly HistorySeries[]): ChartData {
    const times: number[] = [];
    const series: Values[] = names.map(() => []);
    let before: number | undefined;
    for (const { timeSeconds, values } of this.#points) {
      if (timeSeconds < fromSeconds) continue;
      if (before !== undefined && timeSeconds - before > this.#stepSeconds * GAP_STEPS) {
        times.push(before + this.#stepSeconds);
        for (const one of series) one.push(null);
      }
      times.push(timeSeconds);
      for (const [index, name] of names.entries()) series[index]?.push(values[name]);
      before = timeSeconds;
    }
    return [times, ...series];
  }
}

/** All points that the page knows. */
export class ChartHistory {
  readonly #rings: readonly Ring[];

  /** `rings` from the finest to the coarsest. */
  constructor(rings: readonly HistoryRing[]) {
    this.#rings = rings.map((ring) => new Ring(ring));
  }

  append(point: HistoryPoint): void {
    for (const ring of this.#rings) ring.append(point);
  }

  /** The last `rangeSeconds` before `nowSeconds` of some series. A break in the measurement is a null between two points. */
  select(rangeSeconds: number, nowSeconds: number, names: readonly HistorySeries[]): ChartData {
    const ring = this.#rings.find((one) => one.coversSeconds >= rangeSeconds) ?? this.#rings.at(-1);
    return ring?.select(nowSeconds - rangeSeconds, names) ?? [[], ...names.map(() => [])];
  }
}
