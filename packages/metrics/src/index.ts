/**
 * Counters and histograms in shared memory: written by one thread each, read by whoever shows them.
 */
export { CounterTable, type CounterTableHandle } from "./counter-table.ts";
export { Histogram, type HistogramHandle, type HistogramSnapshot } from "./histogram.ts";
export type { HistogramRow } from "./hot/histogram-row.ts";
