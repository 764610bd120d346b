/** Puts announces of other nodes into the store of this one, and counts what is refused. Cluster thread; see announces.ts. */
import type { CounterRow } from "@swarmtide/metrics";
import type { RemoteAnnounces } from "@swarmtide/swarm";
import type { AnnounceSink } from "./announces.ts";
import {
  COMPLETIONS,
  DROPPED_ACCESS_LIST,
  DROPPED_LIMITS,
  DROPPED_MEMORY,
  DROPPED_OLD,
  DROPPED_OUTDATED,
} from "./counters.ts";
import type { RecordsReader } from "./messages/records.ts";

export class StoreSink implements AnnounceSink {
  readonly #remote: RemoteAnnounces;
  readonly #counters: CounterRow<"cluster">;
  readonly #nowSeconds: () => number;

  constructor(remote: RemoteAnnounces, counters: CounterRow<"cluster">, nowSeconds: () => number) {
    this.#remote = remote;
    this.#counters = counters;
    this.#nowSeconds = nowSeconds;
  }

  apply({ words, count }: RecordsReader): void {
    const remote = this.#remote;
    remote.setNow(this.#nowSeconds());
    remote.apply(words, 0, count);
    const counters = this.#counters;
    counters[DROPPED_ACCESS_LIST] = remote.refusedByList;
    counters[DROPPED_LIMITS] = remote.refusedByLimits;
    counters[DROPPED_MEMORY] = remote.refusedByMemory;
    counters[DROPPED_OLD] = remote.tooOld;
    counters[DROPPED_OUTDATED] = remote.outdated;
    counters[COMPLETIONS] = remote.completions;
  }
}
