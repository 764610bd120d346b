/**
 * What one UDP worker replies from: the shared store, the rules of an announce, connection ids, limits and its counters.
 * Each worker thread has one; the handlers of its sockets (datagram-handler.ts) all read it.
 */
import type { FamilyRows } from "@swarmtide/metrics";
import {
  Admission,
  type AnnounceInterval,
  type InfoHashFilter,
  type PeerIdSample,
  type RecentAnnounces,
  type SwarmPrefetch,
  type SwarmStore,
} from "@swarmtide/swarm";
import type { ConnectionIds } from "./connection-id.ts";

/** Requests that a handler's `prefetch` takes between two `prefetchBatch`. */
const PREFETCH_REQUESTS_MAX = 64;

export interface UdpTrackerOptions {
  readonly store: SwarmStore;
  readonly accessList: InfoHashFilter;
  readonly connectionIds: ConnectionIds;
  /** Of this worker. */
  readonly counters: FamilyRows<"udp">;
  readonly responsePeersMax: number;
  readonly scrapeTorrentsMax: number;
  readonly interval: AnnounceInterval;
  /** Of the clients' software. */
  readonly peerIds: PeerIdSample;
}

/** What a reload changes. */
export interface ReloadedUdpOptions
  extends Pick<UdpTrackerOptions, "responsePeersMax" | "scrapeTorrentsMax" | "interval"> {
  readonly connectionAgeSecondsMax: number;
}

export class UdpTracker {
  readonly store: SwarmStore;
  readonly swarmPrefetch: SwarmPrefetch;
  /** Its list is replaced between two requests when the operator reloads it. */
  readonly admission: Admission;
  readonly connectionIds: ConnectionIds;
  readonly counters: FamilyRows<"udp">;
  responsePeersMax: number;
  scrapeTorrentsMax: number;
  interval: AnnounceInterval;
  readonly peerIds: PeerIdSample;
  /** Whether the socket that is being served has more requests than the worker can keep up with; its engine says so. */
  isBehind = false;
  readonly recentAnnounces: RecentAnnounces;

  constructor(options: UdpTrackerOptions) {
    this.store = options.store;
    this.swarmPrefetch = options.store.openPrefetch(PREFETCH_REQUESTS_MAX);
    this.admission = new Admission(options.accessList);
    this.connectionIds = options.connectionIds;
    this.counters = options.counters;
    this.responsePeersMax = options.responsePeersMax;
    this.scrapeTorrentsMax = options.scrapeTorrentsMax;
    this.interval = options.interval;
    this.peerIds = options.peerIds;
    this.recentAnnounces = options.store.openRecentAnnounces(options.store.salt);
  }

  /** Takes other limits and intervals into use, between two requests. Handlers must have room for the longer replies. */
  configure(options: ReloadedUdpOptions): void {
    this.responsePeersMax = options.responsePeersMax;
    this.scrapeTorrentsMax = options.scrapeTorrentsMax;
    this.interval = options.interval;
    this.connectionIds.ageSecondsMax = options.connectionAgeSecondsMax;
  }

  /** Sets the clock: seconds since the tracker started. Engines call it before each batch. */
  setNow(seconds: number): void {
    this.store.setNow(seconds);
    this.connectionIds.setNow(seconds);
  }
}
