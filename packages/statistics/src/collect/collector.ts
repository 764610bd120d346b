/**
 * The one source of truth: reads the tracker once a second and makes the snapshot that page, JSON, Prometheus, the block on
 * stdout and `tracker.statistics()` show, so that all of them tell the same numbers of the same moment. Main thread.
 */
import { availableParallelism } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Sample } from "@swarmtide/metrics";
import type { HistoryPoint, HistorySeries } from "../api-history.ts";
import {
  API_VERSION,
  type ApiStats,
  type Counted,
  type LatencyRow,
  type MemoryStats,
  type ProblemRow,
  type WorkerRow,
} from "../api-shape.ts";
import { clusterStats } from "./cluster-stats.ts";
import { FillForecast } from "./fill-forecast.ts";
import { History, rounded, valuesOf } from "./history.ts";
import { LatencyWindows } from "./latency-windows.ts";
import { RateBook } from "./rates.ts";
import { ResidentMemory } from "./resident-memory.ts";
import type { LatencyTotal, StatisticsSource, TrackerReading, TrafficTotal } from "./source.ts";
import { judge } from "./verdicts.ts";

/** Everything of one moment. */
export interface Snapshot {
  /** As JSON shows it, without the history. */
  readonly stats: Omit<ApiStats, "history">;
  /** Every counter as it was declared. */
  readonly samples: readonly Sample[];
  readonly latencies: readonly LatencyTotal[];
}

/** What the collector reads beside the tracker; tests bring their own. */
export interface CollectorClock {
  readonly nowMilliseconds: () => number;
  /** Microseconds of processor time of the whole process. */
  readonly cpuMicroseconds: () => number;
}

const processClock: CollectorClock = {
  nowMilliseconds: () => Date.now(),
  cpuMicroseconds: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

const CPU_CORES = availableParallelism();

export class StatisticsCollector {
  readonly #source: StatisticsSource;
  readonly #clock: CollectorClock;
  readonly #rates = new RateBook();
  readonly #history = new History();
  readonly #resident = new ResidentMemory();
  readonly #latencies = new Map<string, LatencyWindows>();
  readonly #forecasts = new Map<string, FillForecast>();
  #latest: Snapshot;

  constructor(source: StatisticsSource, clock: CollectorClock = processClock) {
    this.#source = source;
    this.#clock = clock;
    this.#latest = this.collect();
  }

  /** The snapshot of the last second. */
  get latest(): Snapshot {
    return this.#latest;
  }

  get history(): NonNullable<ApiStats["history"]> {
    return this.#history.read();
  }

  /** Closes what it reads from. `latest` stays. */
  close(): void {
    this.#resident.close();
  }

  /** Makes the snapshot of now, from here on the latest. Called by a timer once a second, and by whoever wants no older one. */
  collect(): Snapshot {
    const now = this.#clock.nowMilliseconds();
    this.#rates.begin(now);
    const reading = this.#source.read();
    const facts = {
      ...this.#traffic(reading),
      swarms: this.#swarms(reading),
      connections: reading.connections.map(({ transport, open, limit, openedTotal }) => ({
        ...{ transport, open, limit },
        opened: this.#rates.counted(`opened ${transport}`, openedTotal),
      })),
      latency: reading.latencies.map((total) => this.#latency(total, now)),
      problems: this.#problems(reading),
      memory: this.#memory(reading, now),
      peersPerTorrent: this.#source.peersPerTorrent(now),
      clients: this.#source.clients(),
      cluster: clusterStats(reading.cluster, this.#rates),
      workers: reading.workers.map((worker) => this.#worker(worker)),
      certificates: this.#source.certificates(now),
      lastReload: this.#source.lastReload(),
    };
    const process = this.#process(now);
    const latest = pointOf(facts, process, now);
    this.#history.push(latest);
    this.#latest = {
      stats: {
        apiVersion: API_VERSION,
        timeMilliseconds: now,
        process,
        addresses: this.#source.addresses(),
        verdicts: judge(facts),
        ...facts,
        latest,
      },
      samples: reading.samples,
      latencies: reading.latencies,
    };
    return this.#latest;
  }

  #process(nowMilliseconds: number): ApiStats["process"] {
    const { startedMilliseconds, version } = this.#source;
    const cpu = this.#rates.counted("cpu", this.#clock.cpuMicroseconds() / 1e6);
    return {
      version,
      nodeVersion: process.version,
      startedMilliseconds,
      uptimeSeconds: Math.floor((nowMilliseconds - startedMilliseconds) / 1000),
      isReady: this.#source.isReady(),
      cpuCores: cpu.perSecond.tenSeconds,
      cpuCoresAvailable: CPU_CORES,
    };
  }

  #traffic({ requests, responses, bandwidth }: TrackerReading) {
    const list = (way: string, totals: readonly TrafficTotal[]) => ({
      all: this.#rates.counted(
        way,
        sumOf(totals, ({ total }) => total),
      ),
      rows: totals.map(({ protocol, family, kind, total }) => ({
        ...{ protocol, family, kind },
        ...this.#rates.counted(`${way} ${protocol} ${family} ${kind}`, total),
      })),
    });
    return {
      requests: list("requests", requests),
      responses: list("responses", responses),
      bandwidth: {
        received: this.#rates.counted(
          "received",
          sumOf(bandwidth, ({ receivedBytes }) => receivedBytes),
        ),
        sent: this.#rates.counted(
          "sent",
          sumOf(bandwidth, ({ sentBytes }) => sentBytes),
        ),
        rows: bandwidth.map(({ protocol, family, receivedBytes, sentBytes }) => ({
          ...{ protocol, family },
          received: this.#rates.counted(`received ${protocol} ${family}`, receivedBytes),
          sent: this.#rates.counted(`sent ${protocol} ${family}`, sentBytes),
        })),
      },
    };
  }

  #swarms({ swarms, torrentsOfStores, completedTotal }: TrackerReading): ApiStats["swarms"] {
    return {
      torrents: torrentsOfStores.shared + torrentsOfStores.ws,
      peers: sumOf(swarms, ({ peers }) => peers),
      seeders: sumOf(swarms, ({ seeders }) => seeders),
      leechers: sumOf(swarms, ({ leechers }) => leechers),
      completed: this.#rates.counted("completed", completedTotal),
      rows: swarms,
      torrentsOfStores,
    };
  }

  #latency({ protocol, worker, microseconds }: LatencyTotal, now: number): LatencyRow {
    const key = `${protocol} ${worker}`;
    const windows = this.#latencies.get(key) ?? new LatencyWindows();
    this.#latencies.set(key, windows);
    return { protocol, worker, ...windows.push(microseconds, now) };
  }

  #problems({ problems }: TrackerReading): ProblemRow[] {
    return problems
      .map((problem) => ({
        ...problem,
        ...this.#rates.counted(
          `problem ${problem.metric} ${JSON.stringify(problem.labels)}`,
          problem.total,
        ),
      }))
      .filter(({ total }) => total > 0)
      .sort((a, b) => b.perSecond.minute - a.perSecond.minute || b.total - a.total);
  }

  #memory({ budgets, isBeingFilled }: TrackerReading, nowMilliseconds: number): MemoryStats {
    return {
      budgets: budgets.map(({ name, usedBytes, limitBytes, refusedTotal }) => {
        const forecast = this.#forecasts.get(name) ?? new FillForecast();
        this.#forecasts.set(name, forecast);
        if (isBeingFilled) forecast.restart();
        return {
          ...{ name, usedBytes, limitBytes },
          secondsUntilFull: forecast.push(nowMilliseconds, usedBytes, limitBytes),
          refused: this.#rates.counted(`no room ${name}`, refusedTotal),
        };
      }),
      residentBytes: this.#resident.read(),
      heapUsedBytes: getHeapStatistics().used_heap_size,
      hostLimitBytes: this.#source.hostLimitBytes,
    };
  }

  #worker(worker: TrackerReading["workers"][number]): WorkerRow {
    const { name, protocol, connections, busySeconds } = worker;
    const rateOf = (what: string, total: number): Counted =>
      this.#rates.counted(`worker ${name} ${what}`, total);
    const busyShare =
      busySeconds === null ? null : Math.min(1, rateOf("busy", busySeconds).perSecond.tenSeconds);
    return {
      ...{ name, protocol, connections, busyShare },
      requests: rateOf("requests", worker.requestsTotal),
      responses: rateOf("responses", worker.responsesTotal),
    };
  }
}

