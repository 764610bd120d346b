/** Engine `net`: HTTP and HTTPS through node:net and node:tls, on the event loop of its thread. */
import { formatIpAddress } from "@swarmtide/bittorrent";
import type { Listener } from "@swarmtide/runtime";
import type { TcpEngine, TcpEngineOptions, TcpEngineRun } from "../engine.ts";
import type { NetListener, NetServerOptions } from "./net-options.ts";
import { NetServer } from "./net-server.ts";

export const netEngine = {
  name: "net",
  doc: "through Node, everywhere",
  supported: (): true | string => true,
  servesTls: true,
  hasEventLoop: true,
  closesListeners: true,
  open,
} as const satisfies TcpEngine;

async function open(options: TcpEngineOptions): Promise<TcpEngineRun> {
  const { conversation, listeners, adoptSocket } = options;
  const own: NetServerOptions = {
    ...conversation,
    ...(adoptSocket === undefined ? {} : { onUpgrade: adoptSocket }),
    listeners: listeners.map((listener) => netListenerOf(listener, options)),
    secureContext: options.secureContext,
  };
  const server = await NetServer.start(own);
  listeners.forEach((listener, i) => {
    listener.port = server.ports[i] ?? listener.port;
  });
  return {
    handler: server.handler,
    configure(news) {
      Object.assign(own, news);
      server.configure();
    },
    setSecureContext: (secureContext) => server.setSecureContext(secureContext),
    drain: (steering) => server.drain(() => steering.goesOn()),
    stop: () => server.stop(),
  };
}

function netListenerOf(
  { key, fd, isTls, address, path, port }: Listener,
  { backlog, onlyIpv6 }: TcpEngineOptions,
): NetListener {
  if (fd !== undefined) return { key, isTls, isUnix: path !== undefined, at: { fd } };
  const host = formatIpAddress(address);
  return { key, isTls, at: { host, port, backlog, ipv6Only: onlyIpv6 } };
}
