/**
 * The table before define.ts: columns are found by name. Each room moves to CounterTable; then this file goes.
 *
 * The main thread creates the table and passes its handle to the workers; each worker adds to its own row and to no other,
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
 * Example: 9 names make a stride of 128 bytes; column 8 of row 1 lies at 128 + 64 = 192.
 *
 * A reader in another thread may see a value that is a moment old. It sees no half-written one: the machines Node 20 and
 * later run on (64 bits) store an aligned Float64 in one piece.
 */

/** Bytes of a cache line; each row begins on a new one. */
const CACHE_LINE_BYTES = 64;

/** What another thread needs to attach; may be posted to it (structured clone shares the memory). */
export interface NamedCounterTableHandle {
  readonly names: readonly string[];
  readonly rows: number;
  readonly memory: SharedArrayBuffer;
}

/** A table of counters; see the head of this file for who may write what. */
export class NamedCounterTable {
  readonly handle: NamedCounterTableHandle;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #rows: readonly Float64Array[];

  private constructor(handle: NamedCounterTableHandle) {
    this.handle = handle;
    this.#columns = new Map(handle.names.map((name, column) => [name, column]));
    const strideBytes = rowStrideBytes(handle.names.length);
    this.#rows = Array.from(
      { length: handle.rows },
      (_, row) => new Float64Array(handle.memory, row * strideBytes, handle.names.length),
    );
  }

  /** A new table of zeros. Names are distinct; `rows` is the number of writers. */
  static create(names: readonly string[], rows: number): NamedCounterTable {
    if (new Set(names).size !== names.length)
      throw new RangeError("counter names are not distinct");
    if (!Number.isInteger(rows) || rows < 1) throw new RangeError(`no table of ${rows} rows`);
    const memory = new SharedArrayBuffer(rowStrideBytes(names.length) * rows);
    return new NamedCounterTable({ names: [...names], rows, memory });
  }

  /** The same table in another thread. */
  static attach(handle: NamedCounterTableHandle): NamedCounterTable {
    const neededBytes = rowStrideBytes(handle.names.length) * handle.rows;
    if (handle.memory.byteLength !== neededBytes)
      throw new RangeError(
        `counter memory has ${handle.memory.byteLength} bytes, not ${neededBytes}`,
      );
    return new NamedCounterTable(handle);
  }

  /** The names, in the order of the columns. */
  get names(): readonly string[] {
    return this.handle.names;
  }

  /** How many writers there are. */
  get rowCount(): number {
    return this.handle.rows;
  }

  /** The counters of one writer, for it to add to: `row[column] += 1`. */
  row(index: number): Float64Array {
    const row = this.#rows[index];
    if (row === undefined) throw new RangeError(`no row ${index} of ${this.handle.rows}`);
    return row;
  }

  /** The column of a name, the same in every row. */
  column(name: string): number {
    const column = this.#columns.get(name);
    if (column === undefined) throw new RangeError(`no counter is called "${name}"`);
    return column;
  }

  /** One counter over all rows. */
  sum(name: string): number {
    const column = this.column(name);
    let sum = 0;
    for (const row of this.#rows) sum += row[column] ?? 0;
    return sum;
  }

  /** All counters over all rows, in the order of the columns. */
  sums(): Float64Array {
    const sums = new Float64Array(this.handle.names.length);
    for (const row of this.#rows)
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + (row[i] ?? 0);
    return sums;
  }
}

function rowStrideBytes(columns: number): number {
  const bytes = columns * Float64Array.BYTES_PER_ELEMENT;
  return Math.max(1, Math.ceil(bytes / CACHE_LINE_BYTES)) * CACHE_LINE_BYTES;
}
