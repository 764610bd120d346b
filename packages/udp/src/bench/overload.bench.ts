/**
 * A UDP worker under twice the load that it can carry, whatever the machine: over real sockets of loopback, each step sends twice
 * as many requests as the worker is given processor time for. How much time a request takes is measured first.
 *
 *   npm run overload [-- --smoke]
 *
 * Four fifths of the requests come over IPv4. A fifth are announces that repeat earlier ones. Prints the share of requests that
 * were answered, by family and kind, and the 99th percentile of the time from sending to the answer, in the worker's own time.
 */

import { pathToFileURL } from "node:url";
import { socketDrops } from "@swarmtide/linux";
import { CounterTable } from "@swarmtide/metrics";
import { createSwarmStore, limitsSection } from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { DROPPED_BEHIND, udpCounters } from "../counters.ts";
import type { UdpTracker } from "../hot/udp-tracker.ts";
import {
  announceRequest,
  connectRequest,
  infoHash,
  scrapeRequest,
} from "../testing/tracker-client.ts";
import { testUdpTracker } from "../testing/udp-tracker.ts";
import { type Family, OverloadPlace } from "./overload-place.ts";

const KINDS = ["connect", "announce", "repeat", "scrape", "probe of an unknown torrent"] as const;
const FAMILIES = [4, 6] as const;
/** Requests of a step at capacity. */
const STEP_REQUESTS = 1280;
/** Steps in which the queues fill up. */
const SETTLE_STEPS = 25;
const SPEAKERS = 2000;

export interface OverloadRow {
  readonly family: Family;
  readonly kind: string;
  readonly sent: number;
  readonly answered: number;
  readonly p99Milliseconds: number;
}

export interface OverloadResult {
  readonly rows: readonly OverloadRow[];
  /** Per second, of the processor time of the worker alone. */
  readonly capacity: number;
  readonly repeatsDropped: number;
  readonly queueDrops: number;
}

/** What is known of a request by its transaction id. */
interface Sent {
  readonly row: number;
  readonly atMilliseconds: number;
}

