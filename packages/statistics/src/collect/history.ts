/**
 * The history of the charts: five minutes with a point a second and a day with a point a minute, in memory that does not
 * grow. Called by the collector on the main thread: 19 series take 270 KB.
 */
import {
  HISTORY_SERIES,
  type HistoryPoint,
  type HistoryRing,
  type HistorySeries,
} from "../api-history.ts";

const SECOND_POINTS = 300;
const MINUTE_POINTS = 1440;
const SECONDS_PER_MINUTE = 60;

/** Of these a minute keeps its largest second, for an average would hide it. */
const PEAKS: ReadonlySet<HistorySeries> = new Set([
  "latencyP50Seconds",
  "latencyP99Seconds",
  "problems",
]);

type Values = HistoryPoint["values"];

export class History {
  readonly #seconds = new Ring(1, SECOND_POINTS);
  readonly #minutes = new Ring(SECONDS_PER_MINUTE, MINUTE_POINTS);
  #minute: HistoryPoint[] = [];
  #lastSeconds = Number.NEGATIVE_INFINITY;

  /** Takes the point of a second; a further one of the same second is left out. */
  push(point: HistoryPoint): void {
    if (point.timeSeconds <= this.#lastSeconds) return;
    this.#lastSeconds = point.timeSeconds;
    this.#seconds.push(point);
    const minute = minuteOf(point);
    const [first] = this.#minute;
    if (first !== undefined && minuteOf(first) !== minute) {
      this.#minutes.push({ timeSeconds: minuteOf(first), values: combine(this.#minute) });
      this.#minute = [];
    }
    this.#minute.push(point);
  }

  read(): { readonly seconds: HistoryRing; readonly minutes: HistoryRing } {
    return { seconds: this.#seconds.read(), minutes: this.#minutes.read() };
  }
}

const minuteOf = ({ timeSeconds }: HistoryPoint): number =>
  Math.floor(timeSeconds / SECONDS_PER_MINUTE) * SECONDS_PER_MINUTE;

function combine(points: readonly HistoryPoint[]): Values {
  return valuesOf((name) => {
    const known = points.flatMap(({ values }) => values[name] ?? []);
    if (known.length === 0) return null;
    const peak = Math.max(...known);
    if (PEAKS.has(name)) return peak;
    return rounded(known.reduce((sum, value) => sum + value, 0) / known.length);
  });
}

/** A value for each series. */
export function valuesOf(read: (name: HistorySeries) => number | null): Values {
  const entries = HISTORY_SERIES.map((name) => [name, read(name)] as const);
  return Object.fromEntries(entries) as Record<HistorySeries, number | null>;
}

/** Six digits are more than a chart shows, and a third of the bytes. */
export const rounded = (value: number): number => Number(value.toPrecision(6));

/** The last points of every series. NaN stands for null. */
class Ring {
  readonly #stepSeconds: number;
  readonly #times: Float64Array;
  readonly #series: ReadonlyMap<HistorySeries, Float64Array>;
  #count = 0;

  constructor(stepSeconds: number, pointsMax: number) {
    this.#stepSeconds = stepSeconds;
    this.#times = new Float64Array(pointsMax);
    this.#series = new Map(HISTORY_SERIES.map((name) => [name, new Float64Array(pointsMax)]));
  }

  push({ timeSeconds, values }: HistoryPoint): void {
    const at = this.#count++ % this.#times.length;
    this.#times[at] = timeSeconds;
    for (const [name, series] of this.#series) series[at] = values[name] ?? Number.NaN;
  }

  read(): HistoryRing {
    const inOrder = (ring: Float64Array): number[] => {
      const pointsMax = ring.length;
      const kept = Math.min(this.#count, pointsMax);
      return Array.from(
        { length: kept },
        (_, i) => ring[(this.#count - kept + i) % pointsMax] ?? Number.NaN,
      );
    };
    const series = Object.fromEntries(
      HISTORY_SERIES.map((name) => {
        const ring = this.#series.get(name) ?? new Float64Array(0);
        return [name, inOrder(ring).map((value) => (Number.isNaN(value) ? null : value))];
      }),
    ) as Record<HistorySeries, (number | null)[]>;
    return {
      stepSeconds: this.#stepSeconds,
      pointsMax: this.#times.length,
      timeSeconds: inOrder(this.#times),
      series,
    };
  }
}
