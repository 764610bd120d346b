/**
 * Binds the sockets of the UDP tracker, on the main thread, before any worker starts: a port that is taken or an address
 * that does not exist is reported while nothing runs yet, and privileges can be dropped right after.
 *
 * Each worker has sockets of its own (`WorkerSockets`). Where Linux calls are missing, `node:dgram` sockets on the main thread do the work.
 */
import { createSocket, type Socket } from "node:dgram";
import { formatSocketAddress, parseIpAddress } from "@swarmtide/bittorrent";
import { linuxSupported, openUdpSocket } from "@swarmtide/linux";
import { OperatorError, WorkerSockets, workerCountOf } from "@swarmtide/runtime";
import type { UdpConfig } from "./config.ts";
import { type EngineSocket, WAIT_MILLISECONDS } from "./mmsg-engine.ts";

export interface UdpBinding {
  readonly engine: "mmsg" | "dgram";
  /** Descriptors for each worker; empty when the sockets live on the main thread. */
  readonly workerSockets: readonly (readonly EngineSocket[])[];
  /** Sockets that the main thread serves itself. */
  readonly mainSockets: readonly { readonly socket: Socket; readonly family: 4 | 6 }[];
  /** What it listens on, with the port that was taken: "0.0.0.0:3000". */
  readonly addresses: readonly string[];
  /** What the kernel granted, the smallest of all; undefined where it is not known. */
  readonly receiveBufferBytes: number | undefined;
  /** Closes everything; for a start that fails later. */
  close(): void;
}

interface Place {
  readonly family: 4 | 6;
  readonly host: string;
  readonly address: Uint8Array;
  /** Its key in the configuration. */
  readonly key: string;
  port: number;
}

/** Throws OperatorError with the key, the call, the address and the reason; nothing stays open then. */
export async function bindUdp(config: UdpConfig): Promise<UdpBinding> {
  if (config.engine === "mmsg" && !linuxSupported())
    throw new OperatorError('udp.engine = "mmsg" works on Linux only, expected "auto" or "dgram"');
  return linuxSupported() ? bindDescriptors(config) : await bindMainSockets(config);
}

function placesOf(config: UdpConfig): Place[] {
  const places: Place[] = [];
  const add = (family: 4 | 6, { host, port }: { host: string; port: number }) => {
    const address = parseIpAddress(host);
    if (address === undefined) throw new Error(`not an IP address: ${host}`);
    // parseIpAddress folds ::ffff:1.2.3.4 into four bytes; no listening address of the configuration is one.
    places.push({ family, host, address, key: `udp.address_ipv${family}`, port });
  };
  if (config.useIpv4) add(4, config.addressIpv4);
  if (config.useIpv6) add(6, config.addressIpv6);
  return places;
}

function bindDescriptors(config: UdpConfig): UdpBinding {
  const engine = config.engine === "dgram" ? "dgram" : "mmsg";
  const workerCount = workerCountOf(config.workers);
  const places = placesOf(config);
  let receiveBufferBytes = Number.POSITIVE_INFINITY;
  const sockets = new WorkerSockets((place: Place, reusePort: boolean): EngineSocket => {
    const wildcard = place.address.every((byte) => byte === 0);
    const socket = openUdpSocket({
      family: place.family,
      address: place.address,
      port: place.port,
      reusePort,
      onlyIpv6: config.setOnlyIpv6,
      receiveBufferBytes: config.socketRecvBufferSize,
      packetInfo: wildcard && engine === "mmsg",
      receiveTimeoutMilliseconds: WAIT_MILLISECONDS,
    });
    place.port = socket.port;
    receiveBufferBytes = Math.min(receiveBufferBytes, socket.receiveBufferBytes);
    return { fd: socket.fd, family: place.family, wildcard };
  });
  try {
    const workerSockets = sockets.openAll(places, workerCount);
    return {
      engine,
      workerSockets,
      mainSockets: [],
      addresses: places.map(({ host, port }) => formatPlace(host, port)),
      receiveBufferBytes,
      close: () => sockets.close(),
    };
  } catch (error) {
    sockets.close();
    throw error;
  }
}

async function bindMainSockets(config: UdpConfig): Promise<UdpBinding> {
  const mainSockets: { socket: Socket; family: 4 | 6 }[] = [];
  const addresses: string[] = [];
  const close = () => {
    for (const { socket } of mainSockets.splice(0)) socket.close();
  };
  try {
    for (const { family, host, port, key } of placesOf(config)) {
      // libuv refuses the flag on an IPv4 socket (EINVAL).
      const ipv6Only = family === 6 && config.setOnlyIpv6;
      const socket = createSocket({ type: `udp${family}`, ipv6Only });
      mainSockets.push({ socket, family });
      await new Promise<void>((resolve, reject) => {
        socket.once("error", (error) =>
          reject(new OperatorError(`${key}: ${error.message}`, { cause: error })),
        );
        socket.bind({ address: host, port, exclusive: true }, resolve);
      });
      socket.removeAllListeners("error");
      addresses.push(formatPlace(host, socket.address().port));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    engine: "dgram",
    workerSockets: [],
    mainSockets,
    addresses,
    receiveBufferBytes: undefined,
    close,
  };
}

function formatPlace(host: string, port: number): string {
  const address = parseIpAddress(host);
  return address === undefined ? `${host}:${port}` : formatSocketAddress({ address, port });
}