type Facts = Pick<
  ApiStats,
  | "requests"
  | "responses"
  | "bandwidth"
  | "swarms"
  | "connections"
  | "latency"
  | "problems"
  | "memory"
>;

function pointOf(facts: Facts, process: ApiStats["process"], now: number): HistoryPoint {
  const rateOf = (way: "requests" | "responses", protocol: string) =>
    sumOf(
      facts[way].rows.filter((row) => row.protocol === protocol),
      (row) => row.perSecond.second,
    );
  const measured = facts.latency.filter(
    ({ worker, tenSeconds }) => worker === null && tenSeconds.count > 0,
  );
  const worst = (name: "p50Seconds" | "p99Seconds") =>
    measured.length === 0 ? null : Math.max(...measured.map(({ tenSeconds }) => tenSeconds[name]));
  const values: Readonly<Record<HistorySeries, number | null>> = {
    requestsUdp: rateOf("requests", "udp"),
    requestsHttp: rateOf("requests", "http"),
    requestsWs: rateOf("requests", "ws"),
    responsesUdp: rateOf("responses", "udp"),
    responsesHttp: rateOf("responses", "http"),
    responsesWs: rateOf("responses", "ws"),
    errors: sumOf(
      facts.responses.rows.filter(({ kind }) => kind === "error"),
      ({ perSecond }) => perSecond.second,
    ),
    problems: sumOf(facts.problems, ({ perSecond }) => perSecond.second),
    receivedBytes: facts.bandwidth.received.perSecond.second,
    sentBytes: facts.bandwidth.sent.perSecond.second,
    torrents: facts.swarms.torrents,
    peers: facts.swarms.peers,
    seeders: facts.swarms.seeders,
    connections: facts.connections.find(({ transport }) => transport === "tcp")?.open ?? 0,
    latencyP50Seconds: worst("p50Seconds"),
    latencyP99Seconds: worst("p99Seconds"),
    memoryUsedBytes: sumOf(facts.memory.budgets, ({ usedBytes }) => usedBytes),
    residentBytes: facts.memory.residentBytes,
    cpuShare: process.cpuCores / process.cpuCoresAvailable,
  };
  return {
    timeSeconds: Math.floor(now / 1000),
    values: valuesOf((name) => {
      const value = values[name];
      return value === null ? null : rounded(value);
    }),
  };
}

function sumOf<T>(list: readonly T[], numberOf: (one: T) => number): number {
  let sum = 0;
  for (const one of list) sum += numberOf(one);
  return sum;
}
