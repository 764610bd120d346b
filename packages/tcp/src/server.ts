/**
 * HTTP and WebTorrent as a whole: their workers over listening sockets. Called by the program on the main thread.
 *
 *     const tls = config.web has a tls_address ? readTlsFiles(certificatePath, privateKeyPath) : undefined;
 *     const binding = bindWeb(config.web, config.http.workers, config.ws.enabled);
 *     const server = startWeb({ http, ws, web, binding, tls, store, accessList, control, startedSeconds, … });
 *     await server.ready;
 */
import { randomBytes, randomInt } from "node:crypto";
import { HTTP_COUNTER_NAMES, type HttpConfig } from "@swarmtide/http";
import { NamedCounterTable } from "@swarmtide/metrics";
import {
  type ControlBlock,
  type RunningWorker,
  startWorker,
  workerModule,
} from "@swarmtide/runtime";
import type { AccessListHandle, SwarmStoreHandle } from "@swarmtide/swarm";
import { WS_COUNTER_NAMES, type WsConfig } from "@swarmtide/ws";
import type { WebNotice, WebReload, WebShared, WebWorkerData } from "./answering.ts";
import type { WebBinding } from "./bind.ts";
import type { WebConfig } from "./config.ts";
import { WEB_COUNTER_NAMES } from "./counters.ts";
import { connectionFdsEnd } from "./descriptor-reserve.ts";
import { startNetAnswering } from "./net-answering.ts";
import type { TlsFiles } from "./tls-files.ts";
import { makeWorkerPorts, transferOf, type WorkerPorts } from "./worker-ports.ts";

export interface WebServerOptions {
  readonly http: HttpConfig;
  readonly ws: WsConfig;
  readonly web: WebConfig;
  readonly binding: WebBinding;
  /** Needed where there is a TLS listener. */
  readonly tls: TlsFiles | undefined;
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  readonly control: ControlBlock;
  /** Monotonic clock when the tracker started; the same for everybody who uses the store. */
  readonly startedSeconds: number;
  /** Hears what an operator should mend, as a line for the log: an unnamed proxy, too few descriptors. */
  readonly onHint: (line: string) => void;
  /** Hears once of a worker that died, and which one. */
  readonly onDeath: (reason: string) => void;
}

export interface WebServer {
  /** Fulfilled when every worker answers. */
  readonly ready: Promise<void>;
  /** Counters of all workers, by HTTP_COUNTER_NAMES. */
  readonly httpCounters: NamedCounterTable;
  /** Counters of all workers, by WEB_COUNTER_NAMES. */
  readonly webCounters: NamedCounterTable;
  /** Counters of all workers that serve WebTorrent, by WS_COUNTER_NAMES; undefined where that is off. */
  readonly wsCounters: NamedCounterTable | undefined;
  /** Hands what is new to the workers; the caller then calls `control.announceReload()`. */
  reload(news: { accessList?: AccessListHandle; tls?: TlsFiles }): void;
  /** From here on workers are expected to end; call before `control.stop()`. Fulfilled when all have. */
  stop(): Promise<void>;
}

const TICKET_KEY_BYTES = 48;
const OWNER_SECRET_END = 2 ** 32;

export function startWeb(options: WebServerOptions): WebServer {
  const { binding } = options;
  const rows = Math.max(1, binding.epollWorkers.length + binding.netWorkers.length);
  const httpCounters = NamedCounterTable.create(HTTP_COUNTER_NAMES, rows);
  const webCounters = NamedCounterTable.create(WEB_COUNTER_NAMES, rows);
  const wsCounters = options.ws.enabled
    ? NamedCounterTable.create(WS_COUNTER_NAMES, Math.max(1, binding.netWorkers.length))
    : undefined;
  const shared: WebShared = {
    http: options.http,
    web: options.web,
    ws: wsCounters && {
      config: options.ws,
      counters: wsCounters.handle,
      ownerSecret: randomInt(OWNER_SECRET_END) | 0,
    },
    store: options.store,
    accessList: options.accessList,
    httpCounters: httpCounters.handle,
    webCounters: webCounters.handle,
    startedSeconds: options.startedSeconds,
    fdsEnd: connectionFdsEnd(),
    ticketKeys: new Uint8Array(randomBytes(TICKET_KEY_BYTES)),
  };
  const serving =
    binding.mainListeners.length > 0
      ? startOnMainThread(options, shared)
      : startThreads(options, shared);
  return { ...serving, httpCounters, webCounters, wsCounters };
}

type Serving = Pick<WebServer, "ready" | "reload" | "stop">;

function startThreads(options: WebServerOptions, shared: WebShared): Serving {
  const { binding } = options;
  const ports = makeWorkerPorts(binding.epollWorkers.length, binding.netWorkers.length);
  const epoll = ports.epoll.map((own, i) => startThread("epoll", i, own, options, shared));
  const net = ports.web.map((own, i) => startThread("net", i, own, options, shared));
  const workers = [...epoll, ...net];
  return {
    ready: Promise.all(workers.map(({ ready }) => ready)).then(() => undefined),
    reload(news) {
      const message: WebReload = { accessList: news.accessList, tls: news.tls };
      for (const worker of workers) worker.post(message);
    },
    async stop() {
      for (const worker of workers) worker.expectEnd();
      await Promise.all(workers.map(({ ended }) => ended));
      // Workers with the engine "net" have closed their descriptors with their servers.
      binding.closeEpoll();
    },
  };
}

function startThread(
  kind: "epoll" | "net",
  index: number,
  ports: WorkerPorts,
  options: WebServerOptions,
  shared: WebShared,
): RunningWorker {
  const { binding, control, onDeath, onHint } = options;
  const isEpoll = kind === "epoll";
  const workers = isEpoll ? binding.epollWorkers : binding.netWorkers;
  const data: WebWorkerData = {
    shared,
    sockets: workers[index] ?? [],
    tls: isEpoll ? undefined : options.tls,
    control: control.buffer,
    row: isEpoll ? index : binding.epollWorkers.length + index,
    index,
    workers: workers.length,
    ports,
  };
  return startWorker({
    name: `${isEpoll ? "http" : "web"}-${index + 1}`,
    entry: workerModule(import.meta.url, isEpoll ? "epoll-worker" : "net-worker"),
    data,
    transfer: transferOf(ports),
    onDeath,
    onMessage: (message) => onHint((message as WebNotice).line),
  });
}

function startOnMainThread(options: WebServerOptions, shared: WebShared): Serving {
  const starting = startNetAnswering({
    shared,
    listeners: options.binding.mainListeners,
    tls: options.tls,
    row: 0,
    index: 0,
    workers: 1,
    ports: { upgrades: [], peers: [undefined] },
    onHint: options.onHint,
  });
  return {
    ready: starting.then(({ server }) => options.binding.tellPorts(server.ports)),
    reload(news) {
      void starting.then((answering) =>
        answering.reload({ accessList: news.accessList, tls: news.tls }),
      );
    },
    stop: async () => (await starting).stop(),
  };
}
