/**
 * The tables of several rooms, for whoever shows all of a program's counters: by their definition where single counters are
 * wanted, as samples where all are. Main thread; reading disturbs no writer.
 *
 *     const udp = counters.of(udpColumns.udpCounters);
 *     udp?.sum(udpColumns.ANNOUNCES, 4);
 */
import type { CounterTable, Sample } from "./counter-table.ts";
import type { CounterDefinition } from "./define.ts";

/** A table of any definition. */
export interface AnyCounterTable {
  readonly definition: object;
  samples(): Sample[];
  copy(): AnyCounterTable;
  add(samples: readonly Sample[]): void;
}

export class CounterTables {
  readonly #tables: readonly AnyCounterTable[];

  constructor(tables: readonly AnyCounterTable[]) {
    this.#tables = tables;
  }

  /** The table of a definition; undefined where what it counts is switched off. */
  of<Table extends string>(definition: CounterDefinition<Table>): CounterTable<Table> | undefined {
    const found = this.#tables.find((table) => table.definition === definition);
    return found as CounterTable<Table> | undefined; // Each table names the definition that it was made from.
  }

  /** All of them as they stand now, in memory that no worker writes. */
  copy(): CounterTables {
    return new CounterTables(this.#tables.map((table) => table.copy()));
  }

  /** Adds what another process has counted to each table, see CounterTable. */
  add(samples: readonly Sample[]): void {
    for (const table of this.#tables) table.add(samples);
  }

  /** Every counter of every table, over all workers. */
  samples(): Sample[] {
    return this.#tables.flatMap((table) => table.samples());
  }
}
