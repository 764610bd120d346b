/**
 * Opens the listening sockets of HTTP and HTTPS, on the main thread, before any worker starts: a port that is taken or an
 * address that does not exist is reported while nothing runs yet, and privileges can be dropped right after.
 *
 * Each worker has sockets of its own (`WorkerSockets`). Where Linux calls are missing, the main thread listens through Node once the server starts.
 */
import { formatSocketAddress, parseIpAddress } from "@swarmtide/bittorrent";
import { closeFd, linuxSupported, openTcpListener } from "@swarmtide/linux";
import { OperatorError, WorkerSockets, workerCountOf } from "@swarmtide/runtime";
import type { WebConfig } from "./config.ts";
import type { NetListener } from "./engines/net/net-options.ts";

/** A listening descriptor. */
export interface WebSocketFd {
  readonly fd: number;
  readonly isTls: boolean;
}

export interface WebBinding {
  /** What serves plain HTTP. */
  readonly engine: "epoll" | "net";
  /** Plain listeners of each worker with the engine "epoll". */
  readonly epollWorkers: readonly (readonly WebSocketFd[])[];
  /** Listeners of each worker with the engine "net"; none for workers that serve WebTorrent alone. */
  readonly netWorkers: readonly (readonly WebSocketFd[])[];
  /** Where the main thread is to listen itself. */
  readonly mainListeners: readonly NetListener[];
  /** What it listens on, with the ports that were taken: "http://0.0.0.0:3000". */
  readonly addresses: readonly string[];
  /** Where the main thread listens, the ports are known only once it does: completes `addresses`. */
  tellPorts(ports: readonly number[]): void;
  /** Closes everything; for a start that fails later. */
  close(): void;
  /** Closes the listeners of the epoll workers, once they have ended. */
  closeEpoll(): void;
}

interface Place {
  readonly family: 4 | 6;
  readonly host: string;
  readonly isTls: boolean;
  readonly address: Uint8Array;
  /** Its key in the configuration. */
  readonly key: string;
  port: number;
}

/** How many worker threads `bindWeb` opens sockets for. */
export function webThreadsOf(
  config: WebConfig,
  httpWorkers: number,
  hasWebSockets: boolean,
): number {
  if (!linuxSupported()) return 0;
  const places = placesOf(config);
  const isEpoll = config.engine !== "net";
  const onEpoll = isEpoll ? places.filter(({ isTls }) => !isTls).length : 0;
  return (
    (onEpoll > 0 ? workerCountOf(httpWorkers) : 0) +
    (places.length > onEpoll || hasWebSockets ? workerCountOf(config.workers) : 0)
  );
}

/**
 * `httpWorkers` is `workers` of [http]; `hasWebSockets` says that there must be workers with the engine "net", whether or
 * not they listen themselves. Throws OperatorError; nothing stays open then.
 */
export function bindWeb(
  config: WebConfig,
  httpWorkers: number,
  hasWebSockets: boolean,
): WebBinding {
  const places = placesOf(config);
  if (!linuxSupported()) {
    if (config.engine === "epoll")
      throw new OperatorError('web.engine = "epoll" needs 64-bit Linux: take "net" or "auto"');
    return bindMainThread(config, places);
  }
  const engine = config.engine === "net" ? "net" : "epoll";
  const plain = places.filter(({ isTls }) => !isTls);
  const tls = places.filter(({ isTls }) => isTls);
  const sockets = new WorkerSockets((place: Place, reusePort: boolean) =>
    openListener(config, place, reusePort),
  );
  try {
    const isEpoll = engine === "epoll";
    const epollCount = isEpoll && plain.length > 0 ? workerCountOf(httpWorkers) : 0;
    const epollWorkers = sockets.openAll(plain, epollCount);
    const netPlaces = isEpoll ? tls : [...plain, ...tls];
    const netCount = netPlaces.length > 0 || hasWebSockets ? workerCountOf(config.workers) : 0;
    const netWorkers = sockets.openAll(netPlaces, netCount);
    const addresses = places.map(formatPlace);
    return {
      engine,
      epollWorkers,
      netWorkers,
      mainListeners: [],
      addresses,
      tellPorts: () => undefined,
      close: () => sockets.close(),
      closeEpoll: () => {
        for (const { fd } of epollWorkers.flat()) closeFd(fd);
      },
    };
  } catch (error) {
    sockets.close();
    throw error;
  }
}

function bindMainThread(config: WebConfig, places: readonly Place[]): WebBinding {
  const addresses = places.map(formatPlace);
  return {
    engine: "net",
    epollWorkers: [],
    netWorkers: [],
    mainListeners: places.map(({ host, port, isTls }) => ({
      isTls,
      at: { host, port, backlog: config.tcpBacklog, ipv6Only: config.setOnlyIpv6 },
    })),
    addresses,
    tellPorts: (ports) => {
      places.forEach((place, i) => {
        place.port = ports[i] ?? place.port;
        addresses[i] = formatPlace(place);
      });
    },
    close: () => undefined,
    closeEpoll: () => undefined,
  };
}

function placesOf(config: WebConfig): Place[] {
  const places: Place[] = [];
  const add = (family: 4 | 6, isTls: boolean, where?: { host: string; port: number }) => {
    const address = where === undefined ? undefined : parseIpAddress(where.host);
    if (where !== undefined && address !== undefined)
      places.push({
        ...{ family, isTls, host: where.host, port: where.port, address },
        key: `web.${isTls ? "tls_" : ""}address_ipv${family}`,
      });
  };
  if (config.useIpv4) add(4, false, config.addressIpv4);
  if (config.useIpv6) add(6, false, config.addressIpv6);
  add(4, true, config.tlsAddressIpv4);
  add(6, true, config.tlsAddressIpv6);
  return places;
}

function openListener(config: WebConfig, place: Place, reusePort: boolean): WebSocketFd {
  const { fd, port } = openTcpListener({
    family: place.family,
    address: place.address,
    port: place.port,
    backlog: config.tcpBacklog,
    reusePort,
    onlyIpv6: config.setOnlyIpv6,
  });
  place.port = port;
  return { fd, isTls: place.isTls };
}

function formatPlace({ isTls, address, port }: Place): string {
  return `${isTls ? "https" : "http"}://${formatSocketAddress({ address, port })}`;
}
