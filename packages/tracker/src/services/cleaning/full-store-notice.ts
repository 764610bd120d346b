/**
 * Tells the operator once when the swarm store begins to be full, with a remedy, and once when that ends. The cleaning
 * thread asks it at every look; it owns nothing but what it saw last.
 */
import type { SwarmTotals } from "@swarmtide/swarm";

/** How long nothing must have been refused or given way before the store counts as no longer full. */
const QUIET_SECONDS = 300;

type Pressure = Pick<SwarmTotals, "refused" | "gaveWay">;

export class FullStoreNotice {
  readonly #maxMemory: number;
  #last: Pressure = { refused: 0, gaveWay: 0 };
  /** When the store was first and last seen full; undefined while it is not. */
  #beganSeconds: number | undefined;
  #seenSeconds = 0;
  #atBegin: Pressure = { refused: 0, gaveWay: 0 };

  /** `maxMemory` is the limit in MiB, for the words. */
  constructor(maxMemory: number) {
    this.#maxMemory = maxMemory;
  }

  /** A log line where the store has begun to be full, or ceased to be. */
  look(totals: Pressure, nowSeconds: number): string | undefined {
    const isFull = totals.refused !== this.#last.refused || totals.gaveWay !== this.#last.gaveWay;
    const before = this.#last;
    this.#last = { refused: totals.refused, gaveWay: totals.gaveWay };
    if (isFull) this.#seenSeconds = nowSeconds;
    if (this.#beganSeconds === undefined) {
      if (!isFull) return undefined;
      this.#beganSeconds = nowSeconds;
      this.#atBegin = before;
      return (
        `the swarm store is full (${this.#maxMemory} MiB): torrents that nobody shares give way, other newcomers get replies ` +
        "and are not stored; raise swarm.max_memory or lower swarm.max_peer_age"
      );
    }
    if (nowSeconds - this.#seenSeconds < QUIET_SECONDS) return undefined;
    const seconds = Math.round(this.#seenSeconds - this.#beganSeconds);
    this.#beganSeconds = undefined;
    return (
      `the swarm store is no longer full: in ${seconds} s ${totals.gaveWay - this.#atBegin.gaveWay} torrents gave way and ` +
      `${totals.refused - this.#atBegin.refused} torrents and peers were not stored`
    );
  }
}
