/** What an `HttpHandler` is made with: limits, intervals and the shared parts it answers from. */
import type { Cidr } from "@swarmtide/bittorrent";
import type { FamilyRows, RefusalWriter } from "@swarmtide/metrics";
import {
  type Admission,
  AnnounceInterval,
  type PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import { type HttpConfig, RESPONSE_PEERS_MAX, SCRAPE_TORRENTS_MAX } from "./config.ts";

/** What decides how long an answer can be. */
export type ReplyLimits = Pick<HttpConfig, "maxResponsePeers" | "maxScrapeTorrents">;

export interface HttpHandlerOptions {
  /** [http]; keys with `reload` are read from it per request. */
  readonly config: HttpConfig;
  readonly store: SwarmStore;
  /** Its list is replaced between two requests when the operator reloads it. */
  readonly admission: Admission;
  /** Written by this thread only. */
  readonly counters: FamilyRows<"http">;
  /** The highest that a reload may bring, which the reply buffer has room for; by default those of `config`. */
  readonly replyRoom?: ReplyLimits;
  readonly interval: AnnounceInterval;
  /** Of the clients' software. */
  readonly peerIds: PeerIdSample;
  /** Where refusals are noted for the log; nowhere if left out. */
  readonly refusals?: RefusalWriter<"http">;
  /** Request line and headers together. */
  readonly requestBytesMax: number;
  readonly headersMax: number;
  readonly requestsPerConnectionMax: number;
  readonly trustedProxies: readonly Cidr[];
  /** The header a trusted proxy names its client in. */
  readonly forwardedHeaderName: string;
  /** Whether WebSocket upgrades are handed on (`OUTCOME_UPGRADES`) or answered as the GET requests they are. */
  readonly upgradesWebSockets: boolean;
  /** Whether announces and scrapes are answered 404, so that `/health` and upgrades are all that is served. */
  readonly isTrackerOff?: boolean;
}

/** The part of the options that stands in [http]; `seed` is a random word. */
export function handlerOptionsOf(
  config: HttpConfig,
  seed: number,
): Pick<HttpHandlerOptions, "config" | "replyRoom" | "interval"> {
  return {
    config,
    replyRoom: { maxResponsePeers: RESPONSE_PEERS_MAX, maxScrapeTorrents: SCRAPE_TORRENTS_MAX },
    interval: new AnnounceInterval(config.peerAnnounceInterval, seed),
  };
}
