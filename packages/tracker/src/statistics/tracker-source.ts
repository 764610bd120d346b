/**
 * The tracker as the collector of the statistics sees it: once a second it copies all counters, which makes them of one
 * moment, and puts them into roles. Made by `startTracker`; main thread.
 */
import { clusterColumns } from "@swarmtide/cluster";
import { httpColumns } from "@swarmtide/http";
import type { CounterTables } from "@swarmtide/metrics";
import { availableMemory } from "@swarmtide/runtime";
import {
  type CertificateRow,
  type ClientStats,
  ClientTally,
  type LatencyTotal,
  type PeersPerTorrent,
  type ReloadStats,
  type StatisticsSource,
  type TrackerReading,
} from "@swarmtide/statistics";
import { readSwarmTotals, SHARD_COUNT, type SwarmStore } from "@swarmtide/swarm";
import { tcpColumns } from "@swarmtide/tcp";
import { udpColumns } from "@swarmtide/udp";
import { wsColumns } from "@swarmtide/ws";
import type { TrackerConfig } from "../config.ts";
import type {
  LatencySource,
  ReloadOutcome,
  ServiceReports,
  TrackerAddress,
} from "../services/service.ts";
import { readCluster } from "./cluster-reading.ts";
import { type ProtocolReading, readConnections, readHttp, readUdp } from "./protocol-readings.ts";
import { readWs } from "./ws-reading.ts";

const MIB = 2 ** 20;

export interface TrackerSourceParts {
  readonly version: string;
  readonly config: TrackerConfig;
  readonly store: SwarmStore;
  readonly counters: CounterTables;
  readonly reports: readonly ServiceReports[];
  readonly addresses: () => readonly TrackerAddress[];
  /** Whether swarms of other nodes are still to come. */
  readonly isJoining: () => boolean;
  /** Whether a snapshot is still being restored. */
  readonly isFilling: () => boolean;
}

type WorkerReading = TrackerReading["workers"][number];

/** One row for each worker: a web worker answers HTTPS and WebTorrent, and its connections are those of TCP. */
function mergeWorkers(rows: readonly WorkerReading[]): WorkerReading[] {
  const merged = new Map<string, WorkerReading>();
  for (const row of rows) {
    const first = merged.get(row.name);
    merged.set(
      row.name,
      first === undefined
        ? row
        : {
            ...first,
            requestsTotal: first.requestsTotal + row.requestsTotal,
            responsesTotal: first.responsesTotal + row.responsesTotal,
            busySeconds: (first.busySeconds ?? 0) + (row.busySeconds ?? 0),
          },
    );
  }
  return [...merged.values()];
}

export class TrackerSource implements StatisticsSource {
  readonly version: string;
  readonly startedMilliseconds = Date.now();
  readonly hostLimitBytes: number | null;
  isServing = false;
  #reload: ReloadStats | null = null;
  readonly #parts: TrackerSourceParts;
  readonly #clients: ClientTally | undefined;

  constructor(parts: TrackerSourceParts) {
    this.#parts = parts;
    this.version = parts.version;
    const samples = parts.reports.flatMap(({ peerIdSamples }) => peerIdSamples ?? []);
    if (samples.length > 0) this.#clients = new ClientTally(samples, Date.now());
    this.hostLimitBytes = availableMemory().bytes;
  }

