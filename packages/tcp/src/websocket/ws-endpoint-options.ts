/** What the WebTorrent tracker of one web worker is made from, with its sockets: `WsEndpoint`. Plain data, of that worker's thread. */
import type { MessagePort } from "node:worker_threads";
import type { Cidr } from "@swarmtide/bittorrent";
import type { CounterRow, RefusalWriter, RoundTimer } from "@swarmtide/metrics";
import type { NodeChannelHandle } from "@swarmtide/runtime";
import type { Admission, LimitsConfig, PeerIdSample, SwarmStore } from "@swarmtide/swarm";
import type { WsConfig } from "@swarmtide/ws";

export interface WsEndpointOptions {
  readonly config: WsConfig;
  /** This worker's number among those that serve WebTorrent, from 0, and how many there are. */
  readonly worker: number;
  readonly workers: number;
  /** A random number that all workers share. */
  readonly ownerSecret: number;
  /** A port to each other worker, by its number; undefined at the own one. */
  readonly peers: readonly (MessagePort | undefined)[];
  /** To other nodes; undefined where there is no cluster. */
  readonly channel?: NodeChannelHandle | undefined;
  /** Of this worker. */
  readonly counters: CounterRow<"ws">;
  readonly tcpCounters: CounterRow<"tcp">;
  /** Where refusals are noted for the log. */
  readonly refusals: RefusalWriter<"ws">;
  readonly tcpRefusals: RefusalWriter<"tcp">;
  /** Of this worker's messages. */
  readonly rounds: RoundTimer;
  /** Of the clients' software. */
  readonly peerIds: PeerIdSample;
  /** Which torrents and addresses are served; HTTP asks the same one. */
  readonly admission: Admission;
  /** The swarms of UDP and HTTP, for limits, and for scrapes that count them too. */
  readonly store: SwarmStore;
  /** Undefined for none. */
  readonly limits: LimitsConfig | undefined;
  /** See `makePeersByAddress`. */
  readonly peersByAddress: SharedArrayBuffer;
  readonly trustedProxies: readonly Cidr[];
  /** In which trusted proxies name the client. */
  readonly forwardedHeaderName: string;
  /** Limits on the connections that come as descriptors; others are counted by their `NetServer`. */
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** Of each connection; 0 leaves it to the kernel. */
  readonly unsentInKernelBytes?: number;
}
