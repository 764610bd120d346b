/**
 * What a thread needs to answer UDP requests, put together from what all threads share. Used by the workers and, where
 * there are none, by the main thread.
 */
import { randomFillSync } from "node:crypto";
import {
  CounterTable,
  type CounterTableHandle,
  Histogram,
  type HistogramHandle,
  Refusals,
  type RefusalsHandle,
  RoundTimer,
} from "@swarmtide/metrics";
import { LOOK_MILLISECONDS } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  type AnnounceRingHandle,
  attachAnnounceRing,
  attachSwarmStore,
  openClock,
  PeerIdSample,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import type { UdpConfig } from "./config.ts";
import { udpCounters } from "./counters.ts";
import type { UdpEngineOptions } from "./engines/engine.ts";
import { UdpTracker } from "./hot/udp-tracker.ts";
import { replyBytesMax } from "./reply-bytes.ts";
import type { UdpRequestConfig } from "./request-keys.ts";

/** Made by the main thread once; may be posted to workers. */
export interface UdpShared {
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  /** Four random words, the same for all workers: an id from one is valid at another. */
  readonly connectionKey: Int32Array;
  /** With two rows for each worker. */
  readonly counters: CounterTableHandle<"udp">;
  /** Microseconds that requests stay inside, with a row for each worker. */
  readonly latency: HistogramHandle;
  /** Monotonic clock (process.hrtime, in seconds) when the tracker started; the origin of all times in the store. */
  readonly startedSeconds: number;
  /** For each worker, where the clients' software is counted. */
  readonly peerIdSamples: readonly SharedArrayBuffer[];
  /** Where each worker notes refusals for the log. */
  readonly refusals: RefusalsHandle;
  /** For each worker, where it writes what it serves for other nodes; none where there is no cluster. */
  readonly rings: readonly AnnounceRingHandle[];
}

/** An engine's options, but for where it listens. */
export type Answering = Omit<UdpEngineOptions, "listeners" | "onlyIpv6">;

/** The longest reply under a configuration. */
export const replyBytesMaxOf = (config: UdpRequestConfig): number =>
  replyBytesMax(config.maxResponsePeers, config.maxScrapeTorrents);

export function openAnswering(shared: UdpShared, config: UdpConfig, row: number): Answering {
  const [seed = 0] = randomFillSync(new Int32Array(1));
  const store = attachSwarmStore(shared.store);
  const ring = shared.rings[row];
  if (ring !== undefined) attachAnnounceRing(store, ring);
  return {
    tracker: new UdpTracker({
      config,
      store,
      accessList: AccessList.attach(shared.accessList),
      connectionKey: shared.connectionKey,
      counters: CounterTable.attach(udpCounters, shared.counters).familyRows(row),
      peerIds: new PeerIdSample(shared.peerIdSamples[row]),
      seed,
      refusals: Refusals.writer(shared.refusals, row, udpCounters),
    }),
    rounds: new RoundTimer(
      Histogram.attach(shared.latency).row(row),
      LOOK_MILLISECONDS,
      performance.now(),
    ),
    replyBytesMax: replyBytesMaxOf(config),
    resendRepliesMax: config.resendBufferMaxLen,
    nowSeconds: openClock(shared.startedSeconds),
  };
}
