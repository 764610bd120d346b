/**
 * Why requests and connections were refused, as the main thread reads it: one ring for each worker of a service
 * (hot/refusal-writer.ts says who writes what). The main thread makes the rings, posts the handle to the workers, switches the
 * noting on and off, and takes once a second what is new.
 */
import type { CounterDefinition, Metric } from "./define.ts";
import {
  REFUSAL_FIRST_WORD,
  REFUSAL_SLOTS,
  REFUSAL_WORDS,
  REFUSALS_BYTES,
  REFUSALS_MISSED,
  REFUSALS_ON,
  REFUSALS_READINGS,
  REFUSALS_TAKEN,
  REFUSALS_WRITTEN,
  RefusalWriter,
} from "./hot/refusal-writer.ts";

const IPV6_BYTES = 16;
const IPV4_BYTES = 4;

/** What a worker needs to write; may be posted to it. */
export interface RefusalsHandle {
  /** By worker. */
  readonly rings: readonly SharedArrayBuffer[];
  /** The names of the tables whose counters are the reasons. */
  readonly tables: readonly string[];
}

/** One refusal. */
export interface Refusal {
  /** The row of the worker that refused. */
  readonly worker: number;
  readonly table: string;
  /** The counter that counted it: the reason. */
  readonly metric: Metric;
  /** More about the reason, as the table's room numbers it; 0 for nothing more. */
  readonly detail: number;
  /** 4 or 16 bytes; empty where nobody knew it. */
  readonly address: Uint8Array;
}

/** The rings of a service's workers. Main thread. */
export class Refusals {
  readonly handle: RefusalsHandle;
  readonly #definitions: readonly Pick<CounterDefinition<string>, "table" | "metrics">[];
  readonly #rings: readonly Int32Array[];
  readonly #missed: number[];

  /** `definitions` are those of the counters that are reasons. */
  constructor(
    workers: number,
    definitions: readonly Pick<CounterDefinition<string>, "table" | "metrics">[],
  ) {
    const rings = Array.from({ length: workers }, () => new SharedArrayBuffer(REFUSALS_BYTES));
    this.handle = { rings, tables: definitions.map(({ table }) => table) };
    this.#definitions = definitions;
    this.#rings = rings.map((memory) => new Int32Array(memory));
    this.#missed = rings.map(() => 0);
  }

  /** What a worker writes refusals of one table with; writes nothing where there is no handle. */
  static writer<Table extends string>(
    handle: RefusalsHandle | undefined,
    worker: number,
    definition: CounterDefinition<Table>,
  ): RefusalWriter<Table> {
    const table = handle?.tables.indexOf(definition.table) ?? -1;
    const memory = table < 0 ? undefined : handle?.rings[worker];
    return new RefusalWriter(memory, table, definition.metrics.length);
  }

  /** Whether workers note refusals. */
  setOn(isOn: boolean): void {
    for (const ring of this.#rings) Atomics.store(ring, REFUSALS_ON, isOn ? 1 : 0);
  }

  /** Gives what is new, and returns how many refusals were not written since the last call. */
  take(give: (refusal: Refusal) => void): number {
    let missed = 0;
    for (const [worker, ring] of this.#rings.entries()) {
      const written = Atomics.load(ring, REFUSALS_WRITTEN);
      let taken = Atomics.load(ring, REFUSALS_TAKEN);
      for (; taken !== written; taken = (taken + 1) | 0) {
        const refusal = this.#read(worker, ring, taken);
        if (refusal !== undefined) give(refusal);
      }
      Atomics.store(ring, REFUSALS_TAKEN, taken);
      Atomics.add(ring, REFUSALS_READINGS, 1);
      const missedNow = Atomics.load(ring, REFUSALS_MISSED);
      missed += (missedNow - (this.#missed[worker] ?? 0)) >>> 0;
      this.#missed[worker] = missedNow;
    }
    return missed;
  }

  #read(worker: number, ring: Int32Array, number: number): Refusal | undefined {
    const at = REFUSAL_FIRST_WORD + (number & (REFUSAL_SLOTS - 1)) * REFUSAL_WORDS;
    const [table = -1, column = -1, detail = 0, family = 0] = ring.subarray(at, at + 4);
    const definition = this.#definitions[table];
    const metric = definition?.metrics[column];
    if (definition === undefined || metric === undefined) return undefined;
    const length = family === 6 ? IPV6_BYTES : family === 4 ? IPV4_BYTES : 0;
    const words = ring.slice(at + 4, at + REFUSAL_WORDS);
    const address = new Uint8Array(words.buffer, 0, length);
    return { worker, table: definition.table, metric, detail, address };
  }
}
