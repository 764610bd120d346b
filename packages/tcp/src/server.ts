/**
 * HTTP and WebTorrent as a whole: their workers over listening sockets. Called by the program on the main thread.
 *
 *     const tls = config.web has a tls_address ? readTlsFiles(certificatePath, privateKeyPath) : undefined;
 *     const binding = bindWeb(config.web, config.http.workers, config.ws.enabled);
 *     const server = startWeb({ settings: { http, ws, web, accessList, tls }, binding, store, startedSeconds, … });
 *     await server.ready;
 */
import { randomBytes, randomInt } from "node:crypto";
import { httpColumns } from "@swarmtide/http";
import { linuxSupported } from "@swarmtide/linux";
import { CounterTable, Histogram, LATENCY_PRECISION_BITS, Refusals } from "@swarmtide/metrics";
import {
  joinGroups,
  type NodeChannelHandle,
  startGroup,
  type WorkerGroup,
  workerModule,
} from "@swarmtide/runtime";
import { type AnnounceRingHandle, makePeerIdSample, type SwarmStoreHandle } from "@swarmtide/swarm";
import { makePeersByAddress, wsColumns } from "@swarmtide/ws";
import type { WebSettings, WebSetup, WebShared } from "./answering.ts";
import type { WebBinding, WebGroup } from "./bind.ts";
import { tcpCounters as tcpCounterDefinition } from "./counters.ts";
import { connectionFdsEnd } from "./descriptor-reserve.ts";
import { type TcpEngineName, tcpEngineOf } from "./engines/engines.ts";
import { openWebWorker } from "./open-worker.ts";
import { makeWorkerPorts, noPorts, transferOf } from "./worker-ports.ts";

export interface WebServerOptions {
  readonly settings: WebSettings;
  readonly binding: WebBinding;
  readonly store: SwarmStoreHandle;
  /** Monotonic clock when the tracker started; the same for everybody who uses the store. */
  readonly startedSeconds: number;
  /** Whether HTTP workers sample the software of clients, in `peerIdSamples`. */
  readonly countsClients?: boolean;
  /** Called with a hint for the operator, as a line for the log: an unnamed proxy, too few descriptors. */
  readonly onHint: (line: string) => void;
  /** Called once for each worker that died, with its name. */
  readonly onDeath: (reason: string) => void;
  /** Starts with workers that wait, see `startGroup`. */
  readonly isHeld?: boolean;
  /** Of the process before this one, so that its clients' sessions go on; by default new ones. */
  readonly ticketKeys?: Uint8Array | undefined;
  /** How long connections are served that are open when another process takes over. */
  readonly drainSeconds?: number;
  /** Called for each worker, where there are other nodes: makes where it writes what it serves. */
  readonly openRing?: (() => AnnounceRingHandle) | undefined;
  /** The same for each worker that serves WebTorrent: makes its channel to them. */
  readonly openChannel?: (() => NodeChannelHandle) | undefined;
}

export interface WebServer extends WorkerGroup<WebSettings> {
  /** Counters of all workers. */
  readonly httpCounters: CounterTable<"http">;
  /** Counters of all workers. */
  readonly tcpCounters: CounterTable<"tcp">;
  /** Microseconds that HTTP requests stay inside, with a row for each worker. */
  readonly latency: Histogram;
  /** The same of WebTorrent's messages, with a row for each worker that serves it. */
  readonly wsLatency: Histogram;
  /** Why requests and connections were refused, while that is switched on. */
  readonly refusals: Refusals;
  /** For each worker, see PeerIdSampleReader. */
  readonly peerIdSamples: readonly SharedArrayBuffer[];
  /** The names of the workers, by their row in the counters. */
  readonly workerNames: readonly string[];
  /** Those of them that serve WebTorrent, by their row in wsCounters. */
  readonly wsWorkerNames: readonly string[];
  /** Counters of all workers that serve WebTorrent; undefined where that is off. */
  readonly wsCounters: CounterTable<"ws"> | undefined;
  /** What TLS sessions are resumed with. */
  readonly ticketKeys: Uint8Array;
}

const TICKET_KEY_BYTES = 48;
/** The tables whose counters tell why something was refused. */
const REFUSING = [httpColumns.httpCounters, tcpCounterDefinition, wsColumns.wsCounters];
const OWNER_SECRET_END = 2 ** 32;

