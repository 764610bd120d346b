/**
 * The sockets of every protocol, opened together before anything is served: when one cannot be opened, none stays open.
 * Main thread.
 */
import type { Logger } from "@swarmtide/runtime";
import { formatListener, workerCountOf } from "@swarmtide/runtime";
import { closeGroups, webPlacesOf, webThreadsOf } from "@swarmtide/tcp";
import { bindUdp, type UdpBinding } from "@swarmtide/udp";
import type { TrackerConfig } from "./config.ts";
import { listensOnWeb, openWebSide, type WebSide, webConfigOf } from "./web-side.ts";

/** One address the tracker listens on. */
export interface TrackerAddress {
  readonly protocol: "udp" | "http" | "https" | "ws" | "wss";
  /** `0.0.0.0:3000` or `[::]:3000`, with the port that was taken. */
  readonly address: string;
}

/** How many threads will answer requests. */
export function workerThreads(config: TrackerConfig): number {
  const udp = config.udp.enabled ? workerCountOf(config.udp.workers) : 0;
  if (!listensOnWeb(config)) return udp;
  return udp + webThreadsOf(webConfigOf(config), config.http.workers, config.ws.enabled);
}

/** What is open; undefined stands for a protocol that is off. */
export interface Bindings {
  readonly udp: UdpBinding | undefined;
  readonly web: WebSide | undefined;
}

/** Throws OperatorError or SyscallError. */
export function openBindings(config: TrackerConfig, log: Logger): Bindings {
  const web = openWebSide(config, log);
  if (!config.udp.enabled) return { udp: undefined, web };
  try {
    const udp = bindUdp(config.udp);
    warnOfSmallBuffer(config, udp, log);
    return { udp, web };
  } catch (error) {
    if (web !== undefined) closeGroups(web.binding.groups);
    throw error;
  }
}

/** What the tracker listens on: UDP first, then HTTP, then WebTorrent at the same addresses. */
export function addressesOf({ udp, web }: Bindings, config: TrackerConfig): TrackerAddress[] {
  const addresses: TrackerAddress[] = [];
  for (const address of udp?.listeners.addresses ?? [])
    addresses.push({ protocol: "udp", address });
  const onWeb = (web === undefined ? [] : webPlacesOf(web.binding)).map((listener) => ({
    isTls: listener.isTls,
    address: formatListener(listener),
  }));
  if (config.http.enabled)
    for (const { isTls, address } of onWeb)
      addresses.push({ protocol: isTls ? "https" : "http", address });
  if (config.ws.enabled)
    for (const { isTls, address } of onWeb)
      addresses.push({ protocol: isTls ? "wss" : "ws", address });
  return addresses;
}

function warnOfSmallBuffer(config: TrackerConfig, binding: UdpBinding, log: Logger): void {
  const wanted = config.udp.socketRecvBufferSize;
  const granted = binding.receiveBufferBytes;
  if (wanted === 0 || granted === undefined || granted >= wanted) return;
  log.warn(
    `udp.socket_recv_buffer_size = ${wanted}: the system grants ${granted} bytes; raise net.core.rmem_max for the rest`,
  );
}
