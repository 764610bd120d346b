/**
 * Histograms in shared memory: one row per writer, fixed buckets, read by whoever shows them.
 *
 * The main thread creates one and passes its handle to the writers; each records into its own row (hot/histogram-row.ts has
 * the layout), without atomics. A reader merges the rows into a snapshot; one taken while a writer is busy may be a value
 * or two behind itself, never more.
 */
import {
  bucketOfValue,
  HISTOGRAM_BUCKETS_CELL,
  HISTOGRAM_COUNT_CELL,
  HISTOGRAM_MAX_CELL,
  HISTOGRAM_MIN_CELL,
  HISTOGRAM_SUM_CELL,
  HISTOGRAM_VALUE_MAX,
  HistogramRow,
} from "./hot/histogram-row.ts";

/** Bytes of a cache line; each row begins on a new one. */
const CACHE_LINE_BYTES = 64;

/** Precision bits that do for times: a bucket is at most 3 % wide. */
const PRECISION_BITS_DEFAULT = 5;

/** Of latencies, which are kept for every second of a minute: 6 %. */
export const LATENCY_PRECISION_BITS = 4;
/** With 10 bits a bucket is at most 0.1 % wide and a row takes 180 KiB. */
const PRECISION_BITS_MAX = 10;

/** What another thread needs to attach; may be posted to it. */
export interface HistogramHandle {
  readonly rows: number;
  readonly precisionBits: number;
  readonly memory: SharedArrayBuffer;
}

/** A histogram of whole numbers from 0 to 2^31-1. */
export class Histogram {
  readonly handle: HistogramHandle;
  readonly #rows: readonly Float64Array[];

  private constructor(handle: HistogramHandle) {
    this.handle = handle;
    const cells = cellCount(handle.precisionBits);
    this.#rows = Array.from(
      { length: handle.rows },
      (_, row) =>
        new Float64Array(handle.memory, row * rowStrideBytes(handle.precisionBits), cells),
    );
  }

  /** A new, empty histogram for `rows` writers, with buckets at most 2^-`precisionBits` of their value wide (1..10). */
  static create({
    rows,
    precisionBits = PRECISION_BITS_DEFAULT,
  }: {
    rows: number;
    precisionBits?: number;
  }): Histogram {
    if (!Number.isInteger(rows) || rows < 1) throw new RangeError(`no histogram of ${rows} rows`);
    if (!Number.isInteger(precisionBits) || precisionBits < 1 || precisionBits > PRECISION_BITS_MAX)
      throw new RangeError(`precision bits are 1 to ${PRECISION_BITS_MAX}, not ${precisionBits}`);
    const memory = new SharedArrayBuffer(rowStrideBytes(precisionBits) * rows);
    return new Histogram({ rows, precisionBits, memory });
  }

  /** The same histogram in another thread. */
  static attach(handle: HistogramHandle): Histogram {
    const neededBytes = rowStrideBytes(handle.precisionBits) * handle.rows;
    if (handle.memory.byteLength !== neededBytes)
      throw new RangeError(
        `histogram memory has ${handle.memory.byteLength} bytes, not ${neededBytes}`,
      );
    return new Histogram(handle);
  }

  /** What one writer records into. */
  row(index: number): HistogramRow {
    const cells = this.#rows[index];
    if (cells === undefined) throw new RangeError(`no row ${index} of ${this.handle.rows}`);
    return new HistogramRow(cells, this.handle.precisionBits);
  }

  /** All rows as they stand now, merged. */
  snapshot(): HistogramSnapshot {
    return mergeRows(this.#rows, this.handle.precisionBits);
  }

  /** One row as it stands now. */
  snapshotOfRow(index: number): HistogramSnapshot {
    const cells = this.#rows[index];
    if (cells === undefined) throw new RangeError(`no row ${index} of ${this.handle.rows}`);
    return mergeRows([cells], this.handle.precisionBits);
  }
}

