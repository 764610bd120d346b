/**
 * What `GET /api/stats` returns: everything the tracker tells about itself, of one moment. The page, the statistics block and
 * `tracker.statistics()` show the same numbers, because all of them read the same snapshot (collector.ts), made once a second
 * on the main thread. This file is the documentation of the format.
 *
 * - All names are stable within one `apiVersion`. Fields may be added; none changes its meaning or goes without a new version.
 * - Units stand in the names: bytes, seconds, milliseconds of Unix time. Shares lie between 0 and 1.
 * - `null` says "not known here" (switched off, not measured yet, or this system does not tell); 0 is a measured zero.
 * - Totals count since the start of the process and are exact. A restart is seen by `process.startedMilliseconds`.
 * - What is a sample says so in its name and carries its age.
 *
 * `GET /api/stats?history=none` leaves the charts out (`history` is null); `latest` is then the point to append to them.
 */

import type { ClusterStats } from "./api-cluster.ts";
import type { Counted, Rates } from "./api-counted.ts";
import type { HistoryPoint, HistoryRing } from "./api-history.ts";

export type { Counted, Rates };

/** Raised when a field changes its meaning or goes. */
export const API_VERSION = 1;

export type ProtocolName = "udp" | "http" | "ws";

/** `all` where a protocol does not count the families apart. */
export type FamilyName = "ipv4" | "ipv6" | "all";

/**
 * What clients ask or what they are told. Among requests, `error` are malformed ones that get an error, and `other` is what
 * gets no reply (UDP) or is not a tracker request (HTTP: upgrades, health checks). WebTorrent's `reply` is one to an announce or
 * a scrape; the `offer` and `answer` of other clients are sent as messages of their own.
 */
export type TrafficKind =
  | "connect"
  | "announce"
  | "scrape"
  | "reply"
  | "offer"
  | "answer"
  | "error"
  | "other";

/** Requests or responses of one kind. Rows of one list never overlap: their sum is all traffic. */
export interface TrafficRow extends Counted {
  readonly protocol: ProtocolName;
  readonly family: FamilyName;
  readonly kind: TrafficKind;
}

/** Payload of one protocol: UDP without headers, HTTP and WebTorrent inside TLS. */
export interface BandwidthRow {
  readonly protocol: ProtocolName;
  readonly family: FamilyName;
  /** Bytes. */
  readonly received: Counted;
  /** Bytes. */
  readonly sent: Counted;
}

/** Swarms of one store: those of UDP and HTTP (`shared`), which know two families, or those of WebTorrent (`ws`). */
export interface SwarmRow {
  readonly store: "shared" | "ws";
  readonly family: FamilyName;
  readonly peers: number;
  readonly seeders: number;
  readonly leechers: number;
}

/** Connections of TCP (`tcp`: all of HTTP and WebTorrent) or WebTorrent alone (`ws`). */
export interface ConnectionRow {
  readonly transport: "tcp" | "ws";
  readonly open: number;
  /** The configured limit; null where there is none. */
  readonly limit: number | null;
  readonly opened: Counted;
}

/** How long a request stays inside the tracker: from its batch's arrival until the batch's replies are with the kernel. */
export interface LatencyRow {
  readonly protocol: ProtocolName;
  /** A worker's name, such as `udp-1`; null for all workers of the protocol together. */
  readonly worker: string | null;
  /** The last ten seconds, and the last minute. */
  readonly tenSeconds: LatencyWindow;
  readonly minute: LatencyWindow;
}

export interface LatencyWindow {
  /** How many requests (UDP) or rounds of the event loop (HTTP, WebTorrent) were measured; where 0, the others are 0. */
  readonly count: number;
  readonly p50Seconds: number;
  readonly p90Seconds: number;
  readonly p99Seconds: number;
  readonly p999Seconds: number;
  readonly maxSeconds: number;
}

/** One thing that went wrong, was refused, dropped, or met a limit. Listed when it has happened at least once. */
export interface ProblemRow extends Counted {
  readonly protocol: ProtocolName | "tcp" | "cluster";
  /** In words: "Datagrams dropped without a reply: connection id". */
  readonly text: string;
  /** The whole help text of the counter. */
  readonly help: string;
  /** As in /metrics: `swarmtide_udp_datagrams_dropped_total`. */
  readonly metric: string;
  /** Without the label family: both families are summed up. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One budget of memory and when it will be used up. */
export interface MemoryBudget {
  readonly name: "swarms" | "webtorrent";
  /** In use, without what was freed and waits to be used again. */
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** As it grew during the last ten minutes; null where it does not grow, or while there is less than a minute of history. */
  readonly secondsUntilFull: number | null;
  /** What was refused for lack of room. */
  readonly refused: Counted;
}

export interface MemoryStats {
  readonly budgets: readonly MemoryBudget[];
  readonly residentBytes: number;
  /** JavaScript heap of the main thread. */
  readonly heapUsedBytes: number;
  /** What the host or its cgroup lets the process have; null where unknown. */
  readonly hostLimitBytes: number | null;
}

/** From the last pass over all torrents; see `ageSeconds`. */
export interface PeersPerTorrent {
  readonly ageSeconds: number;
  readonly torrents: number;
  readonly largestPeers: number;
  /** Torrents with `from` up to and including `to` peers of both families; `to` is null in the last bucket. */
  readonly buckets: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly torrents: number;
  }[];
}

