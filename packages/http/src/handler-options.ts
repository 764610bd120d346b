/** What an `HttpHandler` is made with: limits, intervals and the shared parts it answers from. */
import type { Cidr } from "@swarmtide/bittorrent";
import type { InfoHashFilter, SwarmStore } from "@swarmtide/swarm";
import { type HttpConfig, INTERVAL_JITTER } from "./config.ts";

export interface HttpHandlerOptions {
  readonly store: SwarmStore;
  /** Undefined serves every torrent. */
  readonly accessList: InfoHashFilter | undefined;
  /** One row of a `NamedCounterTable` made with `HTTP_COUNTER_NAMES`, written by this thread only. */
  readonly counters: Float64Array;
  readonly peersMax: number;
  readonly scrapeTorrentsMax: number;
  readonly intervalSeconds: number;
  /** Each interval is drawn from intervalSeconds × (1 ± this). */
  readonly intervalJitter: number;
  readonly minIntervalSeconds: number;
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
  readonly randomSeed: number;
}

/** The part of the options that stands in [http]. */
export function handlerOptionsOf(
  config: HttpConfig,
): Pick<
  HttpHandlerOptions,
  "peersMax" | "scrapeTorrentsMax" | "intervalSeconds" | "intervalJitter" | "minIntervalSeconds"
> {
  return {
    peersMax: config.maxPeers,
    scrapeTorrentsMax: config.maxScrapeTorrents,
    intervalSeconds: config.peerAnnounceInterval,
    intervalJitter: INTERVAL_JITTER,
    minIntervalSeconds: config.peerMinAnnounceInterval,
  };
}
