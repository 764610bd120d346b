/**
 * A `NetServer` with everything around it: the clock of the store, reloads, hints. Run by a worker, or by the main thread
 * where there are no workers.
 */
import { AccessList } from "@swarmtide/swarm";
import { openAnswering, type WebReload, type WebShared } from "./answering.ts";
import { type NetListener, NetServer } from "./net-server.ts";
import { makeSecureContext, type TlsFiles } from "./tls-files.ts";

/** How often the store learns the time. */
const CLOCK_MILLISECONDS = 1000;

export interface NetAnsweringOptions {
  readonly shared: WebShared;
  readonly listeners: readonly NetListener[];
  readonly tls: TlsFiles | undefined;
  readonly row: number;
  readonly workers: number;
  /** Hears of a proxy that is not trusted but acts as one. */
  readonly onProxyHint: (line: string) => void;
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
  const server = await NetServer.start({
    ...engine,
    listeners: options.listeners,
    secureContext: tls === undefined ? undefined : contextOf(tls),
  });
  const timer = setInterval(() => {
    store.setNow(nowSeconds());
    const line = server.handler.takeProxyHint();
    if (line !== undefined) options.onProxyHint(line);
  }, CLOCK_MILLISECONDS);
  return {
    server,
    reload(message) {
      if (message.accessList !== undefined)
        server.handler.setAccessList(AccessList.attach(message.accessList));
      if (message.tls !== undefined) server.setSecureContext(contextOf(message.tls));
    },
    async stop() {
      await server.stop();
      clearInterval(timer);
    },
  };
}
