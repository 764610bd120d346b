/**
 * What one UDP worker replies from: the shared store, the rules of an announce, connection ids, the section [udp] and its
 * counters. Each worker thread has one; the handlers of its sockets (datagram-handler.ts) all read it.
 */
import { type FamilyRows, Refusals, type RefusalWriter } from "@swarmtide/metrics";
import {
  Admission,
  AnnounceInterval,
  type InfoHashFilter,
  type PeerIdSample,
  type RecentAnnounces,
  type SwarmPrefetch,
  type SwarmStore,
} from "@swarmtide/swarm";
import { udpCounters } from "../counters.ts";
import type { UdpRequestConfig } from "../request-keys.ts";
import { ConnectionIds } from "./connection-id.ts";

/** Requests that a handler's `prefetch` takes between two `prefetchBatch`. */
const PREFETCH_REQUESTS_MAX = 64;

export interface UdpTrackerOptions {
  readonly config: UdpRequestConfig;
  readonly store: SwarmStore;
  readonly accessList: InfoHashFilter;
  /** Four random words, the same for all workers. */
  readonly connectionKey: Int32Array;
  /** Of this worker. */
  readonly counters: FamilyRows<"udp">;
  /** Of the clients' software. */
  readonly peerIds: PeerIdSample;
  /** A random word, what intervals are varied with. */
  readonly seed: number;
  /** Where refusals are noted for the log; nowhere if left out. */
  readonly refusals?: RefusalWriter<"udp">;
}

export class UdpTracker {
  readonly store: SwarmStore;
  readonly swarmPrefetch: SwarmPrefetch;
  /** Its list is replaced between two requests when the operator reloads it. */
  readonly admission: Admission;
  readonly connectionIds: ConnectionIds;
  readonly counters: FamilyRows<"udp">;
  /** Replaced between two requests when the operator reloads it; keys with `reload` are read from it per request. */
  config: UdpRequestConfig;
  readonly interval: AnnounceInterval;
  readonly peerIds: PeerIdSample;
  readonly refusals: RefusalWriter<"udp">;
  /** Whether the socket that is being served has more requests than the worker can keep up with; its engine says so. */
  isBehind = false;
  readonly recentAnnounces: RecentAnnounces;

  constructor(options: UdpTrackerOptions) {
    const { config, store, seed } = options;
    this.store = store;
    this.swarmPrefetch = store.openPrefetch(PREFETCH_REQUESTS_MAX);
    this.admission = new Admission(options.accessList);
    this.connectionIds = new ConnectionIds(options.connectionKey, config.maxConnectionAge);
    this.counters = options.counters;
    this.config = config;
    this.interval = new AnnounceInterval(config.peerAnnounceInterval, seed);
    this.peerIds = options.peerIds;
    this.refusals = options.refusals ?? Refusals.writer(undefined, 0, udpCounters);
    this.recentAnnounces = store.openRecentAnnounces(store.salt);
  }

  /** Takes another configuration into use, between two requests. Handlers must have room for the longer replies. */
  configure(config: UdpRequestConfig): void {
    this.config = config;
    this.interval.change(config.peerAnnounceInterval);
    this.connectionIds.ageSecondsMax = config.maxConnectionAge;
  }

  /** Sets the clock: seconds since the tracker started. Engines call it before each batch. */
  setNow(seconds: number): void {
    this.store.setNow(seconds);
    this.connectionIds.setNow(seconds);
  }
}
