/**
 * Counters in shared memory: one row per writer, one column per declared counter (define.ts).
 *
 * The main thread creates the table and passes its handle to the workers; each worker adds to its own rows and to no other,
 * in plain memory, without atomics: a row has a single writer. Whoever shows the counters reads all rows. A Float64 counts
 * exactly to 2^53, which a worker that adds a billion a second reaches after a hundred days, and one that counts
 * datagrams never.
 *
 * | offset          | bytes | what                                                        |
 * |-----------------|------:|-------------------------------------------------------------|
 * | row × stride    |     8 | first counter of the row, Float64, native order             |
 * | … + 8 × column  |     8 | the others                                                  |
 * | up to a multiple of 64 |  | unused, so that no two writers share a cache line           |
 *
 * Without families, row = worker. With families, worker w has row 2 w for IPv4 and row 2 w + 1 for IPv6.
 *
 * Example: 9 counters make a stride of 128 bytes; column 8 of row 1 lies at 128 + 64 = 192.
 *
 * A reader in another thread may see a value that is a moment old. It sees no half-written one: the machines Node 20 and
 * later run on (64 bits) store an aligned Float64 in one piece.
 */
import type { Column, CounterDefinition, CounterRow, Metric } from "./define.ts";

/** Bytes of a cache line; each row begins on a new one. */
const CACHE_LINE_BYTES = 64;

/** Values of the label family, by the place of their row among a worker's. */
const FAMILY_LABELS = ["ipv4", "ipv6"] as const;

/** Internet protocol versions, as the sockets number them. */
export type CounterFamily = 4 | 6;

/** What another thread needs to attach; may be posted to it (structured clone shares the memory). */
export interface CounterTableHandle<Table extends string> {
  readonly table: Table;
  readonly columns: number;
  readonly workers: number;
  readonly memory: SharedArrayBuffer;
}

/** Both rows of one worker. */
export interface FamilyRows<Table extends string> {
  readonly ipv4: CounterRow<Table>;
  readonly ipv6: CounterRow<Table>;
}

/** One value as readers see it. */
export interface Sample extends Metric {
  readonly value: number;
}

/** A table of counters; see the head of this file for who may write what. */
export class CounterTable<Table extends string> {
  readonly handle: CounterTableHandle<Table>;
  readonly #definition: CounterDefinition<Table>;
  readonly #rows: readonly Float64Array[];

