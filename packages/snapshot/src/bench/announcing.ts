/**
 * Announces of another thread, phase by phase: how many there were, and how long the slow ones took. Called by
 * snapshot.bench.ts; the thread is announcer.ts, and both share the memory of the figures.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { SwarmStore } from "@swarmtide/swarm";
import type { AnnouncerTask } from "./announcer.ts";
import { BUCKETS } from "./swarms.ts";

/** Before this many announces nothing counts: the compiler is at work. */
const WARM_ANNOUNCES = 100_000;

const announcer = new URL(
  import.meta.url.endsWith(".ts") ? "./announcer.ts" : "./announcer.js",
  import.meta.url,
);

export interface Phase {
  readonly what: string;
  readonly seconds: number;
  /** Of these, seconds for which the thread that did the work had a core; 0 where the system does not say. */
  readonly cpuSeconds: number;
  readonly announces: number;
  /** 99.9 % and 99.99 % of the announces took no longer, in µs. */
  readonly rare: number;
  readonly veryRare: number;
  /** In µs; and without the time in which the announcing thread waited for a core. */
  readonly longest: number;
  readonly longestOnCore: number;
}

export const clock = (): number => performance.now() / 1000;

/** Seconds for which this thread has had a core (proc(5), schedstat). */
function cpuClock(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e9;
  } catch {
    return 0;
  }
}

export class Announcing {
  readonly #phases: Phase[] = [];
  readonly #phase = new Int32Array(new SharedArrayBuffer(4));
  readonly #counts: Float64Array;
  readonly #longest: Float64Array;
  readonly #worker: Worker;

  /** To torrents 0 to `torrents` − 1; `phasesMax` phases may be measured. */
  constructor(store: SwarmStore, torrents: number, phasesMax: number) {
    const rows = phasesMax + 1;
    const counts = new SharedArrayBuffer(rows * BUCKETS * 8);
    const longest = new SharedArrayBuffer(rows * 2 * 8);
    this.#counts = new Float64Array(counts);
    this.#longest = new Float64Array(longest);
    const workerData: AnnouncerTask = {
      ...{ store: store.handle, torrents, counts, longest },
      phase: this.#phase.buffer as SharedArrayBuffer,
    };
    this.#worker = new Worker(announcer, { workerData });
  }

  /** Waits until the thread announces; what it did until then counts as nothing. */
  async warmUp(): Promise<void> {
    while (this.#announces(0) < WARM_ANNOUNCES) await pause(10);
    this.#phases.push(this.#read("warming up", 0, 0, 0));
  }

  /** Measures the announces during some work of this thread. */
  during(what: string, work: () => void): void {
    const at = this.#phases.length;
    Atomics.store(this.#phase, 0, at);
    const start = clock();
    const cpuStart = cpuClock();
    work();
    const seconds = clock() - start;
    this.#phases.push(this.#read(what, at, seconds, cpuClock() - cpuStart));
  }

  async end(): Promise<readonly Phase[]> {
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    Atomics.store(this.#phase, 0, -1);
    await ended;
    return this.#phases.slice(1);
  }

  #announces(at: number): number {
    let sum = 0;
    for (const count of this.#counts.subarray(at * BUCKETS, (at + 1) * BUCKETS)) sum += count;
    return sum;
  }

  #read(what: string, at: number, seconds: number, cpuSeconds: number): Phase {
    const announces = this.#announces(at);
    const slowerThan = (share: number) => {
      let left = announces * share;
      for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
        left -= this.#counts[at * BUCKETS + bucket] ?? 0;
        if (left < 0) return bucket + 1;
      }
      return 0;
    };
    return {
      ...{ what, seconds, cpuSeconds, announces },
      rare: slowerThan(1e-3),
      veryRare: slowerThan(1e-4),
      longest: Math.round(this.#longest[2 * at] ?? 0),
      longestOnCore: Math.round(this.#longest[2 * at + 1] ?? 0),
    };
  }
}
