/**
 * Scrapes that wait for counts from other workers. Each gets every answer it waits for, since a worker that dies takes
 * the process with it; those of connections that have gone are dropped when their counts come.
 *
 * Owned by the worker of the connection.
 */
import { ID_BYTES, SCRAPE_COUNTS } from "@swarmtide/ws-protocol";
import type { Connection } from "./connection.ts";

export class WaitingScrape {
  readonly connection: Connection;
  readonly infoHashes: Uint8Array;
  readonly counts: Float64Array;
  readonly length: number;
  /** Workers that have not answered. */
  waiting = 0;

  constructor(connection: Connection, infoHashes: Uint8Array, length: number) {
    this.connection = connection;
    this.infoHashes = infoHashes.slice(0, length * ID_BYTES);
    this.counts = new Float64Array(length * SCRAPE_COUNTS);
    this.length = length;
  }
}

export class WaitingScrapes {
  private readonly scrapes: (WaitingScrape | undefined)[] = [];
  private readonly free: number[] = [];

  /** How many wait. */
  get length(): number {
    return this.scrapes.length - this.free.length;
  }

  /** Keeps a scrape; returns the number by which workers answer it. */
  insert(scrape: WaitingScrape): number {
    const id = this.free.pop() ?? this.scrapes.length;
    this.scrapes[id] = scrape;
    return id;
  }

  /** The scrape of a number; each answer counts down, and the last one removes it. */
  answered(id: number): WaitingScrape | undefined {
    const scrape = this.scrapes[id];
    if (scrape === undefined) return undefined;
    scrape.waiting--;
    if (scrape.waiting === 0) {
      this.scrapes[id] = undefined;
      this.free.push(id);
    }
    return scrape;
  }
}
