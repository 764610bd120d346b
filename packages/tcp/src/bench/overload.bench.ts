/**
 * A worker of engine `epoll` under twice the load that it can carry, whatever the machine: over real sockets of loopback, each step
 * asks for twice as much as the worker is given processor time for. How much time a request takes is measured first.
 *
 *   npm run overload [-- --smoke]
 *
 * Four fifths of the requests come over IPv4; half of all on connections that are kept, each with one request at a time, half on
 * connections of their own. A fifth are announces that repeat earlier ones. Prints the share that was answered by way,
 * family and kind, and the 99th percentile of the time from asking to the answer, in the worker's own time.
 */
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { httpColumns, httpSection } from "@swarmtide/http";
import { closeFd, openTcpListener } from "@swarmtide/linux";
import { CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import {
  AccessList,
  Admission,
  AnnounceInterval,
  createSwarmStore,
  limitsSection,
  PeerIdSample,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { CONNECTIONS_ACCEPTED, RECEIVED_BYTES_IPV4, tcpCounters } from "../counters.ts";
import { EpollServer } from "../engines/epoll/hot/epoll-server.ts";
import { type Ask, OverloadClients } from "./overload-clients.ts";

const KINDS = ["announce", "repeat", "scrape", "probe of an unknown torrent"] as const;
const WAYS = ["kept", "new"] as const;
const FAMILIES = [4, 6] as const;
/** Requests of a step at capacity. */
const STEP_REQUESTS = 200;
/** Steps in which the queues fill up. */
const SETTLE_STEPS = 25;
/** Connections that wait to be accepted, of each listener: more than come in a step. */
const BACKLOG = 256;
const SPEAKERS = 300;
const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)),
};

export interface HttpOverloadRow {
  readonly way: string;
  readonly family: 4 | 6;
  readonly kind: string;
  readonly asked: number;
  readonly answered: number;
  readonly refused: number;
  readonly p99Milliseconds: number;
}

export interface HttpOverloadResult {
  readonly rows: readonly HttpOverloadRow[];
  /** Per second, of the processor time of the worker alone. */
  readonly capacity: number;
  readonly repeatsRefused: number;
}

interface Tally {
  asked: number;
  refused: number;
  readonly latencies: number[];
}

