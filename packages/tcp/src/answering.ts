/**
 * What a thread needs to answer HTTP, put together from what all threads share. Used by the workers of both engines and,
 * where there are none, by the main thread.
 */
import { randomFillSync } from "node:crypto";
import { type HttpConfig, type HttpHandlerOptions, handlerOptionsOf } from "@swarmtide/http";
import { NamedCounterTable, type NamedCounterTableHandle } from "@swarmtide/metrics";
import {
  AccessList,
  type AccessListHandle,
  Admission,
  attachSwarmStore,
  openClock,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import type { WsConfig } from "@swarmtide/ws";
import type { WebSocketFd } from "./bind.ts";
import { trustedProxiesOf, type WebConfig } from "./config.ts";
import type { TlsFiles } from "./tls-files.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** What the WebTorrent trackers of all workers share. */
export interface WsShared {
  readonly config: WsConfig;
  /** A table of WS_COUNTER_NAMES with a row for each web worker. */
  readonly counters: NamedCounterTableHandle;
  /** Decides which worker owns which torrent. */
  readonly ownerSecret: number;
}

/** Made by the main thread once; may be posted to workers. */
export interface WebShared {
  readonly http: HttpConfig;
  readonly web: WebConfig;
  /** Undefined where WebTorrent is off. */
  readonly ws: WsShared | undefined;
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  /** A table of HTTP_COUNTER_NAMES and one of WEB_COUNTER_NAMES, each with a row for each worker. */
  readonly httpCounters: NamedCounterTableHandle;
  readonly webCounters: NamedCounterTableHandle;
  /** Monotonic clock (process.hrtime, in seconds) when the tracker started; the origin of all times in the store. */
  readonly startedSeconds: number;
  /** TLS sessions of one worker go on at another: 48 random bytes. */
  readonly ticketKeys: Uint8Array;
  /** See `connectionFdsEnd`. */
  readonly fdsEnd: number;
}

/** `workerData` of a worker of either engine. */
export interface WebWorkerData {
  readonly shared: WebShared;
  readonly sockets: readonly WebSocketFd[];
  readonly tls: TlsFiles | undefined;
  readonly control: SharedArrayBuffer;
  /** The worker's row in both counter tables. */
  readonly row: number;
  /** The worker's number among those of the same kind, which share the limits on connections, and how many there are. */
  readonly index: number;
  readonly workers: number;
  readonly ports: WorkerPorts;
}

/** The message of a reload; what is undefined stays as it is. */
export interface WebReload {
  readonly accessList: AccessListHandle | undefined;
  readonly tls: TlsFiles | undefined;
}

/** What a worker has to say to the operator. */
export interface WebNotice {
  readonly line: string;
}

const LIMIT_MIN = 1;

/** The options that both engines have in common. */
export function openAnswering(shared: WebShared, row: number, workers: number) {
  const { http, web } = shared;
  const store = attachSwarmStore(shared.store);
  const trustedProxies = trustedProxiesOf(web);
  const handler: HttpHandlerOptions = {
    ...handlerOptionsOf(http, randomFillSync(new Int32Array(1))[0] ?? 0),
    store,
    admission: new Admission(AccessList.attach(shared.accessList)),
    counters: NamedCounterTable.attach(shared.httpCounters).row(row),
    requestBytesMax: web.maxRequestSize,
    headersMax: web.maxHeaders,
    requestsPerConnectionMax: web.maxRequestsPerConnection,
    trustedProxies,
    forwardedHeaderName: web.reverseProxyIpHeaderName,
    upgradesWebSockets: shared.ws !== undefined,
    isTrackerOff: !http.enabled,
  };
  const share = (limit: number) => Math.max(LIMIT_MIN, Math.ceil(limit / workers));
  return {
    store,
    nowSeconds: openClock(shared.startedSeconds),
    engine: {
      handler,
      requestBytesMax: web.maxRequestSize,
      trustedProxies,
      proxyProtocol: web.proxyProtocol,
      connectionsMax: share(web.maxConnections),
      connectionsPerAddressMax: share(web.maxConnectionsPerAddress),
      fdsEnd: shared.fdsEnd,
      requestTimeoutMilliseconds: web.requestTimeout * 1000,
      idleTimeoutMilliseconds: web.maxConnectionIdle * 1000,
      handshakeTimeoutMilliseconds: web.tlsHandshakeTimeout * 1000,
      counters: NamedCounterTable.attach(shared.webCounters).row(row),
      nowMilliseconds: () => performance.now(),
    },
  };
}
