/**
 * Counts the datagrams that the kernel dropped because the queue of a listener was full. One object a worker, for every engine
 * whose listeners have descriptors. Owned by the worker's thread.
 */
import { socketDrops } from "@swarmtide/linux";
import { add } from "@swarmtide/metrics";
import { DROPPED_QUEUE_FULL } from "../counters.ts";
import type { UdpEngineOptions } from "./engine.ts";

/** How often the kernel is asked. */
const LOOK_SECONDS = 1;

export class QueueDrops {
  readonly #options: Pick<UdpEngineOptions, "listeners" | "tracker">;
  /** Of each listener: what was known. */
  readonly #drops: number[];
  #lookAtSeconds = 0;

  constructor(options: Pick<UdpEngineOptions, "listeners" | "tracker">) {
    this.#options = options;
    this.#drops = options.listeners.map(() => 0);
  }

  /** To be called before each round with the time: once a second it adds what has come since. */
  look(seconds: number): void {
    if (seconds < this.#lookAtSeconds) return;
    this.#lookAtSeconds = seconds + LOOK_SECONDS;
    const { listeners, tracker } = this.#options;
    for (const [i, { fd = -1, family }] of listeners.entries()) {
      const now = socketDrops(fd);
      if (now === undefined) continue;
      const { ipv4, ipv6 } = tracker.counters;
      add(family === 4 ? ipv4 : ipv6, DROPPED_QUEUE_FULL, (now - (this.#drops[i] ?? 0)) >>> 0);
      this.#drops[i] = now;
    }
  }
}
