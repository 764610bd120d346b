/**
 * Counters and histograms in shared memory: written by one thread each, read by whoever shows them.
 */
export {
  type CounterFamily,
  CounterTable,
  type CounterTableHandle,
  type FamilyRows,
  type Sample,
} from "./counter-table.ts";
export { type AnyCounterTable, CounterTables } from "./counter-tables.ts";
export {
  add,
  type Column,
  type CounterDefinition,
  type CounterRow,
  defineCounters,
  type Metric,
  type MetricKind,
  type MetricLabels,
  type MetricUnit,
} from "./define.ts";
export {
  Histogram,
  type HistogramHandle,
  type HistogramSnapshot,
  LATENCY_PRECISION_BITS,
} from "./histogram.ts";
export type { HistogramRow } from "./hot/histogram-row.ts";
export {
  type AddressWords,
  RefusalWriter,
} from "./hot/refusal-writer.ts";
export { RoundTimer } from "./hot/round-timer.ts";
export { type Refusal, Refusals, type RefusalsHandle } from "./refusals.ts";