class Overload {
  readonly counters = CounterTable.create(udpCounters, 1);
  readonly #tracker: UdpTracker;
  readonly #places: Record<Family, OverloadPlace>;
  readonly #sent: Sent[] = [];
  readonly #latencies: number[][] = Array.from(
    { length: FAMILIES.length * KINDS.length },
    () => [],
  );
  readonly #sentOf: number[] = this.#latencies.map(() => 0);
  /** The worker's own time: what it has been given so far. */
  #now = 0;
  #turn: Family = 4;
  readonly #random = randomBelow(1);
  isCounting = false;

  constructor() {
    this.#tracker = testUdpTracker({
      store: createSwarmStore({
        memoryBytesMax: 2 ** 30,
        limits: {
          ...defaultConfig(limitsSection),
          exempt: [],
          maxPeersPerAddress: 0,
          maxTorrentsPerAddress: 0,
          maxScrapesPerAddress: 0,
        },
      }),
      counters: this.counters.familyRows(0),
      config: { maxConnectionAge: 3600 },
    });
    const ids = this.#tracker.connectionIds;
    this.#places = {
      4: new OverloadPlace(4, this.#tracker, ids),
      6: new OverloadPlace(6, this.#tracker, ids),
    };
  }

  get queueDrops(): number {
    return FAMILIES.reduce((sum, family) => sum + (socketDrops(this.#places[family].fd) ?? 0), 0);
  }

  /** Sends so many requests and gives the worker this much processor time; undefined serves all. Milliseconds used. */
  step(requests: number, milliseconds: number | undefined): number {
    for (let i = 0; i < requests; i++) this.#send();
    for (const family of FAMILIES) this.#places[family].flush();
    this.#tracker.setNow(this.#now / 1000);
    const start = this.#now;
    const end = milliseconds === undefined ? Number.POSITIVE_INFINITY : start + milliseconds;
    for (let idle = 0; idle < FAMILIES.length && this.#now < end; ) {
      const before = process.cpuUsage();
      const taken = this.#places[this.#turn].worker.serve();
      const used = process.cpuUsage(before);
      if (taken > 0) this.#now += (used.user + used.system) / 1000;
      idle = taken > 0 ? 0 : idle + 1;
      this.#turn = this.#turn === 4 ? 6 : 4;
    }
    for (const family of FAMILIES) this.#places[family].receive((id) => this.#take(id));
    const used = this.#now - start;
    // Time that a worker does not need passes all the same.
    if (milliseconds !== undefined) this.#now = Math.max(this.#now, end);
    return used;
  }

  #send(): void {
    const isIpv6 = this.#random(5) === 0;
    const place = this.#places[isIpv6 ? 6 : 4];
    const kind = [0, 0, 0, 1, 1, 1, 2, 2, 3, 4][this.#random(10)] ?? 0;
    const row = (isIpv6 ? KINDS.length : 0) + kind;
    const request = this.#build(kind, place.id);
    request.writeUInt32BE(this.#sent.length, 12);
    this.#sent.push({ row: this.isCounting ? row : -1, atMilliseconds: this.#now });
    if (this.isCounting) this.#sentOf[row] = (this.#sentOf[row] ?? 0) + 1;
    place.queue(request);
  }

  #build(kind: number, id: Buffer): Buffer {
    if (kind === 0) return connectRequest();
    if (kind === 1)
      return announceRequest(id, {
        port: 1 + this.#random(65_000),
        infoHash: this.#random(20_000),
        wanted: 30,
      });
    if (kind === 2) {
      const speaker = this.#random(SPEAKERS);
      return announceRequest(id, {
        port: 1 + speaker,
        infoHash: speaker % 500,
        wanted: 30,
        left: 0n,
      });
    }
    return scrapeRequest(id, [
      kind === 3
        ? infoHash(this.#random(20_000))
        : Buffer.alloc(20, this.#random(2 ** 31).toString()),
    ]);
  }

  #take(transaction: number): void {
    const sent = this.#sent[transaction];
    if (sent !== undefined && sent.row >= 0)
      this.#latencies[sent.row]?.push(this.#now - sent.atMilliseconds);
  }

  rows(): OverloadRow[] {
    return this.#latencies.map((latencies, row) => {
      latencies.sort((a, b) => a - b);
      return {
        family: row < KINDS.length ? 4 : 6,
        kind: KINDS[row % KINDS.length] ?? "",
        sent: this.#sentOf[row] ?? 0,
        answered: latencies.length,
        p99Milliseconds: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
      };
    });
  }

  close(): void {
    for (const family of FAMILIES) this.#places[family].close();
  }
}

/** Load is a multiple of what the worker can carry. */
export function runOverload(load: number, steps: number): OverloadResult {
  const overload = new Overload();
  try {
    // Twice, so that what is measured is compiled code.
    let milliseconds = 0;
    for (const isMeasured of [false, true])
      for (let i = 0; i < SETTLE_STEPS; i++) {
        const used = overload.step(STEP_REQUESTS, undefined);
        if (isMeasured) milliseconds += used / SETTLE_STEPS;
      }
    for (let i = 0; i < SETTLE_STEPS; i++) overload.step(STEP_REQUESTS * load, milliseconds);
    overload.isCounting = true;
    for (let i = 0; i < steps; i++) overload.step(STEP_REQUESTS * load, milliseconds);
    overload.isCounting = false;
    // What was sent last waits behind what came before; the same load goes on meanwhile.
    for (let i = 0; i < SETTLE_STEPS; i++) overload.step(STEP_REQUESTS * load, milliseconds);
    return {
      rows: overload.rows(),
      capacity: (STEP_REQUESTS / milliseconds) * 1000,
      repeatsDropped: overload.counters.sum(DROPPED_BEHIND),
      queueDrops: overload.queueDrops,
    };
  } finally {
    overload.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { rows, capacity, repeatsDropped, queueDrops } = runOverload(
    2,
    process.argv.includes("--smoke") ? 20 : 300,
  );
  console.log(
    `Twice the load of a worker that carries ${Math.round(capacity)} requests a second.\n`,
  );
  console.log("| family | kind | sent | answered | p99 |\n|---|---|---:|---:|---:|");
  for (const { family, kind, sent, answered, p99Milliseconds } of rows)
    console.log(
      `| IPv${family} | ${kind} | ${sent} | ${((answered / sent) * 100).toFixed(1)} % | ${p99Milliseconds.toFixed(0)} ms |`,
    );
  console.log(
    `\nDropped: ${repeatsDropped} repeats by the worker, ${queueDrops} requests by the kernel.`,
  );
}