/** Client software, from a sample of announces. Names come from a fixed list; what is not on it is "unknown". */
export interface ClientStats {
  readonly sampledAnnounces: number;
  /** One of so many announces is looked at. */
  readonly sampledOneIn: number;
  /** Most frequent first; at most 50. */
  readonly clients: readonly {
    readonly name: string;
    readonly share: number;
    /** Most frequent first; at most 10. Printable ASCII only. */
    readonly versions: readonly { readonly version: string; readonly share: number }[];
  }[];
  /** First eight bytes of the peer id, such as `-qB4650-`, as printable ASCII with `.` for all other bytes; at most 100. */
  readonly prefixes: readonly { readonly prefix: string; readonly share: number }[];
}

export interface WorkerRow {
  /** `udp-1`. */
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly requests: Counted;
  readonly responses: Counted;
  /** Open now; null for UDP. */
  readonly connections: number | null;
  /** Part of the last ten seconds spent on requests, 0 to 1; null where it is not measured. */
  readonly busyShare: number | null;
}

export interface CertificateRow {
  /** `web` or `statistics`: the section that names it. */
  readonly section: string;
  readonly subject: string;
  readonly expiresMilliseconds: number;
  /** Negative once it has expired. */
  readonly secondsToExpiry: number;
}

export interface ReloadStats {
  readonly timeMilliseconds: number;
  readonly isSuccess: boolean;
  /** What was reloaded, or why it failed. */
  readonly text: string;
}

/** One of the three questions of an operator, with its reasons in words; `ok` has none or explains itself. */
export interface Verdict {
  readonly status: "ok" | "warning" | "critical";
  readonly reasons: readonly string[];
}

export interface Verdicts {
  /** Is it healthy? */
  readonly health: Verdict;
  /** Is it being abused? */
  readonly abuse: Verdict;
  /** When will it be full? */
  readonly capacity: Verdict;
}

export interface ApiStats {
  readonly apiVersion: typeof API_VERSION;
  /** When the snapshot was made. */
  readonly timeMilliseconds: number;
  readonly process: {
    readonly version: string;
    readonly nodeVersion: string;
    readonly startedMilliseconds: number;
    readonly uptimeSeconds: number;
    /** False while the tracker starts or stops. */
    readonly isReady: boolean;
    /** Processor time of the whole process during the last ten seconds, in cores: 1.5 is one and a half. */
    readonly cpuCores: number;
    /** Cores that the process may use. */
    readonly cpuCoresAvailable: number;
  };
  /** What it listens on. */
  readonly addresses: readonly { readonly protocol: string; readonly address: string }[];
  readonly verdicts: Verdicts;
  readonly requests: {
    readonly all: Counted;
    readonly rows: readonly TrafficRow[];
  };
  readonly responses: {
    readonly all: Counted;
    readonly rows: readonly TrafficRow[];
  };
  readonly bandwidth: {
    readonly received: Counted;
    readonly sent: Counted;
    readonly rows: readonly BandwidthRow[];
  };
  readonly swarms: {
    /** Of all stores; a torrent that is in both counts twice. */
    readonly torrents: number;
    readonly peers: number;
    readonly seeders: number;
    readonly leechers: number;
    /** Downloads completed while the tracker watched. */
    readonly completed: Counted;
    readonly rows: readonly SwarmRow[];
    readonly torrentsOfStores: { readonly shared: number; readonly ws: number };
  };
  readonly connections: readonly ConnectionRow[];
  readonly latency: readonly LatencyRow[];
  /** The most frequent of the last minute first, then by total. */
  readonly problems: readonly ProblemRow[];
  readonly memory: MemoryStats;
  /** Null while switched off, or before the first pass. */
  readonly peersPerTorrent: PeersPerTorrent | null;
  /** Null while switched off. */
  readonly clients: ClientStats | null;
  /** Null where the swarms are not shared. */
  readonly cluster: ClusterStats | null;
  readonly workers: readonly WorkerRow[];
  readonly certificates: readonly CertificateRow[];
  /** Null before the first reload. */
  readonly lastReload: ReloadStats | null;
  /** The newest point of the charts. */
  readonly latest: HistoryPoint;
  /** Null where the query says `history=none`. */
  readonly history: {
    /** Five minutes, a point a second. */
    readonly seconds: HistoryRing;
    /** A day, a point a minute: averages of the minute, of latencies and `problems` the largest second. */
    readonly minutes: HistoryRing;
  } | null;
}