class HttpOverload {
  readonly counters = CounterTable.create(httpColumns.httpCounters, 1);
  readonly #tcp = CounterTable.create(tcpCounters, 1);
  readonly #store = createSwarmStore({
    memoryBytesMax: 2 ** 28,
    limits: {
      ...defaultConfig(limitsSection),
      ...{ exempt: [], maxPeersPerAddress: 0, maxTorrentsPerAddress: 0, maxScrapesPerAddress: 0 },
    },
  });
  readonly #listeners = FAMILIES.map((family) =>
    openTcpListener({ family, address: LOOPBACK[family], port: 0, backlog: BACKLOG }),
  );
  readonly #server: EpollServer;
  readonly #clients: OverloadClients;
  readonly #tallies: Tally[] = Array.from(
    { length: WAYS.length * FAMILIES.length * KINDS.length },
    () => ({ asked: 0, refused: 0, latencies: [] }),
  );
  /** The worker's own time: what it has been given so far. */
  #now = 0;
  #cpu: NodeJS.CpuUsage | undefined;
  #state = 1;
  isCounting = false;

  constructor() {
    const histogram = Histogram.create({ rows: 1 });
    const nowMilliseconds = () => this.#now + millisecondsSince(this.#cpu);
    this.#server = new EpollServer({
      handler: {
        store: this.#store,
        admission: new Admission(AccessList.attach(AccessList.build({ mode: "off" }))),
        counters: this.counters.familyRows(0),
        config: defaultConfig(httpSection),
        interval: new AnnounceInterval(900, 1, 0),
        peerIds: new PeerIdSample(undefined),
        ...{ requestBytesMax: 8192, headersMax: 64, requestsPerConnectionMax: 1_000_000 },
        ...{ trustedProxies: [], forwardedHeaderName: "X-Forwarded-For" },
        upgradesWebSockets: false,
      },
      ...{ requestBytesMax: 8192, trustedProxies: [], proxyProtocol: false },
      ...{ connectionsMax: 50_000, connectionsPerAddressMax: 50_000 },
      fdsEnd: Number.POSITIVE_INFINITY,
      ...{ requestTimeoutMilliseconds: 1e9, idleTimeoutMilliseconds: 1e9 },
      handshakeTimeoutMilliseconds: 1e9,
      counters: this.#tcp.row(0),
      refusals: Refusals.writer(undefined, 0, tcpCounters),
      rounds: new RoundTimer(histogram.row(0), 50, 0),
      nowMilliseconds,
      listenerFds: this.#listeners.map(({ fd }) => fd),
    });
    const [ipv4, ipv6] = this.#listeners;
    const take = (ask: Ask, isRefused: boolean) => this.#take(ask, isRefused);
    this.#clients = new OverloadClients({ 4: ipv4?.port ?? 0, 6: ipv6?.port ?? 0 }, take);
  }

  /** Asks so often and gives the worker this much processor time; undefined serves all. Milliseconds used. */
  async step(requests: number, milliseconds: number | undefined): Promise<number> {
    for (let i = 0; i < requests; i++) this.#ask();
    for (let i = 0; i < 4; i++) await turn();
    const start = this.#now;
    const end = milliseconds === undefined ? Number.POSITIVE_INFINITY : start + milliseconds;
    this.#store.setNow(this.#now / 1000);
    for (let idle = 0; idle < 3 && this.#now < end; ) {
      const isBusy = this.#serve();
      idle = isBusy ? 0 : idle + 1;
      // Who serves all waits for clients, too.
      if (milliseconds === undefined) await turn();
      if (milliseconds === undefined && this.#clients.waiting > 0) idle = 0;
    }
    const used = this.#now - start;
    // Time that a worker does not need passes all the same.
    if (milliseconds !== undefined) this.#now = Math.max(this.#now, end);
    for (let i = 0; i < 4; i++) await turn();
    this.#clients.endStep();
    return used;
  }

  /** One round; whether there was something to do. */
  #serve(): boolean {
    const before = this.#tcp.sum(RECEIVED_BYTES_IPV4) + this.#tcp.sum(CONNECTIONS_ACCEPTED);
    this.#cpu = process.cpuUsage();
    this.#server.serveRound(0);
    const used = millisecondsSince(this.#cpu);
    this.#cpu = undefined;
    const isBusy =
      this.#tcp.sum(RECEIVED_BYTES_IPV4) + this.#tcp.sum(CONNECTIONS_ACCEPTED) > before;
    if (isBusy) this.#now += used;
    return isBusy;
  }

  #random(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  #ask(): void {
    const family = this.#random(5) === 0 ? 6 : 4;
    const isKept = this.#random(2) === 0;
    const kind = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3][this.#random(10)] ?? 0;
    const place = (isKept ? 0 : FAMILIES.length) + (family === 4 ? 0 : 1);
    const row = place * KINDS.length + kind;
    const tally = this.#tallies[row];
    if (this.isCounting && tally !== undefined) tally.asked++;
    const ask = { row: this.isCounting ? row : -1, atMilliseconds: this.#now };
    this.#clients.ask(family, isKept, this.#target(kind), ask);
  }

  #target(kind: number): string {
    const scrape = (hash: string) => `/scrape?info_hash=${hash}`;
    if (kind === 2) return scrape(hashOf(this.#random(2000)));
    if (kind === 3) return scrape(`u${String(this.#random(2 ** 31)).padStart(19, "0")}`);
    const speaker = this.#random(SPEAKERS);
    const [torrent, port] =
      kind === 1 ? [speaker % 50, 1 + speaker] : [this.#random(2000), 1000 + this.#random(60_000)];
    const peerId = `-ST0001-${String(port).padStart(12, "0")}`;
    return `/announce?info_hash=${hashOf(torrent)}&peer_id=${peerId}&port=${port}&uploaded=0&downloaded=0&left=${kind}&compact=1`;
  }

  #take({ row, atMilliseconds }: Ask, isRefused: boolean): void {
    const tally = this.#tallies[row];
    if (tally === undefined) return;
    if (isRefused) tally.refused++;
    else tally.latencies.push(this.#now - atMilliseconds);
  }

  rows(): HttpOverloadRow[] {
    return this.#tallies.map(({ asked, refused, latencies }, row) => {
      latencies.sort((a, b) => a - b);
      const place = Math.floor(row / KINDS.length);
      return {
        way: WAYS[place >> 1] ?? "",
        family: place % 2 === 0 ? 4 : 6,
        kind: KINDS[row % KINDS.length] ?? "",
        ...{ asked, refused, answered: latencies.length },
        p99Milliseconds: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
      };
    });
  }

  close(): void {
    this.#clients.close();
    this.#server.close();
    for (const { fd } of this.#listeners) closeFd(fd);
  }
}

/** They differ in their first bytes, as real ones do. */
const hashOf = (torrent: number): string => String(torrent).padStart(8, "0").padEnd(20, "t");

function millisecondsSince(before: NodeJS.CpuUsage | undefined): number {
  if (before === undefined) return 0;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Load is a multiple of what the worker can carry. */
export async function runHttpOverload(load: number, steps: number): Promise<HttpOverloadResult> {
  const overload = new HttpOverload();
  try {
    // Twice, so that what is measured is compiled code.
    let milliseconds = 0;
    for (const isMeasured of [false, true])
      for (let i = 0; i < SETTLE_STEPS; i++) {
        const used = await overload.step(STEP_REQUESTS, undefined);
        if (isMeasured) milliseconds += used / SETTLE_STEPS;
      }
    const press = async (count: number) => {
      for (let i = 0; i < count; i++) await overload.step(STEP_REQUESTS * load, milliseconds);
    };
    await press(SETTLE_STEPS);
    overload.isCounting = true;
    await press(steps);
    overload.isCounting = false;
    // What was asked last waits behind what came before; the same load goes on meanwhile.
    await press(SETTLE_STEPS);
    return {
      rows: overload.rows(),
      capacity: (STEP_REQUESTS / milliseconds) * 1000,
      repeatsRefused: overload.counters.sum(httpColumns.OVERLOAD_REPEATS),
    };
  } finally {
    overload.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const steps = process.argv.includes("--smoke") ? 20 : 150;
  const { rows, capacity, repeatsRefused } = await runHttpOverload(2, steps);
  console.log(
    `Twice the load of a worker that carries ${Math.round(capacity)} requests a second.\n`,
  );
  console.log(
    "| connection | family | kind | asked | answered | p99 |\n|---|---|---|---:|---:|---:|",
  );
  for (const { way, family, kind, asked, answered, p99Milliseconds } of rows)
    console.log(
      `| ${way} | IPv${family} | ${kind} | ${asked} | ${((answered / asked) * 100).toFixed(1)} % | ${p99Milliseconds.toFixed(0)} ms |`,
    );
  console.log(`\n${repeatsRefused} repeats were refused before the store was asked.`);
}
