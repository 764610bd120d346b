/**
 * What a worker of any engine needs to answer HTTP, put together from what all threads share. Used where the worker is
 * opened.
 */
import { randomFillSync } from "node:crypto";
import {
  type HttpConfig,
  type HttpHandlerOptions,
  handlerOptionsOf,
  httpColumns,
} from "@swarmtide/http";
import {
  CounterTable,
  type CounterTableHandle,
  Histogram,
  type HistogramHandle,
  Refusals,
  type RefusalsHandle,
  RoundTimer,
} from "@swarmtide/metrics";
import { type Listener, LOOK_MILLISECONDS, type NodeChannelHandle } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  Admission,
  type AnnounceRingHandle,
  attachAnnounceRing,
  attachSwarmStore,
  type LimitsConfig,
  openClock,
  openServedClock,
  PeerIdSample,
  type SwarmStore,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import type { WsConfig } from "@swarmtide/ws";
import type { WebConfig } from "./config.ts";
import {
  conversationSettingsOf,
  shareOf,
  trustedProxiesOf,
} from "./conversation/conversation-keys.ts";
import type { ConversationOptions, ReloadedOptions } from "./conversation/conversation-options.ts";
import { tcpCounters } from "./counters.ts";
import type { TcpEngineName } from "./engines/engines.ts";
import type { TlsFiles } from "./tls-files.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** What all workers share: made by the main thread once. */
export interface WebShared {
  /** Undefined where WebTorrent is off. */
  readonly ws: WsShared | undefined;
  readonly store: SwarmStoreHandle;
  /** With rows for each worker. */
  readonly httpCounters: CounterTableHandle<"http">;
  readonly tcpCounters: CounterTableHandle<"tcp">;
  /** Microseconds that HTTP requests stay inside, with a row for each worker. */
  readonly latency: HistogramHandle;
  /** Monotonic clock when the tracker started, see `openClock`. */
  readonly startedSeconds: number;
  /** For each worker, where the clients' software is counted. */
  readonly peerIdSamples: readonly SharedArrayBuffer[];
  /** Where each worker notes refusals for the log. */
  readonly refusals: RefusalsHandle;
  /** For each worker, where it writes what it serves for other nodes; none where there is no cluster. */
  readonly rings: readonly AnnounceRingHandle[];
  /** TLS sessions of one worker go on at another: 48 random bytes. */
  readonly ticketKeys: Uint8Array;
  /** How long connections are served that are open when another process takes over. */
  readonly drainSeconds: number;
  /** See `connectionFdsEnd`. */
  readonly fdsEnd: number;
}

/** What the WebTorrent trackers of all workers share. */
export interface WsShared {
  /** With a row for each worker that has a WebTorrent tracker. */
  readonly counters: CounterTableHandle<"ws">;
  /** Microseconds that messages stay inside, with a row for each of them. */
  readonly latency: HistogramHandle;
  /** Decides which worker owns which torrent. */
  readonly ownerSecret: number;
  /** How many peers each address has: memory of `makePeersByAddress`. */
  readonly peersByAddress: SharedArrayBuffer;
}

/** What a worker keeps for its whole life. */
export interface WebSetup {
  readonly shared: WebShared;
  readonly engine: TcpEngineName;
  readonly listeners: readonly Listener[];
  /** The worker's row in both counter tables. */
  readonly row: number;
  /** The worker's number among those of the same engine, which share the limits on connections, and how many there are. */
  readonly index: number;
  readonly workers: number;
  readonly ports: WorkerPorts;
  /** Of a worker that serves WebTorrent: to other nodes; undefined where there is no cluster. */
  readonly channel: NodeChannelHandle | undefined;
}

/** What a reload replaces. */
export interface WebSettings {
  readonly http: HttpConfig;
  readonly web: WebConfig;
  readonly ws: WsConfig;
  /** [limits]; undefined for none at all. */
  readonly limits?: LimitsConfig | undefined;
  readonly accessList: AccessListHandle;
  /** Undefined where no listener has TLS. */
  readonly tls: TlsFiles | undefined;
}

export interface WebAnswering {
  readonly store: SwarmStore;
  /** Seconds since the tracker started. */
  readonly nowSeconds: () => number;
  readonly conversation: ConversationOptions;
}

/** The options that all engines have in common. */
export function openAnswering(
  { shared, row, workers }: WebSetup,
  settings: WebSettings,
): WebAnswering {
  const { http, web } = settings;
  const store = attachSwarmStore(shared.store);
  const ring = shared.rings[row];
  if (ring !== undefined) attachAnnounceRing(store, ring);
  const handler: HttpHandlerOptions = {
    ...reloadedHandlerOptions(settings),
    store,
    peerIds: new PeerIdSample(shared.peerIdSamples[row]),
    refusals: Refusals.writer(shared.refusals, row, httpColumns.httpCounters),
    admission: new Admission(AccessList.attach(settings.accessList)),
    counters: CounterTable.attach(httpColumns.httpCounters, shared.httpCounters).familyRows(row),
    requestBytesMax: web.maxRequestSize,
    upgradesWebSockets: shared.ws !== undefined,
    isTrackerOff: !http.enabled,
  };
  return {
    store,
    nowSeconds: openClock(shared.startedSeconds),
    conversation: {
      ...conversationSettingsOf(settings.web, workers),
      handler,
      requestBytesMax: web.maxRequestSize,
      connectionsMax: shareOf(web.maxConnections, workers),
      fdsEnd: shared.fdsEnd,
      counters: CounterTable.attach(tcpCounters, shared.tcpCounters).row(row),
      refusals: Refusals.writer(shared.refusals, row, tcpCounters),
      rounds: new RoundTimer(
        Histogram.attach(shared.latency).row(row),
        LOOK_MILLISECONDS,
        performance.now(),
      ),
      nowMilliseconds: openServedClock(),
    },
  };
}

/** The part of new settings for the conversations of a worker, whose handler has `handler` now. */
export const reloadedOptions = (
  settings: WebSettings,
  workers: number,
  handler: HttpHandlerOptions,
): ReloadedOptions => ({
  ...conversationSettingsOf(settings.web, workers),
  handler: { ...handler, ...reloadedHandlerOptions(settings) },
});

const reloadedHandlerOptions = ({ http, web }: WebSettings) => ({
  ...handlerOptionsOf(http, randomFillSync(new Int32Array(1))[0] ?? 0),
  headersMax: web.maxHeaders,
  requestsPerConnectionMax: web.maxRequestsPerConnection,
  trustedProxies: trustedProxiesOf(web),
  forwardedHeaderName: web.reverseProxyIpHeaderName,
});
