/**
 * What a worker for HTTP and WebTorrent serves: an engine with what it answers from, and where the engine has an event loop
 * the WebTorrent tracker. Opened in each worker thread and, where Linux calls are missing, on the main thread.
 */
import type { SecureContext } from "node:tls";
import { type HttpHandler, peerAt } from "@swarmtide/http";
import { closeFd } from "@swarmtide/linux";
import { add, CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import { LOOK_MILLISECONDS, type Serving } from "@swarmtide/runtime";
import {
  AccessList,
  configureStoreLimits,
  type LimitsConfig,
  limitsWithin,
  type SwarmStore,
} from "@swarmtide/swarm";
import { wsColumns } from "@swarmtide/ws";
import {
  openAnswering,
  reloadedOptions,
  type WebAnswering,
  type WebSettings,
  type WebSetup,
} from "./answering.ts";
import { ACCEPT_FAILURES, CONNECTIONS_CLOSED, OVER_LIMIT } from "./counters.ts";
import { DescriptorHint } from "./descriptor-reserve.ts";
import { tcpEngineOf } from "./engines/engines.ts";
import { makeSecureContext } from "./tls-files.ts";
import { WsEndpoint } from "./websocket/ws-endpoint.ts";
import { receiveUpgrades, UpgradeSender } from "./worker-ports.ts";

/** How often there are hints, and how often an engine with an event loop tells the store the time. */
const TICK_SECONDS = 1;

/** The last WebSocket is closed a little before the time is over, so that its client can say goodbye. */
const WEBSOCKETS_DRAIN_SHARE = 0.9;

/** Rejects when a listener cannot listen. */
export async function openWebWorker(
  setup: WebSetup,
  settings: WebSettings,
  hint: (line: string) => void,
): Promise<Serving<WebSettings>> {
  const { listeners, ports, shared } = setup;
  const { web } = settings;
  const engine = tcpEngineOf(setup.engine);
  const answering = openAnswering(setup, settings);
  configureHttpLimits(answering.store, settings);
  const ws = engine.hasEventLoop ? openWs(setup, settings, answering) : undefined;
  const upgrades = new UpgradeSender(ports);
  const ticker = new Ticker(answering, hint);
  ticker.tick();
  const run = await engine.open({
    conversation: answering.conversation,
    listeners,
    backlog: web.tcpBacklog,
    onlyIpv6: web.setOnlyIpv6,
    secureContext: secureContextOf(settings, shared.ticketKeys),
    adoptSocket: ws && ((socket, address, bytes) => ws.adopt(socket, address, bytes)),
    sendDescriptor(fd, address, bytes) {
      if (upgrades.send(fd, address, bytes)) return;
      add(answering.conversation.counters, OVER_LIMIT);
      answering.conversation.refusals.notePeer(OVER_LIMIT, 0, peerAt(address));
      add(answering.conversation.counters, CONNECTIONS_CLOSED);
    },
    tick: () => ticker.tick(),
  });
  ticker.handler = run.handler;
  const stopWaiting = engine.hasEventLoop ? serveEventLoop(setup, ticker, ws) : () => {};
  return {
    ...run,
    reload(news) {
      const { handler } = answering.conversation;
      handler.admission.replace(AccessList.attach(news.accessList));
      const reloaded = reloadedOptions(news, setup.workers, handler);
      run.configure(reloaded);
      configureHttpLimits(answering.store, news);
      ws?.configure(news.ws, reloaded, news.web.reverseProxyIpHeaderName, wsLimitsOf(news));
      const secureContext = secureContextOf(news, shared.ticketKeys);
      if (secureContext !== undefined) run.setSecureContext(secureContext);
    },
    async drain(steering) {
      const goesOn = () => steering.goesOn();
      const milliseconds = shared.drainSeconds * 1000 * WEBSOCKETS_DRAIN_SHARE;
      await Promise.all([run.drain(steering), ws?.drain(milliseconds, goesOn)]);
    },
    async stop() {
      await Promise.all([run.stop(), ws?.stop()]);
      stopWaiting();
    },
  };
}

/** Tells the store the time, and the operator what to mend. */
class Ticker {
  /** Whose proxy hints to pass on, once there is one. */
  handler: HttpHandler | undefined;
  readonly #answering: WebAnswering;
  readonly #hint: (line: string) => void;
  readonly #descriptorHint = new DescriptorHint();
  #nextSeconds = 0;

  constructor(answering: WebAnswering, hint: (line: string) => void) {
    this.#answering = answering;
    this.#hint = hint;
  }

  tick(): void {
    const { conversation, nowSeconds, store } = this.#answering;
    const seconds = nowSeconds();
    store.setNow(seconds);
    if (seconds < this.#nextSeconds) return;
    this.#nextSeconds = seconds + TICK_SECONDS;
    const failures = conversation.counters[ACCEPT_FAILURES] ?? 0;
    for (const line of [
      this.handler?.takeProxyHint(),
      this.#descriptorHint.take(failures, seconds),
    ])
      if (line !== undefined) this.#hint(line);
  }
}

/** What needs an event loop beside the engine's sockets. Returns a function that ends it. */
function serveEventLoop({ ports }: WebSetup, ticker: Ticker, ws: WsEndpoint | undefined) {
  const stopUpgrades = receiveUpgrades(ports, ({ fd, address, bytes }) => {
    if (ws === undefined) closeFd(fd);
    else ws.adoptDescriptor(fd, address, bytes);
  });
  const timer = setInterval(() => ticker.tick(), TICK_SECONDS * 1000);
  return () => {
    stopUpgrades();
    clearInterval(timer);
  };
}

/** HTTP tells clients two intervals: when to come, and when to come at the earliest. */
function configureHttpLimits(store: SwarmStore, { limits, http }: WebSettings): void {
  const told = Math.min(http.peerAnnounceInterval, http.peerMinAnnounceInterval);
  if (limits !== undefined) configureStoreLimits(store, limitsWithin(limits, told));
}

const wsLimitsOf = ({ limits, ws }: WebSettings): LimitsConfig | undefined =>
  limits && limitsWithin(limits, ws.peerAnnounceInterval);

function openWs(
  { channel, shared, index, row, workers, ports }: WebSetup,
  settings: WebSettings,
  { conversation, store }: WebAnswering,
): WsEndpoint | undefined {
  if (shared.ws === undefined) return undefined;
  const { counters, latency, ownerSecret, peersByAddress } = shared.ws;
  return new WsEndpoint({
    config: settings.ws,
    worker: index,
    workers,
    ...{ ownerSecret, peersByAddress },
    limits: wsLimitsOf(settings),
    ...{ peers: ports.peers, channel },
    counters: CounterTable.attach(wsColumns.wsCounters, counters).row(index),
    tcpCounters: conversation.counters,
    refusals: Refusals.writer(shared.refusals, row, wsColumns.wsCounters),
    tcpRefusals: conversation.refusals,
    rounds: new RoundTimer(
      Histogram.attach(latency).row(index),
      LOOK_MILLISECONDS,
      performance.now(),
    ),
    peerIds: conversation.handler.peerIds,
    admission: conversation.handler.admission,
    store,
    trustedProxies: conversation.trustedProxies,
    forwardedHeaderName: settings.web.reverseProxyIpHeaderName,
    connectionsMax: conversation.connectionsMax,
    connectionsPerAddressMax: conversation.connectionsPerAddressMax,
  });
}

const secureContextOf = ({ tls }: WebSettings, ticketKeys: Uint8Array): SecureContext | undefined =>
  tls && makeSecureContext(tls, Buffer.from(ticketKeys));