  read(): TrackerReading {
    const { config, store, isFilling, isJoining } = this.#parts;
    const counters = this.#parts.counters.copy();
    const readings: ProtocolReading[] = [];
    const udp = counters.of(udpColumns.udpCounters);
    if (udp !== undefined) readings.push(readUdp(udp, this.#workersOf("udp")));
    const http = counters.of(httpColumns.httpCounters);
    const tcp = counters.of(tcpColumns.tcpCounters);
    if (http !== undefined && tcp !== undefined)
      readings.push(readHttp(http, tcp, this.#workersOf("http")));
    const wsTable = counters.of(wsColumns.wsCounters);
    const ws = wsTable && readWs(wsTable, this.#workersOf("ws"), config.ws.maxMemory * MIB);
    if (ws !== undefined) readings.push(ws);
    const clusterTable = counters.of(clusterColumns.clusterCounters);
    const cluster = clusterTable && readCluster(clusterTable, wsTable);
    const totals = readSwarmTotals(store);
    const swarms = sharedSwarms(totals);
    return {
      samples: counters.samples(),
      requests: readings.flatMap(({ requests }) => requests),
      responses: readings.flatMap(({ responses }) => responses),
      bandwidth: readings.flatMap(({ bandwidth }) => bandwidth),
      problems: [...readings, ...(cluster ? [cluster] : [])].flatMap(({ problems }) => problems),
      cluster: cluster?.cluster,
      workers: mergeWorkers(readings.flatMap(({ workers }) => workers)),
      swarms: ws === undefined ? swarms : [...swarms, ws.swarm],
      torrentsOfStores: { shared: totals.torrents, ws: ws?.torrents ?? 0 },
      completedTotal: totals.completed + (ws?.completedTotal ?? 0),
      connections: [
        ...(tcp === undefined
          ? []
          : [
              {
                ...({ transport: "tcp", limit: config.web.maxConnections } as const),
                ...readConnections(tcp),
              },
            ]),
        ...(ws === undefined ? [] : [ws.connection]),
      ],
      budgets: [
        {
          name: "swarms",
          usedBytes: totals.usedBytes - totals.freeBytes,
          limitBytes: store.arenaBytes * SHARD_COUNT,
          refusedTotal: totals.refused,
        },
        ...(ws === undefined ? [] : [ws.budget]),
      ],
      isBeingFilled: isFilling() || isJoining(),
      latencies: this.#latencies().flatMap(readLatency),
    };
  }

  addresses(): readonly TrackerAddress[] {
    return this.#parts.addresses();
  }

  isReady(): boolean {
    return this.isServing && !this.#parts.isJoining();
  }

  certificates(nowMilliseconds: number): CertificateRow[] {
    return this.#parts.reports.flatMap(({ certificates }) =>
      (certificates?.() ?? []).map(({ section, subject, expiresMilliseconds }) => ({
        ...{ section, subject, expiresMilliseconds },
        secondsToExpiry: Math.round((expiresMilliseconds - nowMilliseconds) / 1000),
      })),
    );
  }

  lastReload(): ReloadStats | null {
    return this.#reload;
  }

  /** Several files may have been read again; it succeeded if all were. */
  noteReload(outcomes: readonly ReloadOutcome[]): void {
    const failed = outcomes.filter(({ isSuccess }) => !isSuccess);
    const told = failed.length > 0 ? failed : outcomes;
    this.#reload = {
      timeMilliseconds: Date.now(),
      isSuccess: failed.length === 0,
      text: told.length === 0 ? "nothing to reload" : told.map(({ text }) => text).join(", "),
    };
  }

  peersPerTorrent(nowMilliseconds: number): PeersPerTorrent | null {
    for (const { peersPerTorrent } of this.#parts.reports)
      if (peersPerTorrent !== undefined) return peersPerTorrent(nowMilliseconds);
    return null;
  }

  clients(): ClientStats | null {
    return this.#clients?.read(Date.now()) ?? null;
  }

  #latencies(): LatencySource[] {
    return this.#parts.reports.flatMap(({ latencies }) => latencies ?? []);
  }

  /** The names of a protocol's workers, by their row. */
  #workersOf(protocol: LatencySource["protocol"]): readonly string[] {
    return this.#latencies().find((source) => source.protocol === protocol)?.workers ?? [];
  }
}

function sharedSwarms(totals: ReturnType<typeof readSwarmTotals>): TrackerReading["swarms"] {
  const row = (family: "ipv4" | "ipv6", peers: number, seeders: number) =>
    ({ store: "shared", family, peers, seeders, leechers: peers - seeders }) as const;
  return [
    row("ipv4", totals.peersIpv4, totals.seedersIpv4),
    row("ipv6", totals.peersIpv6, totals.seedersIpv6),
  ];
}

function readLatency({ protocol, workers, histogram }: LatencySource): LatencyTotal[] {
  if (histogram === undefined) return [];
  return [
    { protocol, worker: null, microseconds: histogram.snapshot() },
    ...workers.map((worker, row) => ({
      ...{ protocol, worker },
      microseconds: histogram.snapshotOfRow(row),
    })),
  ];
}
