/** What an `EpollServer` is made of and with: options, and everything it allocates once. */
import type { Cidr } from "@swarmtide/bittorrent";
import { HttpHandler, type HttpHandlerOptions, replyBytesMin } from "@swarmtide/http";
import { AcceptBatch, ConnectionPoller, NativeMemory } from "@swarmtide/linux";
import { ConnectionLimits, LIMIT_TOTAL } from "../../conversation/connection-limits.ts";
import { COUNT_OVER_ADDRESS_LIMIT, COUNT_OVER_LIMIT } from "../../counters.ts";
import { EpollConnections } from "./hot/epoll-connections.ts";
import { EpollSender } from "./hot/epoll-sender.ts";

/** Events taken in one round. */
const EVENTS_MAX = 512;
/** Connections accepted from one listener in one round. */
const ACCEPT_MAX = 64;
/** Read at once from one connection, beside the beginning of a request that is there already. */
const RECEIVE_BYTES = 16384;

export interface EpollServerOptions {
  /** Listening sockets, which the caller closes. */
  readonly listenerFds: readonly number[];
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
  /** A row of a `NamedCounterTable` made with `WEB_COUNTER_NAMES`. */
  readonly counters: Float64Array;
  /** A clock that does not jump. */
  readonly nowMilliseconds: () => number;
  /**
   * Takes over the descriptor of a WebSocket upgrade with the client's address and the bytes read so far, the request
   * among them. Called only if the handler upgrades WebSockets.
   */
  readonly onUpgrade?: (fd: number, address: Uint8Array, bytes: Uint8Array) => void;
}

/** What an `EpollServer` and its conversations share. */
export interface EpollParts {
  readonly receive: NativeMemory;
  readonly handler: HttpHandler;
  readonly limits: ConnectionLimits;
  readonly poller: ConnectionPoller;
  readonly connections: EpollConnections;
  readonly sender: EpollSender;
  readonly accepted: AcceptBatch;
}

/** Allocates all of it. Throws SyscallError when there can be no epoll instance. */
export function makeEpollParts(options: EpollServerOptions): EpollParts {
  const reply = new NativeMemory(replyBytesMin(options.handler));
  const limits = new ConnectionLimits(options.connectionsMax, options.connectionsPerAddressMax);
  const poller = new ConnectionPoller(EVENTS_MAX);
  const { counters, requestTimeoutMilliseconds } = options;
  const connections = new EpollConnections(limits, counters, poller);
  return {
    receive: new NativeMemory(RECEIVE_BYTES + options.requestBytesMax),
    handler: new HttpHandler(options.handler, reply.bytes),
    limits,
    poller,
    connections,
    sender: new EpollSender(connections, reply, counters, requestTimeoutMilliseconds),
    accepted: new AcceptBatch(ACCEPT_MAX),
  };
}

/** Counts a connection that `ConnectionLimits` refused. */
export function countRefusal(counters: Float64Array, limit: number): void {
  counters[limit === LIMIT_TOTAL ? COUNT_OVER_LIMIT : COUNT_OVER_ADDRESS_LIMIT]++;
}
