/**
 * Declares what a room counts: one line for each counter or gauge, with its name, help, labels and unit. Each line yields
 * the column that hot code adds to. Called while modules load, in every thread alike, so all threads agree on the columns.
 *
 *     export const udpCounters = defineCounters("udp", { families: true });
 *     export const SENT_BYTES = udpCounters.counter("sent", "Bytes of replies sent.", {}, "bytes");
 *     …
 *     counters[SENT_BYTES] += length;
 *
 * Readers see swarmtide_udp_sent_bytes_total with the label family. Names follow Prometheus' conventions
 * (https://prometheus.io/docs/practices/naming/): base units behind the name, `_total` behind counters, none behind gauges.
 *
 * At run time a column is a small integer and a row a Float64Array. The types carry the name of the table, so that a column
 * of another table, or a plain number, does not compile.
 */

declare const TABLE: unique symbol;

/** Says which table something belongs to. A function both takes and returns the name, so that no union of names fits. */
interface OfTable<Table extends string> {
  readonly [TABLE]: (table: Table) => Table;
}

/** The place of a counter in each row of its table. */
export type Column<Table extends string> = number & OfTable<Table>;

/** What one writer adds to: a Float64Array that only columns of its own table index. */
export type CounterRow<Table extends string> = OfTable<Table> & {
  [column in Column<Table>]: number;
};

/** Labels of a metric; values from a small, fixed set. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Counters only grow; gauges also fall. */
export type MetricKind = "counter" | "gauge";

/** Prometheus' base units of what a tracker measures; undefined for plain numbers. */
export type MetricUnit = "bytes" | "seconds" | undefined;

/** One declared column. */
export interface Metric {
  /** As readers see it: swarmtide_udp_sent_bytes_total. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly help: string;
  readonly labels: MetricLabels;
}

/** The words of a name: lower case, joined by single underscores. Stricter than Prometheus' [a-zA-Z_:][a-zA-Z0-9_:]*. */
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/**
 * Added by whoever reads or exports: the family and the number of a row, and the reserved labels of histograms. A table without
 * rows for each family may use the label family itself.
 */
const RESERVED_LABELS: ReadonlySet<string> = new Set(["family", "worker", "le", "quantile"]);

/** Endings that the definition adds itself, and those that Prometheus reserves for histograms and summaries. */
const RESERVED_ENDING = /(?:^|_)(total|bytes|seconds|count|sum|bucket|info)$/;

/** The columns of one kind of table; filled while modules load, complete when the first table is made. */
export class CounterDefinition<Table extends string> {
  readonly table: Table;
  /** Each worker has two rows, for IPv4 and for IPv6. */
  readonly families: boolean;
  readonly #metrics: Metric[] = [];
  #isComplete = false;

  constructor(table: Table, families: boolean) {
    if (!NAME.test(table)) throw new RangeError(`table name "${table}": expected ${NAME.source}`);
    this.table = table;
    this.families = families;
  }

  /** Declares a counter, which only grows; gives its column. */
  counter(name: string, help: string, labels: MetricLabels = {}, unit?: MetricUnit): Column<Table> {
    return this.#add("counter", name, help, labels, unit);
  }

  /** Declares a gauge, which also falls; gives its column. Its value is the sum over workers. */
  gauge(name: string, help: string, labels: MetricLabels = {}, unit?: MetricUnit): Column<Table> {
    return this.#add("gauge", name, help, labels, unit);
  }

  /** What is declared, by column. */
  get metrics(): readonly Metric[] {
    return this.#metrics;
  }

  /** Called by the first table: columns declared later would lie outside its rows. */
  complete(): void {
    this.#isComplete = true;
  }

  #add(
    kind: MetricKind,
    name: string,
    help: string,
    labels: MetricLabels,
    unit: MetricUnit,
  ): Column<Table> {
    if (this.#isComplete)
      throw new RangeError(`${name} is declared after the first table of ${this.table} was made`);
    checkName(name);
    checkLabels(name, labels, this.families);
    if (help.trim() === "") throw new RangeError(`${name}: expected a help text`);
    const parts = ["swarmtide", this.table, name, unit, kind === "counter" ? "total" : undefined];
    const full = parts.filter((part) => part !== undefined).join("_");
    const metric: Metric = { name: full, kind, unit, help, labels: { ...labels } };
    this.#checkAgainstOthers(metric);
    return (this.#metrics.push(metric) - 1) as Column<Table>;
  }

  /** One name has one kind, unit, help and set of labels; and each combination of label values appears once. */
  #checkAgainstOthers(metric: Metric): void {
    const stem = stemOf(metric);
    for (const other of this.#metrics) {
      if (stemOf(other) !== stem) continue;
      for (const key of ["kind", "unit", "help"] as const)
        if (other[key] !== metric[key])
          throw new RangeError(
            `${metric.name}: ${key} is "${metric[key]}", but "${other[key]}" where the name was declared first`,
          );
      if (labelNames(other) !== labelNames(metric))
        throw new RangeError(
          `${metric.name}: labels are [${labelNames(metric)}], but [${labelNames(other)}] where the name was declared first`,
        );
      if (labelValues(other) === labelValues(metric))
        throw new RangeError(`${metric.name}{${labelValues(metric)}} is declared twice`);
    }
  }
}

/** Begins the counters of a room. `families` gives each worker a row for each address family, with the label family. */
export function defineCounters<Table extends string>(
  table: Table,
  { families = false }: { readonly families?: boolean } = {},
): CounterDefinition<Table> {
  return new CounterDefinition(table, families);
}

/**
 * Adds to a counter, or takes from a gauge. For code outside `hot/`, which is compiled with `noUncheckedIndexedAccess` and
 * cannot write `row[column]++`; the thread that owns the row calls it.
 */
export function add<Table extends string>(
  row: CounterRow<Table>,
  column: Column<Table>,
  by = 1,
): void {
  row[column] = (row[column] ?? 0) + by;
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new RangeError(`counter name "${name}": expected ${NAME.source}`);
  const ending = RESERVED_ENDING.exec(name)?.[1];
  if (ending !== undefined)
    throw new RangeError(`counter name "${name}": "_${ending}" is added where it applies`);
}

function checkLabels(name: string, labels: MetricLabels, families: boolean): void {
  for (const [label, value] of Object.entries(labels)) {
    if (!NAME.test(label))
      throw new RangeError(`${name}: label "${label}": expected ${NAME.source}`);
    if (RESERVED_LABELS.has(label) && (families || label !== "family"))
      throw new RangeError(`${name}: label "${label}" is reserved`);
    if (value === "") throw new RangeError(`${name}: label "${label}" is empty`);
  }
}

/** The name without what kind and unit add, so that one name cannot come back as another kind. */
function stemOf({ name, kind, unit }: Metric): string {
  const ending = `${unit === undefined ? "" : `_${unit}`}${kind === "counter" ? "_total" : ""}`;
  return name.slice(0, name.length - ending.length);
}

function labelNames({ labels }: Metric): string {
  return Object.keys(labels).sort().join(",");
}

function labelValues({ labels }: Metric): string {
  return Object.keys(labels)
    .sort()
    .map((label) => `${label}="${labels[label]}"`)
    .join(",");
}
