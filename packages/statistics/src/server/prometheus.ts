/**
 * The format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). Names, help, types, units and
 * labels are those that each counter was declared with (packages/metrics/src/define.ts); prom-client renders them, and adds
 * the metrics of the process. Beside the counters stand what is not a counter of a worker: swarms, memory, latency, build,
 * certificates, the last reload. Main thread.
 */
import type { Sample } from "@swarmtide/metrics";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Snapshot } from "../collect/collector.ts";

const MICROSECONDS = 1e6;
/** 100 µs to 5 s. */
const LATENCY_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** Gauges of prom-client that end in _total, which promtool and OpenMetrics refuse. */
const MISNAMED = [
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

/** What prom-client asks for each histogram; its types name the return type only here. */
type HistogramValues = Awaited<ReturnType<Histogram["get"]>>;

export class PrometheusText {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #process = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#process });
    for (const name of MISNAMED) this.#process.removeSingleMetric(name);
  }

  /** Everything of a snapshot. */
  async render(snapshot: Snapshot): Promise<string> {
    const registry = new Registry();
    for (const family of familiesOf([...snapshot.samples, ...otherSamples(snapshot)]))
      addFamily(registry, family);
    registry.registerMetric(new LatencyHistogram(snapshot));
    return `${await registry.metrics()}${await this.#process.metrics()}`;
  }

  /** Ends the measuring of the process. */
  close(): void {
    this.#process.clear();
  }
}

function familiesOf(samples: readonly Sample[]): Sample[][] {
  const families = new Map<string, Sample[]>();
  for (const sample of samples) {
    const family = families.get(sample.name);
    if (family === undefined) families.set(sample.name, [sample]);
    else family.push(sample);
  }
  return [...families.values()];
}

function addFamily(registry: Registry, samples: readonly Sample[]): void {
  const [first] = samples;
  if (first === undefined) return;
  const { name, help, kind } = first;
  const options = { name, help, labelNames: Object.keys(first.labels), registers: [registry] };
  if (kind === "counter") {
    const counter = new Counter(options);
    for (const { labels, value } of samples) counter.inc(labels, value);
  } else {
    const gauge = new Gauge(options);
    for (const { labels, value } of samples) gauge.set(labels, value);
  }
}

/** Gauges and counters that no worker counts. */
class OtherSamples {
  readonly list: Sample[] = [];

  gauge(name: string, help: string, value: number, labels: Record<string, string> = {}): void {
    this.#add("gauge", name, help, value, labels);
  }

  counter(name: string, help: string, value: number): void {
    this.#add("counter", name, help, value, {});
  }

  #add(
    kind: "counter" | "gauge",
    name: string,
    help: string,
    value: number,
    labels: Record<string, string>,
  ): void {
    this.list.push({ kind, name: `swarmtide_${name}`, help, value, labels, unit: undefined });
  }
}

function otherSamples({ stats }: Snapshot): Sample[] {
  const samples = new OtherSamples();
  addProcess(samples, stats);
  addSwarms(samples, stats);
  for (const { section, subject, secondsToExpiry } of stats.certificates)
    samples.gauge(
      "certificate_expiry_seconds",
      "Seconds until a certificate expires, negative once it has.",
      secondsToExpiry,
      { section, subject },
    );
  return samples.list;
}

function addProcess(samples: OtherSamples, { process, lastReload }: Snapshot["stats"]): void {
  const { version, nodeVersion, startedMilliseconds, isReady } = process;
  samples.gauge("build_info", "Always 1; the labels say what runs.", 1, {
    version,
    node_version: nodeVersion,
  });
  samples.gauge(
    "start_time_seconds",
    "When the tracker started, in Unix time.",
    startedMilliseconds / 1000,
  );
  samples.gauge(
    "ready",
    "1 while the tracker serves, 0 while it starts or stops.",
    isReady ? 1 : 0,
  );
  if (lastReload === null) return;
  samples.gauge(
    "last_reload_time_seconds",
    "When settings were last reloaded, in Unix time.",
    lastReload.timeMilliseconds / 1000,
  );
  samples.gauge(
    "last_reload_success",
    "1 if the last reload succeeded, 0 if not.",
    lastReload.isSuccess ? 1 : 0,
  );
}

function addSwarms(samples: OtherSamples, { swarms, memory }: Snapshot["stats"]): void {
  const peers = "Peers stored, by store, family and role.";
  for (const { store, family, seeders, leechers } of swarms.rows) {
    samples.gauge("swarm_peers", peers, seeders, { store, family, role: "seeder" });
    samples.gauge("swarm_peers", peers, leechers, { store, family, role: "leecher" });
  }
  const { shared, ws } = swarms.torrentsOfStores;
  samples.gauge("swarm_torrents", "Torrents stored, by store.", shared, { store: "shared" });
  samples.gauge("swarm_torrents", "Torrents stored, by store.", ws, { store: "ws" });
  samples.counter(
    "swarm_completed_total",
    "Downloads completed: leechers that became seeders with the event completed.",
    swarms.completed.total,
  );
  for (const { name, usedBytes, limitBytes } of memory.budgets) {
    const labels = { budget: name };
    samples.gauge("memory_used_bytes", "Memory in use, by budget.", usedBytes, labels);
    samples.gauge("memory_limit_bytes", "Memory that may be used, by budget.", limitBytes, labels);
  }
}

const LATENCY = {
  name: "swarmtide_latency_seconds",
  help: "How long requests stay inside a worker, from their arrival until the reply is sent; a stall also counts for the requests that would have arrived during it.",
} as const;

/** The latency of all workers, whose buckets are filled already: prom-client's own histogram fills its own. */
class LatencyHistogram extends Histogram {
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    super({ ...LATENCY, registers: [] });
    this.#snapshot = snapshot;
  }

  override async get(): Promise<HistogramValues> {
    const values: HistogramValues["values"] = [];
    for (const { protocol, worker, microseconds } of this.#snapshot.latencies) {
      if (worker === null) continue;
      const add = (ending: string, value: number, more: Record<string, string | number> = {}) =>
        values.push({
          metricName: `${LATENCY.name}_${ending}`,
          labels: { protocol, worker, ...more },
          value,
        });
      for (const le of LATENCY_BUCKETS_SECONDS)
        add("bucket", microseconds.countAtMost(le * MICROSECONDS), { le });
      add("bucket", microseconds.count, { le: "+Inf" });
      add("sum", microseconds.sum / MICROSECONDS);
      add("count", microseconds.count);
    }
    const empty = new Histogram({ name: LATENCY.name, help: LATENCY.help, registers: [] });
    return { ...(await empty.get()), values };
  }

  /** What the registry calls where it is there. */
  getForPromString(): Promise<HistogramValues> {
    return this.get();
  }
}