export function startWeb(options: WebServerOptions): WebServer {
  const { binding, settings } = options;
  const workersOf = (hasEventLoop: boolean) => countWorkers(binding, hasEventLoop);
  const rows = workersOf(false) + workersOf(true);
  const httpCounters = CounterTable.create(httpColumns.httpCounters, rows);
  const tcpCounters = CounterTable.create(tcpCounterDefinition, rows);
  const wsCounters = settings.ws.enabled
    ? CounterTable.create(wsColumns.wsCounters, workersOf(true))
    : undefined;
  const latency = latencyOf(rows);
  const wsLatency = latencyOf(workersOf(true) || 1);
  const refusals = new Refusals(rows, REFUSING);
  const peerIdSamples = Array.from({ length: rows }, makePeerIdSample);
  const shared: WebShared = {
    ws: wsCounters && {
      counters: wsCounters.handle,
      latency: wsLatency.handle,
      ownerSecret: randomInt(OWNER_SECRET_END) | 0,
      peersByAddress: makePeersByAddress(),
    },
    store: options.store,
    ...{ httpCounters: httpCounters.handle, tcpCounters: tcpCounters.handle },
    ...{ latency: latency.handle, startedSeconds: options.startedSeconds },
    peerIdSamples: options.countsClients === true ? peerIdSamples : [],
    refusals: refusals.handle,
    rings: options.openRing ? Array.from({ length: rows }, options.openRing) : [],
    fdsEnd: connectionFdsEnd(),
    ticketKeys: options.ticketKeys ?? new Uint8Array(randomBytes(TICKET_KEY_BYTES)),
    drainSeconds: options.drainSeconds ?? 0,
  };
  const ports = makeWorkerPorts(workersOf(false), workersOf(true));
  const workerNames: string[] = [];
  const workers = joinGroups(
    binding.groups.map((group) => {
      const own = tcpEngineOf(group.engine).hasEventLoop ? ports.web : ports.epoll;
      const setups = group.listeners.ofWorkers.map(
        (listeners, index): WebSetup => ({
          ...{ shared, engine: group.engine, listeners, index },
          row: workerNames.push(nameOf(group.engine, index)) - 1,
          workers: group.listeners.ofWorkers.length,
          ports: own[index] ?? noPorts(),
          channel: own === ports.web && settings.ws.enabled ? options.openChannel?.() : undefined,
        }),
      );
      return startEngine(group, setups, options);
    }),
  );
  const wsWorkerNames = wsCounters ? workerNames.filter((name) => name.startsWith("web-")) : [];
  return {
    ...workers,
    httpCounters,
    tcpCounters,
    wsCounters,
    ...{ latency, wsLatency, refusals },
    workerNames,
    wsWorkerNames,
    peerIdSamples,
    ticketKeys: shared.ticketKeys,
  };
}

/** The workers whose engine has an event loop, or has none. */
const countWorkers = ({ groups }: WebBinding, hasEventLoop: boolean): number =>
  groups
    .filter(({ engine }) => tcpEngineOf(engine).hasEventLoop === hasEventLoop)
    .reduce((sum, { listeners }) => sum + listeners.ofWorkers.length, 0);

const latencyOf = (rows: number): Histogram =>
  Histogram.create({ rows, precisionBits: LATENCY_PRECISION_BITS });

/** `web-1`: a worker with an event loop; `http-1`: one without. */
const nameOf = (engine: TcpEngineName, index: number): string =>
  `${tcpEngineOf(engine).hasEventLoop ? "web" : "http"}-${index + 1}`;

/** The workers of one engine. */
function startEngine(
  { engine, listeners }: WebGroup,
  setups: readonly WebSetup[],
  { settings, onHint, onDeath, isHeld }: WebServerOptions,
): WorkerGroup<WebSettings> {
  const { closesListeners } = tcpEngineOf(engine);
  const isThreaded = linuxSupported();
  const group = startGroup<WebSetup, WebSettings>({
    entry: isThreaded ? workerModule(import.meta.url, "worker") : openWebWorker,
    workers: setups.map((setup) => ({
      name: nameOf(engine, setup.index),
      setup,
      transfer: [...transferOf(setup.ports), ...(setup.channel ? [setup.channel.port] : [])],
    })),
    settings: settingsFor(engine, settings),
    onHint,
    onDeath,
    isHeld: isHeld ?? false,
    servesOnceOpen: closesListeners,
  });
  return {
    ...group,
    reload: (news) => group.reload(settingsFor(engine, news)),
    async stop() {
      const isInTime = await group.stop();
      if (!closesListeners) listeners.close();
      return isInTime;
    },
  };
}

/** Only engines that can use the private key get it. */
const settingsFor = (engine: TcpEngineName, settings: WebSettings): WebSettings =>
  tcpEngineOf(engine).servesTls ? settings : { ...settings, tls: undefined };
