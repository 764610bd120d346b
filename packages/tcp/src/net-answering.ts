/**
 * A `NetServer` with everything around it: the WebTorrent tracker, the clock of the store, reloads, hints. Run by a worker,
 * or by the main thread where there are no workers.
 */
import { closeFd } from "@swarmtide/linux";
import { NamedCounterTable } from "@swarmtide/metrics";
import { AccessList, type SwarmStore } from "@swarmtide/swarm";
import { openAnswering, type WebReload, type WebShared } from "./answering.ts";
import { COUNT_ACCEPT_FAILURES } from "./counters.ts";
import { DescriptorHint } from "./descriptor-reserve.ts";
import type { NetListener } from "./engines/net/net-options.ts";
import { NetServer } from "./engines/net/net-server.ts";
import { makeSecureContext, type TlsFiles } from "./tls-files.ts";
import { WsEndpoint } from "./websocket/ws-endpoint.ts";
import { receiveUpgrades, type WorkerPorts } from "./worker-ports.ts";

/** How often the store learns the time. */
const CLOCK_MILLISECONDS = 1000;

export interface NetAnsweringOptions {
  readonly shared: WebShared;
  readonly listeners: readonly NetListener[];
  readonly tls: TlsFiles | undefined;
  readonly row: number;
  readonly index: number;
  readonly workers: number;
  readonly ports: WorkerPorts;
  /** Hears what an operator should mend: a proxy that is not trusted but acts as one, too few descriptors. */
  readonly onHint: (line: string) => void;
}

export interface NetAnswering {
  readonly server: NetServer;
  reload(message: WebReload): void;
  stop(): Promise<void>;
}

/** Starts answering. Rejects when a listener cannot listen. */
export async function startNetAnswering(options: NetAnsweringOptions): Promise<NetAnswering> {
  const { shared, tls } = options;
  const { engine, store, nowSeconds } = openAnswering(shared, options.row, options.workers);
  const contextOf = (files: TlsFiles) => makeSecureContext(files, Buffer.from(shared.ticketKeys));
  store.setNow(nowSeconds());
  const ws = openWs(options, engine, store);
  const server = await NetServer.start({
    ...engine,
    ...(ws === undefined
      ? {}
      : { onUpgrade: (socket, _address, bytes) => ws.adopt(socket, bytes) }),
    listeners: options.listeners,
    secureContext: tls === undefined ? undefined : contextOf(tls),
  });
  const stopUpgrades = receiveUpgrades(options.ports.upgrades, ({ fd, address, bytes }) => {
    if (ws === undefined) closeFd(fd);
    else ws.adoptDescriptor(fd, address, bytes);
  });
  const descriptorHint = new DescriptorHint();
  const timer = setInterval(() => {
    store.setNow(nowSeconds());
    for (const line of [
      server.handler.takeProxyHint(),
      descriptorHint.take(engine.counters[COUNT_ACCEPT_FAILURES], nowSeconds()),
    ])
      if (line !== undefined) options.onHint(line);
  }, CLOCK_MILLISECONDS);
  return {
    server,
    reload(message) {
      if (message.accessList !== undefined) {
        const accessList = AccessList.attach(message.accessList);
        engine.handler.admission.replace(accessList);
        ws?.setAccessList(accessList);
      }
      if (message.tls !== undefined) server.setSecureContext(contextOf(message.tls));
    },
    async stop() {
      await Promise.all([server.stop(), ws?.stop()]);
      stopUpgrades();
      clearInterval(timer);
    },
  };
}

function openWs(
  { shared, index, workers, ports }: NetAnsweringOptions,
  engine: ReturnType<typeof openAnswering>["engine"],
  store: SwarmStore,
): WsEndpoint | undefined {
  if (shared.ws === undefined) return undefined;
  const { config, counters, ownerSecret } = shared.ws;
  return new WsEndpoint({
    config,
    worker: index,
    workers,
    ownerSecret,
    peers: ports.peers,
    counters: NamedCounterTable.attach(counters).row(index),
    webCounters: engine.counters,
    accessList: AccessList.attach(shared.accessList),
    store,
    trustedProxies: engine.trustedProxies,
    connectionsMax: engine.connectionsMax,
    connectionsPerAddressMax: engine.connectionsPerAddressMax,
  });
}
