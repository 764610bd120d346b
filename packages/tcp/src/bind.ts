/**
 * Opens the listeners of HTTP and HTTPS on the main thread, before any worker starts; see `Listeners`. Decides which engine
 * serves which of them, and with how many workers.
 */
import { parseIpAddress } from "@swarmtide/bittorrent";
import { linuxObstacle, linuxSupported, openTcpListener } from "@swarmtide/linux";
import {
  type HandedSockets,
  type Listener,
  Listeners,
  listenerAt,
  type OpenSocket,
  OperatorError,
  unixListenerAt,
  workerCountOf,
} from "@swarmtide/runtime";
import type { SocketAddress } from "@swarmtide/toml-config";
import { WEB_WORKERS_MAX, type WebConfig } from "./config.ts";
import { type TcpEngineName, tcpEngineOf, tcpEngines } from "./engines/engines.ts";
import { openUnixSocket, UNIX_SOCKET_KEY } from "./unix-socket.ts";

/** The workers of one engine. */
export interface WebGroup {
  readonly engine: TcpEngineName;
  /** Of each worker; where they have no descriptors, one worker opens them on the main thread. */
  readonly listeners: Listeners;
}

export interface WebBinding {
  /** What serves plain HTTP. */
  readonly engine: TcpEngineName;
  readonly groups: readonly WebGroup[];
}

/** One engine's part, before it is opened. */
interface GroupPlan {
  readonly engine: TcpEngineName;
  readonly places: readonly Listener[];
  readonly workers: number;
}

/** How many worker threads `bindWeb` opens listeners for. */
export function webThreadsOf(
  config: WebConfig,
  httpWorkers: number,
  hasWebSockets: boolean,
): number {
  if (!linuxSupported()) return 0;
  return planGroups(config, httpWorkers, hasWebSockets).reduce(
    (sum, { workers }) => sum + workers,
    0,
  );
}

/**
 * `httpWorkers` is `workers` of [http]; `hasWebSockets` says that there must be workers with an event loop, whether or
 * not they listen themselves. Throws OperatorError; nothing stays open then.
 */
export function bindWeb(
  config: WebConfig,
  httpWorkers: number,
  hasWebSockets: boolean,
  handed?: HandedSockets,
): WebBinding {
  const engine = tcpEngineOf(config.engine).name;
  const groups: WebGroup[] = [];
  try {
    for (const plan of planGroups(config, httpWorkers, hasWebSockets))
      groups.push({ engine: plan.engine, listeners: openGroup(config, plan, handed) });
  } catch (error) {
    closeGroups(groups);
    throw error;
  }
  return { engine, groups };
}

/** Closes everything; for a start that fails later. */
export function closeGroups(groups: readonly WebGroup[]): void {
  for (const { listeners } of groups) listeners.close();
}

/** What a binding listens on, with the ports that were taken. */
export const webPlacesOf = ({ groups }: WebBinding): Listener[] =>
  groups.flatMap(({ listeners }) => listeners.places);

/** How many workers serve HTTP, by which engine where it is plain, and how many serve WebTorrent. */
export function webWorkersOf({ engine, groups }: WebBinding) {
  const count = (counts: (group: WebGroup) => boolean) =>
    groups.filter(counts).reduce((sum, { listeners }) => sum + listeners.ofWorkers.length, 0);
  return {
    engine,
    // Workers that listen nowhere serve WebTorrent alone.
    http: count(({ listeners }) => listeners.places.length > 0),
    ws: count((group) => tcpEngineOf(group.engine).hasEventLoop),
  };
}

/** In the order of the engines, so that plain listeners come first. */
function planGroups(config: WebConfig, httpWorkers: number, hasWebSockets: boolean): GroupPlan[] {
  const places = webListenersOf(config);
  const plainEngine = tcpEngineOf(config.engine);
  const tlsEngine = tcpEngineOf("auto", { servesTls: true });
  const webSocketEngine = tcpEngineOf("auto", { hasEventLoop: true });
  return tcpEngines.flatMap((engine) => {
    const own = places.filter(({ isTls }) => engine === (isTls ? tlsEngine : plainEngine));
    if (own.length === 0 && !(hasWebSockets && engine === webSocketEngine)) return [];
    const workers = engine.hasEventLoop
      ? Math.min(WEB_WORKERS_MAX, workerCountOf(config.workers))
      : workerCountOf(httpWorkers);
    return [{ engine: engine.name, places: own, workers }];
  });
}

function openGroup(
  config: WebConfig,
  { places, workers }: GroupPlan,
  handed: HandedSockets | undefined,
): Listeners {
  if (!linuxSupported()) return Listeners.unopened(places.filter(isOpenedByNode));
  const open: OpenSocket = (place, port, reusePort) => {
    if (place.path !== undefined) return openUnixSocket(place.path, config);
    return openTcpListener({
      family: place.family,
      address: place.address,
      port,
      backlog: config.tcpBacklog,
      reusePort,
      onlyIpv6: config.setOnlyIpv6,
    });
  };
  return Listeners.open(places, workers, open, handed);
}

/** Node opens no unix socket with a mode and a group. Throws OperatorError. */
function isOpenedByNode({ path }: Listener): boolean {
  if (path === undefined) return true;
  throw new OperatorError(
    `${UNIX_SOCKET_KEY} = "${path}": needs Linux (${linuxObstacle()}); let the proxy connect to an address instead`,
    { code: "SWARMTIDE_LISTEN_FAILED" },
  );
}

/** What a configuration listens on, before anything is opened. */
export function webListenersOf(config: WebConfig): Listener[] {
  const { port, useIpv4, useIpv6 } = config;
  const placed = (family: 4 | 6, isTls: boolean, addresses: readonly SocketAddress[]) =>
    addresses.flatMap((where) => {
      const address = parseIpAddress(where.host);
      const key = `web.${isTls ? "tls_" : ""}address_ipv${family}`;
      const ownPort = isTls ? where.port : (port ?? where.port);
      return address === undefined
        ? []
        : [listenerAt({ key, family, isTls, address, port: ownPort })];
    });
  return [
    ...(useIpv4 ? placed(4, false, config.addressIpv4) : []),
    ...(useIpv6 ? placed(6, false, config.addressIpv6) : []),
    ...(config.unixSocket === "" ? [] : [unixListenerAt(UNIX_SOCKET_KEY, config.unixSocket)]),
    ...placed(4, true, config.tlsAddressIpv4),
    ...placed(6, true, config.tlsAddressIpv6),
  ];
}

/** The engine whose workers serve WebTorrent. */
export const webSocketEngine = (): TcpEngineName =>
  tcpEngineOf("auto", { hasEventLoop: true }).name;
