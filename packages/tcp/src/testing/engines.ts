/** Each engine of this package behind one interface, on a free port with a clock that tests move. For tests only. */
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Cidr } from "@swarmtide/bittorrent";
import { type HttpHandlerOptions, httpColumns, httpSection } from "@swarmtide/http";
import { closeFd, linuxSupported, openTcpListener } from "@swarmtide/linux";
import { type Column, CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import {
  AccessList,
  Admission,
  AnnounceInterval,
  createSwarmStore,
  type LimitsConfig,
  PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import { FakeClock, HttpClient, type HttpConnectOptions } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { webSection } from "../config.ts";
import { conversationSettingsOf } from "../conversation/conversation-keys.ts";
import { tcpCounters } from "../counters.ts";
import type { EpollServerOptions } from "../engines/epoll/epoll-options.ts";
import { EpollServer } from "../engines/epoll/hot/epoll-server.ts";
import type { NetServerOptions } from "../engines/net/net-options.ts";
import { NetServer } from "../engines/net/net-server.ts";
import { makeSecureContext, readTlsFiles } from "../tls-files.ts";

export type EngineName = "epoll" | "net" | "tls";

export const ENGINES: readonly EngineName[] = linuxSupported()
  ? ["epoll", "net", "tls"]
  : ["net", "tls"];

export interface EngineSettings {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly trusted?: readonly string[];
  readonly proxyProtocol?: boolean;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /** Descriptors from this number on are not for connections. */
  readonly fdsEnd?: number;
  readonly handler?: Partial<HttpHandlerOptions>;
  readonly limits?: LimitsConfig;
  /** See `NetServerOptions`. */
  readonly sleptMilliseconds?: () => number;
  readonly onUpgrade?: (target: number | Socket, address: Uint8Array, bytes: Uint8Array) => void;
}

export interface RunningEngine {
  readonly port: number;
  /** A client, over TLS where the engine serves that. */
  connect(options?: Omit<HttpConnectOptions, "isTls">): Promise<HttpClient>;
  readonly store: SwarmStore;
  count(column: Column<"tcp">): number;
  connectionCount(): number;
  /** Moves the clock and lets the engine look at its deadlines. */
  advance(milliseconds: number): void;
  stop(): Promise<void>;
  readonly server: EpollServer | NetServer;
}

export const REQUEST_TIMEOUT = 10_000;
export const IDLE_TIMEOUT = 120_000;
export const HANDSHAKE_TIMEOUT = 5_000;

export const testdata = (name: string) =>
  fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));

export const testContext = () =>
  makeSecureContext(readTlsFiles(testdata("ec.crt"), testdata("ec-pkcs8.key")), undefined);

export async function startEngine(
  name: EngineName,
  settings: EngineSettings = {},
): Promise<RunningEngine> {
  const { limits } = settings;
  const store = createSwarmStore({ memoryBytesMax: 16 << 20, ...(limits && { limits }) });
  const counters = CounterTable.create(tcpCounters, 1);
  const latency = Histogram.create({ rows: 1 });
  const clock = new FakeClock(1);
  const conversation = conversationSettingsOf(
    {
      ...defaultConfig(webSection),
      trustedProxies: settings.trusted ?? [],
      proxyProtocol: settings.proxyProtocol ?? false,
      maxConnectionsPerAddress: settings.connectionsPerAddressMax ?? 10_000,
      requestTimeout: REQUEST_TIMEOUT / 1000,
      maxConnectionIdle: IDLE_TIMEOUT / 1000,
      tlsHandshakeTimeout: HANDSHAKE_TIMEOUT / 1000,
    },
    1,
  );
  const parts = { store, counters, clock };
  const options = {
    ...conversation,
    handler: handlerOptions(store, conversation.trustedProxies, settings),
    requestBytesMax: 8192,
    connectionsMax: settings.connectionsMax ?? 10_000,
    fdsEnd: settings.fdsEnd ?? Number.POSITIVE_INFINITY,
    counters: counters.row(0),
    refusals: Refusals.writer(undefined, 0, tcpCounters),
    rounds: new RoundTimer(latency.row(0), 50, clock.nowMilliseconds()),
    nowMilliseconds: clock.nowMilliseconds,
    ...(settings.onUpgrade === undefined ? {} : { onUpgrade: settings.onUpgrade }),
  };
  return name === "epoll"
    ? startEpoll(options, settings, parts)
    : await startNet(name, options, settings, parts);
}

/** What both engines of a test have in common. */
interface Parts {
  readonly store: SwarmStore;
  readonly counters: CounterTable<"tcp">;
  readonly clock: FakeClock;
}

const shared = ({ store, counters }: Parts) => ({
  store,
  count: (column: Column<"tcp">) => counters.sum(column),
});

function startEpoll(
  options: Omit<EpollServerOptions, "listenerFds">,
  settings: EngineSettings,
  parts: Parts,
): RunningEngine {
  const listener = openTcpListener({
    family: 4,
    address: Uint8Array.of(127, 0, 0, 1),
    port: settings.port ?? 0,
    backlog: 1024,
  });
  const server = new EpollServer({ ...options, listenerFds: [listener.fd] });
  const pump = startPump(server);
  return {
    ...shared(parts),
    server,
    port: listener.port,
    connect: (options) => HttpClient.connect(listener.port, options),
    connectionCount: () => server.connectionCount,
    advance: (milliseconds) => parts.clock.advanceMilliseconds(milliseconds),
    stop: async () => {
      await pump.stop();
      server.close();
      closeFd(listener.fd);
    },
  };
}

async function startNet(
  name: EngineName,
  options: Omit<NetServerOptions, "listeners">,
  settings: EngineSettings,
  parts: Parts,
): Promise<RunningEngine> {
  const { sleptMilliseconds } = settings;
  const server = await NetServer.start({
    ...options,
    ...(sleptMilliseconds && { sleptMilliseconds }),
    listeners: [
      {
        key: "web.address_ipv4",
        isTls: name === "tls",
        at: { host: "127.0.0.1", port: settings.port ?? 0, backlog: 1024 },
      },
    ],
    secureContext: name === "tls" ? testContext() : undefined,
  });
  const [port = 0] = server.ports;
  return {
    ...shared(parts),
    server,
    port,
    connect: (options) => HttpClient.connect(port, { ...options, isTls: name === "tls" }),
    connectionCount: () => server.connectionCount,
    advance: (milliseconds) => {
      parts.clock.advanceMilliseconds(milliseconds);
      server.sweep();
    },
    stop: () => server.stop(),
  };
}

export function handlerOptions(
  store: SwarmStore,
  trustedProxies: readonly Cidr[],
  settings: EngineSettings,
): HttpHandlerOptions {
  return {
    store,
    admission: new Admission(AccessList.attach(AccessList.build({ mode: "off" }))),
    counters: CounterTable.create(httpColumns.httpCounters, 1).familyRows(0),
    config: defaultConfig(httpSection),
    interval: new AnnounceInterval(900, 1, 0),
    peerIds: new PeerIdSample(undefined),
    requestBytesMax: 8192,
    headersMax: 64,
    requestsPerConnectionMax: 1_000_000,
    trustedProxies,
    forwardedHeaderName: "X-Forwarded-For",
    upgradesWebSockets: settings.onUpgrade !== undefined,
    ...settings.handler,
  };
}

/** Serves rounds between the turns of this thread's event loop, on which the test's clients live. */
function startPump(server: EpollServer): { stop(): Promise<void> } {
  let isRunning = true;
  const ended = (async () => {
    while (isRunning) {
      server.serveRound(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    stop: () => {
      isRunning = false;
      return ended;
    },
  };
}
