/**
 * One writer's part of a histogram: `record` is a handful of plain stores.
 *
 * Called wherever something is measured; the memory is shared, and belongs to the one thread that records into it. Reading
 * is done by `Histogram` (histogram.ts), which made the row and knows the others.
 *
 * | cell | Float64                                                            |
 * |-----:|--------------------------------------------------------------------|
 * |    0 | how many values                                                    |
 * |    1 | their sum                                                          |
 * |    2 | the smallest (only when there are any)                             |
 * |    3 | the largest                                                        |
 * |   4… | how many values fell into each bucket                              |
 *
 * Buckets are linear within a power of two: with p precision bits, values below 2^p have a bucket each, and every
 * doubling above is cut into 2^p buckets, so that a bucket is never wider than its smallest value divided by 2^p.
 * Example for p = 2: 0 1 2 3 | 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 … ; 11 falls into bucket 9, cell 13.
 */

export const HISTOGRAM_COUNT_CELL = 0;
export const HISTOGRAM_SUM_CELL = 1;
export const HISTOGRAM_MIN_CELL = 2;
export const HISTOGRAM_MAX_CELL = 3;
export const HISTOGRAM_BUCKETS_CELL = 4;

/** Larger values are recorded as this one. */
export const HISTOGRAM_VALUE_MAX = 0x7fffffff;

/** The bucket that a whole number 0..2^31-1 falls into. */
export function bucketOfValue(value: number, precisionBits: number): number {
  const shift = 31 - Math.clz32(value) - precisionBits;
  if (shift <= 0) return value;
  return (shift << precisionBits) + (value >> shift);
}

/** The values one thread has recorded. */
export class HistogramRow {
  private readonly cells: Float64Array;
  private readonly precisionBits: number;

  constructor(cells: Float64Array, precisionBits: number) {
    this.cells = cells;
    this.precisionBits = precisionBits;
  }

  /** Counts one value: whole, at least 0; what is larger than 2^31-1 counts as that. */
  record(value: number): void {
    this.recordMany(value, 1);
  }

  /** Counts a value `times` times, for a batch that shares it. */
  recordMany(value: number, times: number): void {
    const cells = this.cells;
    const whole = value > HISTOGRAM_VALUE_MAX ? HISTOGRAM_VALUE_MAX : value < 0 ? 0 : value | 0;
    const isFirst = cells[HISTOGRAM_COUNT_CELL] === 0;
    if (isFirst || whole < cells[HISTOGRAM_MIN_CELL]) cells[HISTOGRAM_MIN_CELL] = whole;
    if (isFirst || whole > cells[HISTOGRAM_MAX_CELL]) cells[HISTOGRAM_MAX_CELL] = whole;
    cells[HISTOGRAM_SUM_CELL] += whole * times;
    cells[HISTOGRAM_BUCKETS_CELL + bucketOfValue(whole, this.precisionBits)] += times;
    cells[HISTOGRAM_COUNT_CELL] += times;
  }

  /** Forgets all values, for a histogram that is taken anew from time to time. */
  clear(): void {
    this.cells.fill(0);
  }
}
