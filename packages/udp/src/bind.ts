/**
 * Opens the listeners of the UDP tracker on the main thread, before any worker starts; see `Listeners`.
 */
import { networkInterfaces } from "node:os";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { linuxSupported, openUdpSocket } from "@swarmtide/linux";
import {
  formatListener,
  type HandedSockets,
  isWildcard,
  type Listener,
  Listeners,
  LOOK_MILLISECONDS,
  listenerAt,
  type OpenSocket,
  workerCountOf,
} from "@swarmtide/runtime";
import { type UdpConfig, udpAddressesOf } from "./config.ts";
import type {
  EngineBinding,
  EngineBindOptions,
  EngineObstacle,
  UdpEngine,
} from "./engines/engine.ts";
import { type UdpEngineName, udpEngineOf } from "./engines/engines.ts";
import { replyBytesMax } from "./reply-bytes.ts";

/** Addresses that a warning lists. */
const SHOWN_ADDRESSES_MAX = 4;

export interface UdpBinding {
  readonly engine: UdpEngineName;
  /** Of each worker; where they have no descriptors, one worker opens them on the main thread. */
  readonly listeners: Listeners;
  /** What the kernel granted, the smallest of all; undefined where it is not known. */
  readonly receiveBufferBytes: number | undefined;
  /** What the engine opened beside the listeners. */
  readonly engineBinding?: EngineBinding | undefined;
  /** Closes everything, when no worker runs any more. */
  close(): void;
}

/**
 * What to tell where an engine answers from the wrong address: one that does not see at which address a datagram arrived
 * lets the kernel choose, and on a host with several a client that asked another drops the reply. One line a listener.
 */
export function wrongAddressWarnings(
  config: UdpConfig,
  { engine }: Pick<UdpBinding, "engine">,
  interfaces = Object.values(networkInterfaces()),
): string[] {
  if (udpEngineOf(engine).readsPacketInfo) return [];
  return udpPlacesOf(config).flatMap((place) => {
    if (!isWildcard(place)) return [];
    const addresses = interfaces
      .flatMap((all) => all ?? [])
      .filter(({ family, internal }) => family === `IPv${place.family}` && !internal)
      .map(({ address }) => address)
      .filter((address) => !address.startsWith("fe80:"));
    if (addresses.length < 2) return [];
    return [
      `${place.key} = "${formatListener(place)}": with the engine "${engine}" replies leave from one of ${addresses.length} addresses (${addresses.slice(0, SHOWN_ADDRESSES_MAX).join(", ")}), whichever was asked; give the one that clients use`,
    ];
  });
}

/**
 * `handed` are the sockets of another process, which are used where they fit. Throws OperatorError with the key, the call, the
 * address and the reason; nothing stays open then.
 */
export function bindUdp(config: UdpConfig, handed?: HandedSockets): UdpBinding {
  const engine = udpEngineOf(config.engine);
  const places = udpPlacesOf(config);
  if (!linuxSupported()) {
    const listeners = Listeners.unopened(places);
    return { engine: engine.name, listeners, receiveBufferBytes: undefined, close() {} };
  }
  let receiveBufferBytes: number | undefined;
  const open: OpenSocket = (place, port, reusePort) => {
    const socket = openUdpSocket({
      family: place.family,
      address: place.address,
      port,
      reusePort,
      onlyIpv6: config.setOnlyIpv6,
      receiveBufferBytes: config.socketRecvBufferSize,
      packetInfo: isWildcard(place) && engine.readsPacketInfo,
      receiveTimeoutMilliseconds: LOOK_MILLISECONDS,
    });
    const granted = socket.receiveBufferBytes;
    receiveBufferBytes = Math.min(receiveBufferBytes ?? granted, granted);
    return { fd: socket.fd, port: socket.port };
  };
  const listeners = Listeners.open(places, workerCountOf(config.workers), open, handed);
  const engineBinding = bindEngine(engine, config, listeners);
  const close = () => {
    engineBinding?.close();
    if (!engine.closesListeners) listeners.close();
  };
  return { engine: engine.name, listeners, receiveBufferBytes, engineBinding, close };
}

function bindEngine(engine: UdpEngine, config: UdpConfig, listeners: Listeners) {
  try {
    return engine.bind?.(bindOptionsOf(config, listeners.ofWorkers.length));
  } catch (error) {
    listeners.close();
    throw error;
  }
}

const bindOptionsOf = (config: UdpConfig, workers: number): EngineBindOptions => ({
  workers,
  replyBytesMax: replyBytesMax(config.maxResponsePeers, config.maxScrapeTorrents),
  interfaceName: config.xdpInterface,
  interfaceMode: config.xdpMode,
  isBusyPolled: config.xdpBusyPoll,
});

/** What stands in the way of the configured engine on this host, which has what it needs in general. */
export const udpEngineObstacles = (config: UdpConfig): EngineObstacle[] =>
  udpEngineOf(config.engine).obstacles?.(bindOptionsOf(config, workerCountOf(config.workers))) ??
  [];

/** Where the tracker listens, before anything is opened. */
export function udpPlacesOf(config: UdpConfig): Listener[] {
  return udpAddressesOf(config).map(({ family, host, port }) => {
    const address = parseIpAddress(host);
    if (address === undefined) throw new Error(`not an IP address: ${host}`);
    // parseIpAddress folds ::ffff:1.2.3.4 into four bytes; no listening address of the configuration is one.
    return listenerAt({ key: `udp.address_ipv${family}`, family, isTls: false, address, port });
  });
}
