/**
 * What a conversation over TCP may do, the same for every engine. Made once per worker from the configuration
 * (answering.ts); an engine adds where it listens and who takes its upgrades.
 */
import type { Cidr } from "@swarmtide/bittorrent";
import type { HttpHandlerOptions } from "@swarmtide/http";
import type { CounterRow, RefusalWriter, RoundTimer } from "@swarmtide/metrics";

/** Deadlines are checked this often. */
export const SWEEP_MILLISECONDS = 500;

export interface ConversationOptions {
  readonly handler: HttpHandlerOptions;
  readonly requestBytesMax: number;
  readonly trustedProxies: readonly Cidr[];
  /** Trusted proxies open with a PROXY protocol header; nobody else may connect. */
  readonly proxyProtocol: boolean;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** See `connectionFdsEnd`. */
  readonly fdsEnd: number;
  /** For a request from its first byte to its last, and for a reader to take its answer. */
  readonly requestTimeoutMilliseconds: number;
  readonly idleTimeoutMilliseconds: number;
  /** Of no use to an engine without TLS. */
  readonly handshakeTimeoutMilliseconds: number;
  /** Of this worker. */
  readonly counters: CounterRow<"tcp">;
  /** Where refusals are noted for the log. */
  readonly refusals: RefusalWriter<"tcp">;
  /** Of this worker; it is told the time of nowMilliseconds. */
  readonly rounds: RoundTimer;
  /** A clock that does not jump. */
  readonly nowMilliseconds: () => number;
}

/** What a reload changes: keys with `reload: true` in [web] and [http]. */
export type ReloadedOptions = Pick<
  ConversationOptions,
  | "handler"
  | "trustedProxies"
  | "proxyProtocol"
  | "connectionsPerAddressMax"
  | "requestTimeoutMilliseconds"
  | "idleTimeoutMilliseconds"
  | "handshakeTimeoutMilliseconds"
>;
