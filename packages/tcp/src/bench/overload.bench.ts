/**
 * A worker of engine `epoll` under twice the load that it can carry, whatever the machine: over real sockets of loopback, each step
 * asks for twice as much as the worker is given processor time for. How much time a request takes is measured first.
 *
 *   npm run overload [-- --smoke]
 *
 * Prints the share that was answered by way, family and kind, and the 99th percentile of the time from asking to the answer, in
 * the worker's own time.
 */
import { connect } from "node:net";
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
  PeerIdSample,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { webSection } from "../config.ts";
import { conversationSettingsOf } from "../conversation/conversation-keys.ts";
import { CONNECTIONS_ACCEPTED, RECEIVED_BYTES_IPV4, tcpCounters } from "../counters.ts";
import { EpollServer } from "../engines/epoll/hot/epoll-server.ts";
import { OverloadClients } from "./overload-clients.ts";
import {
  type HttpOverloadRow,
  OVERLOAD_LIMITS,
  OverloadRequests,
  printOverload,
} from "./overload-requests.ts";

const FAMILIES = [4, 6] as const;
/** Requests of a step at capacity. */
const STEP_REQUESTS = 200;
/** Steps in which the queues fill up. */
const SETTLE_STEPS = 25;
/** Steps after which a client of one request gives up. */
const PATIENCE_STEPS = 25;
/** Connections that wait to be accepted, of each listener: more than come in a step. */
const BACKLOG = 256;
/** Nobody is closed but for the load. */
const PATIENT = {
  maxConnectionsPerAddress: 50_000,
  requestTimeout: 1e6,
  maxConnectionIdle: 1e6,
  tlsHandshakeTimeout: 1e6,
};
const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)),
};

export interface HttpOverloadResult {
  readonly rows: readonly HttpOverloadRow[];
  /** Per second, of the processor time of the worker alone. */
  readonly capacity: number;
  readonly repeatsRefused: number;
}

class HttpOverload {
  readonly counters = CounterTable.create(httpColumns.httpCounters, 1);
  readonly #tcp = CounterTable.create(tcpCounters, 1);
  readonly #store = createSwarmStore({
    memoryBytesMax: 2 ** 28,
    limits: OVERLOAD_LIMITS,
  });
  readonly #listeners = FAMILIES.map((family) =>
    openTcpListener({ family, address: LOOPBACK[family], port: 0, backlog: BACKLOG }),
  );
  readonly #server: EpollServer;
  readonly #clients: OverloadClients;
  readonly requests = new OverloadRequests();
  /** The worker's own time: what it has been given so far. */
  #now = 0;
  #cpu: NodeJS.CpuUsage | undefined;

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
      ...conversationSettingsOf({ ...defaultConfig(webSection), ...PATIENT }, 1),
      ...{ requestBytesMax: 8192, connectionsMax: 50_000 },
      fdsEnd: Number.POSITIVE_INFINITY,
      counters: this.#tcp.row(0),
      refusals: Refusals.writer(undefined, 0, tcpCounters),
      rounds: new RoundTimer(histogram.row(0), 50, 0),
      nowMilliseconds,
      listenerFds: this.#listeners.map(({ fd }) => fd),
    });
    const [ipv4, ipv6] = this.#listeners;
    this.#clients = new OverloadClients({
      ports: { 4: ipv4?.port ?? 0, 6: ipv6?.port ?? 0 },
      open: connect,
      patienceSteps: PATIENCE_STEPS,
      take: (ask, isRefused) => this.requests.take(ask, isRefused, this.#now),
    });
  }

  /** Asks so often and gives the worker this much processor time; undefined serves all. Milliseconds used. */
  async step(requests: number, milliseconds: number | undefined): Promise<number> {
    for (let i = 0; i < requests; i++)
      this.requests.ask(this.#now, (...asked) => this.#clients.ask(...asked));
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

  close(): void {
    this.#clients.close();
    this.#server.close();
    for (const { fd } of this.#listeners) closeFd(fd);
  }
}

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
    overload.requests.isCounting = true;
    await press(steps);
    overload.requests.isCounting = false;
    // What was asked last waits behind what came before; the same load goes on meanwhile.
    await press(SETTLE_STEPS);
    return {
      rows: overload.requests.rows(),
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
  printOverload(rows, repeatsRefused);
}
