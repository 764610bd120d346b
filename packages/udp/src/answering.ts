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
  RoundTimer,
} from "@swarmtide/metrics";
import { LOOK_MILLISECONDS } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  AnnounceInterval,
  attachSwarmStore,
  openClock,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import { udpCounters } from "./counters.ts";
import { ConnectionIds } from "./hot/connection-id.ts";
import { UdpTracker } from "./hot/udp-tracker.ts";
import { replyBytesMax } from "./reply-bytes.ts";

/** Made by the main thread once; may be posted to workers. */
export interface UdpShared {
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  /** Four random words, the same for all workers: an id from one is good at another. */
  readonly connectionKey: Int32Array;
  /** With two rows for each worker. */
  readonly counters: CounterTableHandle<"udp">;
  /** Microseconds that requests stay inside, with a row for each worker. */
  readonly latency: HistogramHandle;
  /** Monotonic clock (process.hrtime, in seconds) when the tracker started; the origin of all times in the store. */
  readonly startedSeconds: number;
  readonly responsePeersMax: number;
  readonly scrapeTorrentsMax: number;
  readonly announceIntervalSeconds: number;
  readonly connectionAgeSecondsMax: number;
  readonly resendRepliesMax: number;
}

export interface Answering {
  readonly tracker: UdpTracker;
  readonly rounds: RoundTimer;
  readonly replyBytesMax: number;
  readonly resendRepliesMax: number;
  readonly nowSeconds: () => number;
}

export function openAnswering(shared: UdpShared, row: number): Answering {
  const [seed = 0] = randomFillSync(new Int32Array(1));
  return {
    tracker: new UdpTracker({
      store: attachSwarmStore(shared.store),
      accessList: AccessList.attach(shared.accessList),
      connectionIds: new ConnectionIds(shared.connectionKey, shared.connectionAgeSecondsMax),
      counters: CounterTable.attach(udpCounters, shared.counters).familyRows(row),
      responsePeersMax: shared.responsePeersMax,
      scrapeTorrentsMax: shared.scrapeTorrentsMax,
      interval: new AnnounceInterval(shared.announceIntervalSeconds, seed),
    }),
    rounds: new RoundTimer(
      Histogram.attach(shared.latency).row(row),
      LOOK_MILLISECONDS,
      performance.now(),
    ),
    replyBytesMax: replyBytesMax(shared.responsePeersMax, shared.scrapeTorrentsMax),
    resendRepliesMax: shared.resendRepliesMax,
    nowSeconds: openClock(shared.startedSeconds),
  };
}