/** A histogram at one moment. */
export class HistogramSnapshot {
  /** How many values were recorded. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** The smallest, 0 when there are none. */
  readonly min: number;
  /** The largest, 0 when there are none. */
  readonly max: number;
  readonly #buckets: Float64Array;
  readonly #precisionBits: number;

  constructor(
    buckets: Float64Array,
    precisionBits: number,
    { sum, min, max }: { readonly sum: number; readonly min: number; readonly max: number },
  ) {
    // Counted from the buckets, so that percentiles add up even when a writer is busy.
    this.count = buckets.reduce((total, bucket) => total + bucket, 0);
    this.sum = sum;
    this.min = min;
    this.max = max;
    this.#buckets = buckets;
    this.#precisionBits = precisionBits;
  }

  /**
   * What was recorded between `earlier`, a snapshot of the same rows, and this one. Its smallest and largest are those of
   * their buckets.
   */
  since(earlier: HistogramSnapshot): HistogramSnapshot {
    const buckets = this.#buckets.map((count, i) => count - (earlier.#buckets[i] ?? 0));
    const first = buckets.findIndex((count) => count > 0);
    const last = buckets.findLastIndex((count) => count > 0);
    const bits = this.#precisionBits;
    return new HistogramSnapshot(buckets, bits, {
      sum: this.sum - earlier.sum,
      min: first <= 0 ? 0 : lastValueOfBucket(first - 1, bits) + 1,
      max: last < 0 ? 0 : Math.min(this.max, lastValueOfBucket(last, bits)),
    });
  }

  /** The average, 0 when there are no values. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The value that `percent` (0..100) of the values do not exceed, at most one bucket's width too large; 0 gives the
   * smallest, 100 the largest, an empty histogram 0.
   */
  percentile(percent: number): number {
    if (this.count === 0) return 0;
    if (percent <= 0) return this.min;
    const wanted = Math.min(this.count, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= wanted)
        return Math.max(
          this.min,
          Math.min(this.max, lastValueOfBucket(bucket, this.#precisionBits)),
        );
    }
    return this.max;
  }

  /** How many values lie in the buckets up to and including the one `value` falls into. */
  countAtMost(value: number): number {
    if (value < 0) return 0;
    const last = bucketOfValue(
      Math.floor(Math.min(value, HISTOGRAM_VALUE_MAX)),
      this.#precisionBits,
    );
    let count = 0;
    for (const inBucket of this.#buckets.subarray(0, last + 1)) count += inBucket;
    return count;
  }
}

function mergeRows(rows: readonly Float64Array[], precisionBits: number): HistogramSnapshot {
  const buckets = new Float64Array(cellCount(precisionBits) - HISTOGRAM_BUCKETS_CELL);
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (const row of rows) {
    if (row[HISTOGRAM_COUNT_CELL] === 0) continue;
    sum += row[HISTOGRAM_SUM_CELL] ?? 0;
    min = Math.min(min, row[HISTOGRAM_MIN_CELL] ?? min);
    max = Math.max(max, row[HISTOGRAM_MAX_CELL] ?? max);
    for (const [i, count] of row.subarray(HISTOGRAM_BUCKETS_CELL).entries())
      buckets[i] = (buckets[i] ?? 0) + count;
  }
  return new HistogramSnapshot(buckets, precisionBits, {
    sum,
    min: min === Number.POSITIVE_INFINITY ? 0 : min,
    max,
  });
}

/** The largest value that falls into a bucket. */
export function lastValueOfBucket(bucket: number, precisionBits: number): number {
  const perDoubling = 1 << precisionBits;
  if (bucket < 2 * perDoubling) return bucket;
  const shift = (bucket >> precisionBits) - 1;
  const first = (bucket - shift * perDoubling) * 2 ** shift;
  return first + 2 ** shift - 1;
}

function cellCount(precisionBits: number): number {
  return HISTOGRAM_BUCKETS_CELL + bucketOfValue(HISTOGRAM_VALUE_MAX, precisionBits) + 1;
}

function rowStrideBytes(precisionBits: number): number {
  const bytes = cellCount(precisionBits) * Float64Array.BYTES_PER_ELEMENT;
  return Math.ceil(bytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
}
