/**
 * What the collector reads once a second, and who gives it: the tracker, which knows its protocols, puts the columns of their
 * counter tables into these roles. Everything in one reading is of one moment. Main thread.
 */
import type { HistogramSnapshot, Sample } from "@swarmtide/metrics";
import type { ClusterDropRow } from "../api-cluster.ts";
import type {
  CertificateRow,
  ClientStats,
  FamilyName,
  PeersPerTorrent,
  ProblemRow,
  ProtocolName,
  ReloadStats,
  SwarmRow,
  TrafficKind,
} from "../api-shape.ts";

/** Requests or responses since the start. */
export interface TrafficTotal {
  readonly protocol: ProtocolName;
  readonly family: FamilyName;
  readonly kind: TrafficKind;
  readonly total: number;
}

export interface BandwidthTotal {
  readonly protocol: ProtocolName;
  readonly family: FamilyName;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export interface ConnectionTotal {
  readonly transport: "tcp" | "ws";
  readonly open: number;
  readonly limit: number | null;
  readonly openedTotal: number;
}

export interface ProblemTotal extends Omit<ProblemRow, "perSecond"> {}

export interface BudgetTotal {
  readonly name: "swarms" | "webtorrent";
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly refusedTotal: number;
}

export interface WorkerTotal {
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly requestsTotal: number;
  readonly responsesTotal: number;
  readonly connections: number | null;
  /** Since the start; null where it is not measured. */
  readonly busySeconds: number | null;
}

/** Microseconds that requests stayed inside, since the start. */
export interface LatencyTotal {
  readonly protocol: ProtocolName;
  /** Null for all workers of the protocol together. */
  readonly worker: string | null;
  readonly microseconds: HistogramSnapshot;
}

export interface ClusterReading {
  readonly nodes: number;
  readonly isConnected: boolean;
  readonly isJoining: boolean;
  readonly lagSeconds: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly webTorrent: {
    readonly peers: number;
    readonly recordsIn: number;
    readonly recordsOut: number;
  } | null;
  readonly drops: readonly Pick<ClusterDropRow, "unit" | "reason" | "total">[];
}

/** The counters of one moment, by role. */
export interface TrackerReading {
  /** Every counter as it was declared, for Prometheus. */
  readonly samples: readonly Sample[];
  readonly requests: readonly TrafficTotal[];
  readonly responses: readonly TrafficTotal[];
  readonly bandwidth: readonly BandwidthTotal[];
  readonly swarms: readonly SwarmRow[];
  readonly torrentsOfStores: { readonly shared: number; readonly ws: number };
  readonly completedTotal: number;
  readonly connections: readonly ConnectionTotal[];
  readonly problems: readonly ProblemTotal[];
  readonly budgets: readonly BudgetTotal[];
  /** A snapshot is being restored, or the swarms of other nodes are coming in: memory that grows now is no trend. */
  readonly isBeingFilled: boolean;
  readonly workers: readonly WorkerTotal[];
  readonly latencies: readonly LatencyTotal[];
  /** Absent where the swarms are not shared. */
  readonly cluster?: ClusterReading | undefined;
}

/** The tracker, as the collector sees it. */
export interface StatisticsSource {
  readonly version: string;
  readonly startedMilliseconds: number;
  readonly hostLimitBytes: number | null;
  /** Called once a second; walks no swarms. */
  read(): TrackerReading;
  addresses(): readonly { readonly protocol: string; readonly address: string }[];
  isReady(): boolean;
  certificates(nowMilliseconds: number): readonly CertificateRow[];
  lastReload(): ReloadStats | null;
  /** Of the last pass over all torrents. */
  peersPerTorrent(nowMilliseconds: number): PeersPerTorrent | null;
  clients(): ClientStats | null;
}