  private constructor(definition: CounterDefinition<Table>, handle: CounterTableHandle<Table>) {
    this.handle = handle;
    this.#definition = definition;
    const strideBytes = rowStrideBytes(handle.columns);
    this.#rows = Array.from(
      { length: handle.workers * rowsPerWorker(definition) },
      (_, row) => new Float64Array(handle.memory, row * strideBytes, handle.columns),
    );
  }

  /** A new table of zeros for so many workers. From here on the definition takes no further columns. */
  static create<Table extends string>(
    definition: CounterDefinition<Table>,
    workers: number,
  ): CounterTable<Table> {
    if (!Number.isInteger(workers) || workers < 1)
      throw new RangeError(`a table of counters for ${workers} workers: expected 1 or more`);
    definition.complete();
    const columns = definition.metrics.length;
    const memory = new SharedArrayBuffer(tableBytes(definition, workers));
    return new CounterTable(definition, { table: definition.table, columns, workers, memory });
  }

  /** The same table in another thread. */
  static attach<Table extends string>(
    definition: CounterDefinition<Table>,
    handle: CounterTableHandle<Table>,
  ): CounterTable<Table> {
    definition.complete();
    const columns = definition.metrics.length;
    if (handle.table !== definition.table || handle.columns !== columns)
      throw new RangeError(
        `counters of "${handle.table}" with ${handle.columns} columns: expected "${definition.table}" with ${columns}`,
      );
    const neededBytes = tableBytes(definition, handle.workers);
    if (handle.memory.byteLength !== neededBytes)
      throw new RangeError(
        `counter memory has ${handle.memory.byteLength} bytes, not ${neededBytes}`,
      );
    return new CounterTable(definition, handle);
  }

  /** The table as it stands now, in memory that no worker writes: every number of it is of one moment. */
  copy(): CounterTable<Table> {
    return new CounterTable(this.#definition, {
      ...this.handle,
      memory: this.handle.memory.slice(0),
    });
  }

  /** What declared its columns. */
  get definition(): CounterDefinition<Table> {
    return this.#definition;
  }

  /** How many workers write to the table. */
  get workers(): number {
    return this.handle.workers;
  }

  /** The counters of one worker, for it to add to; of one address family where the table keeps them apart. */
  row(worker: number, family?: CounterFamily): CounterRow<Table> {
    return this.#row(worker, family) as unknown as CounterRow<Table>;
  }

  /** Both rows of one worker, of a table that keeps families apart. */
  familyRows(worker: number): FamilyRows<Table> {
    return { ipv4: this.row(worker, 4), ipv6: this.row(worker, 6) };
  }

  /** One counter over all workers; over both families where none is given. */
  sum(column: Column<Table>, family?: CounterFamily): number {
    const perWorker = rowsPerWorker(this.#definition);
    if (family !== undefined && perWorker === 1) throw this.#familyError(family);
    let sum = 0;
    this.#rows.forEach((row, index) => {
      if (family === undefined || index % perWorker === familyIndex(family))
        sum += row[column] ?? 0;
    });
    return sum;
  }

  /** One counter of one worker, over both families where there are two. */
  sumOfWorker(column: Column<Table>, worker: number): number {
    const perWorker = rowsPerWorker(this.#definition);
    let sum = 0;
    for (let row = worker * perWorker; row < (worker + 1) * perWorker; row++)
      sum += this.#rows[row]?.[column] ?? 0;
    return sum;
  }

  /** Every counter over all workers, with the label family where the table keeps families apart. */
  samples(): Sample[] {
    const { metrics, families } = this.#definition;
    return metrics.flatMap((metric, index): Sample[] => {
      const column = index as Column<Table>;
      if (!families) return [{ ...metric, value: this.sum(column) }];
      return FAMILY_LABELS.map((label, place) => ({
        ...metric,
        labels: { ...metric.labels, family: label },
        value: this.sum(column, place === 0 ? 4 : 6),
      }));
    });
  }

  /**
   * Adds what another process has counted to the rows of the first worker: samples of counters of the same name and labels.
   * Gauges say what is now and stay. Called before a worker writes.
   */
  add(samples: readonly Sample[]): void {
    const values = new Map(samples.map((sample) => [nameOf(sample), sample.value]));
    for (const [column, own] of this.samples().entries()) {
      const { families } = this.#definition;
      const row = this.#rows[families ? column % FAMILY_LABELS.length : 0];
      const at = families ? Math.floor(column / FAMILY_LABELS.length) : column;
      if (own.kind === "counter" && row !== undefined)
        row[at] = (row[at] ?? 0) + (values.get(nameOf(own)) ?? 0);
    }
  }

  #row(worker: number, family: CounterFamily | undefined): Float64Array {
    const { families } = this.#definition;
    if (families !== (family !== undefined)) throw this.#familyError(family);
    const place = family === undefined ? 0 : familyIndex(family);
    const row = this.#rows[worker * rowsPerWorker(this.#definition) + place];
    if (row === undefined)
      throw new RangeError(
        `worker ${worker} of ${this.handle.table}: the table has ${this.workers} workers`,
      );
    return row;
  }

  #familyError(family: CounterFamily | undefined): RangeError {
    const expected = this.#definition.families ? "family 4 or 6" : "no family";
    return new RangeError(`counters of ${this.handle.table}: expected ${expected}, not ${family}`);
  }
}

const nameOf = ({ name, labels }: Pick<Sample, "name" | "labels">): string =>
  `${name} ${JSON.stringify(Object.entries(labels).sort())}`;

/** What the size of a table depends on. */
interface Columns {
  readonly families: boolean;
  readonly metrics: readonly Metric[];
}

function rowsPerWorker(definition: Columns): number {
  return definition.families ? FAMILY_LABELS.length : 1;
}

function familyIndex(family: CounterFamily): number {
  return family === 4 ? 0 : 1;
}

function tableBytes(definition: Columns, workers: number): number {
  return rowStrideBytes(definition.metrics.length) * workers * rowsPerWorker(definition);
}

function rowStrideBytes(columns: number): number {
  const bytes = columns * Float64Array.BYTES_PER_ELEMENT;
  return Math.max(1, Math.ceil(bytes / CACHE_LINE_BYTES)) * CACHE_LINE_BYTES;
}
