/**
 * The HTTP tracker as a whole: its workers over listening sockets. Called by the program on the main thread.
 *
 *     const tls = config.web has a tls_address ? readTlsFiles(certificatePath, privateKeyPath) : undefined;
 *     const binding = bindWeb(config.web, config.http.workers);
 *     const server = startWeb({ http, web, binding, tls, store, accessList, control, startedSeconds, … });
 *     await server.ready;
 */
import { randomBytes } from "node:crypto";
import { HTTP_COUNTER_NAMES, type HttpConfig } from "@swarmtide/http";
import { CounterTable } from "@swarmtide/metrics";
import {
  type ControlBlock,
  type RunningWorker,
  startWorker,
  workerModule,
} from "@swarmtide/runtime";
import type { AccessListHandle, SwarmStoreHandle } from "@swarmtide/swarm";
import type { WebNotice, WebReload, WebShared, WebWorkerData } from "./answering.ts";
import type { WebBinding, WebSocketFd } from "./bind.ts";
import type { WebConfig } from "./config.ts";
import { WEB_COUNTER_NAMES } from "./counters.ts";
import { startNetAnswering } from "./net-answering.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface WebServerOptions {
  readonly http: HttpConfig;
  readonly web: WebConfig;
  readonly binding: WebBinding;
  /** Needed where there is a TLS listener. */
  readonly tls: TlsFiles | undefined;
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  readonly control: ControlBlock;
  /** Monotonic clock when the tracker started; the same for everybody who uses the store. */
  readonly startedSeconds: number;
  /** Hears of a proxy that is not trusted but acts as one: a line for the log. */
  readonly onProxyHint: (line: string) => void;
  /** Hears once of a worker that died, and which one. */
  readonly onDeath: (reason: string) => void;
}

export interface WebServer {
  /** Fulfilled when every worker answers. */
  readonly ready: Promise<void>;
  /** Counters of all workers, by HTTP_COUNTER_NAMES. */
  readonly httpCounters: CounterTable;
  /** Counters of all workers, by WEB_COUNTER_NAMES. */
  readonly webCounters: CounterTable;
  /** Hands what is new to the workers; the caller then calls `control.announceReload()`. */
  reload(news: { accessList?: AccessListHandle; tls?: TlsFiles }): void;
  /** From here on workers are expected to end; call before `control.stop()`. Fulfilled when all have. */
  stop(): Promise<void>;
}

const TICKET_KEY_BYTES = 48;

export function startWeb(options: WebServerOptions): WebServer {
  const { binding } = options;
  const rows = Math.max(1, binding.epollWorkers.length + binding.netWorkers.length);
  const httpCounters = CounterTable.create(HTTP_COUNTER_NAMES, rows);
  const webCounters = CounterTable.create(WEB_COUNTER_NAMES, rows);
  const shared: WebShared = {
    http: options.http,
    web: options.web,
    store: options.store,
    accessList: options.accessList,
    httpCounters: httpCounters.handle,
    webCounters: webCounters.handle,
    startedSeconds: options.startedSeconds,
    ticketKeys: new Uint8Array(randomBytes(TICKET_KEY_BYTES)),
  };
  const serving =
    binding.mainListeners.length > 0
      ? startOnMainThread(options, shared)
      : startThreads(options, shared);
  return { ...serving, httpCounters, webCounters };
}

type Serving = Pick<WebServer, "ready" | "reload" | "stop">;

function startThreads(options: WebServerOptions, shared: WebShared): Serving {
  const { binding } = options;
  const epoll = binding.epollWorkers.map((sockets, i) =>
    startThread("epoll", i, sockets, options, shared),
  );
  const net = binding.netWorkers.map((sockets, i) =>
    startThread("net", i, sockets, options, shared),
  );
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
  sockets: readonly WebSocketFd[],
  options: WebServerOptions,
  shared: WebShared,
): RunningWorker {
  const { binding, control, onDeath, onProxyHint } = options;
  const isEpoll = kind === "epoll";
  const data: WebWorkerData = {
    shared,
    sockets,
    tls: isEpoll ? undefined : options.tls,
    control: control.buffer,
    row: isEpoll ? index : binding.epollWorkers.length + index,
    workers: isEpoll ? binding.epollWorkers.length : binding.netWorkers.length,
  };
  return startWorker({
    name: `${isEpoll ? "http" : "web"}-${index + 1}`,
    entry: workerModule(import.meta.url, isEpoll ? "epoll-worker" : "net-worker"),
    data,
    onDeath,
    onMessage: (message) => onProxyHint((message as WebNotice).line),
  });
}

function startOnMainThread(options: WebServerOptions, shared: WebShared): Serving {
  const starting = startNetAnswering({
    shared,
    listeners: options.binding.mainListeners,
    tls: options.tls,
    row: 0,
    workers: 1,
    onProxyHint: options.onProxyHint,
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
