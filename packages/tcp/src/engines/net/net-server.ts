/**
 * Engine `net`: HTTP and HTTPS through node:net and node:tls, on an event loop. For TLS everywhere, and for plain HTTP
 * where the epoll engine does not work or is not wanted. Same handler, same limits, same answers.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { type Cidr, parseIpAddress } from "@swarmtide/bittorrent";
import { HttpHandler, type HttpHandlerOptions, peerAt } from "@swarmtide/http";
import { ConnectionLimits, LIMIT_TOTAL } from "../../conversation/connection-limits.ts";
import {
  COUNT_ACCEPT_FAILURES,
  COUNT_ACCEPTED,
  COUNT_CLOSED,
  COUNT_OVER_ADDRESS_LIMIT,
  COUNT_OVER_LIMIT,
  COUNT_PROXY_PROTOCOL_ERRORS,
} from "../../counters.ts";
import { NetConnection } from "./net-connection.ts";

/** Deadlines are looked at this often. */
const SWEEP_MILLISECONDS = 500;
/** How long connections may take to end when the server stops. */
const STOP_MILLISECONDS = 3000;

/** A place to listen: a listening descriptor, which the server closes, or an address. */
export interface NetListener {
  readonly isTls: boolean;
  readonly at:
    | { readonly fd: number }
    | {
        readonly host: string;
        readonly port: number;
        readonly backlog: number;
        readonly ipv6Only?: boolean;
      };
}

export interface NetServerOptions {
  readonly listeners: readonly NetListener[];
  /** Needed where a listener has TLS. */
  readonly secureContext?: SecureContext | undefined;
  readonly handler: HttpHandlerOptions;
  readonly requestBytesMax: number;
  readonly trustedProxies: readonly Cidr[];
  /** Trusted proxies open with a PROXY protocol header, nobody else may connect. */
  readonly proxyProtocol: boolean;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** See `connectionFdsEnd`. */
  readonly fdsEnd: number;
  readonly requestTimeoutMilliseconds: number;
  readonly idleTimeoutMilliseconds: number;
  readonly handshakeTimeoutMilliseconds: number;
  /** A row of a `NamedCounterTable` made with `WEB_COUNTER_NAMES`. */
  readonly counters: Float64Array;
  /** A clock that does not jump. */
  readonly nowMilliseconds: () => number;
  /**
   * Takes over the paused socket of a WebSocket upgrade with the client's address and the bytes read so far, the request
   * among them. Called only if the handler upgrades WebSockets.
   */
  readonly onUpgrade?: (socket: Socket, address: Uint8Array, bytes: Uint8Array) => void;
}

export class NetServer {
  readonly handler: HttpHandler;
  /** Where it listens, in the order of the listeners. */
  readonly ports: readonly number[];

  readonly #options: NetServerOptions;
  readonly #servers: readonly Server[];
  readonly #limits: ConnectionLimits;
  readonly #connections = new Set<NetConnection>();
  /** What all connections are read into, one after another; as much as libuv reads at once. */
  readonly #readMemory: Uint8Array = Buffer.allocUnsafeSlow(65_536);
  readonly #sweepTimer: NodeJS.Timeout;
  #secureContext: SecureContext | undefined;
  #onEmpty: (() => void) | undefined;

  /** Starts listening. Rejects when a listener cannot. */
  static async start(options: NetServerOptions): Promise<NetServer> {
    const servers = options.listeners.map(() => createServer({ noDelay: true }));
    try {
      await Promise.all(servers.map((server, i) => listen(server, options.listeners[i])));
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new NetServer(options, servers);
  }

  private constructor(options: NetServerOptions, servers: readonly Server[]) {
    this.handler = new HttpHandler(options.handler);
    this.#options = options;
    this.#servers = servers;
    this.#secureContext = options.secureContext;
    this.#limits = new ConnectionLimits(options.connectionsMax, options.connectionsPerAddressMax);
    this.ports = servers.map((server) => {
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    });
    servers.forEach((server, i) => {
      const { isTls } = options.listeners[i];
      server.on("connection", (socket) => this.#accept(socket, isTls));
      server.on("error", () => options.counters[COUNT_ACCEPT_FAILURES]++);
    });
    this.#sweepTimer = setInterval(() => this.sweep(), SWEEP_MILLISECONDS);
  }

  get connectionCount(): number {
    return this.#limits.count;
  }

  /** New connections get this context; those that are open keep theirs. */
  setSecureContext(secureContext: SecureContext): void {
    this.#secureContext = secureContext;
  }

  /** Closes the connections whose deadline has passed. */
  sweep(): void {
    const now = this.#options.nowMilliseconds();
    for (const connection of this.#connections) connection.checkDeadline(now);
  }

  /** Stops accepting, lets what is in flight end, and closes the rest. Fulfilled when all is closed. */
  async stop(): Promise<void> {
    this.handler.isStopping = true;
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) if (connection.isIdle) connection.destroy();
    if (this.#connections.size > 0) {
      const patience = setTimeout(() => {
        for (const connection of this.#connections) connection.destroy();
      }, STOP_MILLISECONDS);
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      clearTimeout(patience);
    }
    clearInterval(this.#sweepTimer);
  }

  #accept(socket: Socket, isTls: boolean): void {
    const { counters, trustedProxies, proxyProtocol } = this.#options;
    // A link-local address carries its interface behind a percent sign.
    const address = parseIpAddress((socket.remoteAddress ?? "").replace(/%.*$/, ""));
    const secureContext = isTls ? this.#secureContext : undefined;
    if (fdOf(socket) >= this.#options.fdsEnd) {
      counters[COUNT_ACCEPT_FAILURES]++;
      socket.destroy();
      return;
    }
    if (address === undefined || (isTls && secureContext === undefined)) {
      socket.destroy();
      return;
    }
    const peer = peerAt(address, trustedProxies);
    if (proxyProtocol && !peer.isTrustedProxy) {
      counters[COUNT_PROXY_PROTOCOL_ERRORS]++;
      socket.destroy();
      return;
    }
    const counted = peerAt(address, trustedProxies);
    const refusal = this.#limits.open(counted);
    if (refusal !== 0) {
      counters[refusal === LIMIT_TOTAL ? COUNT_OVER_LIMIT : COUNT_OVER_ADDRESS_LIMIT]++;
      socket.destroy();
      return;
    }
    counters[COUNT_ACCEPTED]++;
    const connection = new NetConnection(
      socket,
      peer,
      secureContext,
      this.handler,
      this.#options,
      this.#readMemory,
    );
    this.#connections.add(connection);
    socket.once("close", () => {
      counters[COUNT_CLOSED]++;
      this.#limits.close(counted);
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }
}

/** The descriptor of a socket, which Node has but does not document; -1 where there is none. */
function fdOf(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}

function listen(server: Server, listener: NetListener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(listener.at, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
