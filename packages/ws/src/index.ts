/**
 * The WebTorrent tracker without its sockets: connections and their limits, swarms of connections, offers and
 * answers, and the batches by which workers share the torrents among them.
 */
export { type WsConfig, wsSection } from "./config.ts";
export * as wsColumns from "./counters.ts";
export type { ClientAddress } from "./hot/client-limits.ts";
export {
  CONNECTION_CLOSED,
  CONNECTION_CLOSING,
  CONNECTION_OPEN,
  type Connection,
  type ConnectionSink,
} from "./hot/connection.ts";
export type { RemotePeers } from "./hot/remote-peers.ts";
export { WebTorrentTracker } from "./hot/tracker.ts";
export { TICKS_PER_ROUND } from "./hot/upkeep.ts";
export { type BatchSender, LINK_BYTES_MAX } from "./hot/worker-delivery.ts";
export type { WebTorrentTrackerOptions } from "./hot/worker-state.ts";
export { makePeersByAddress } from "./memory.ts";
export { describeWsRefusal } from "./refusal-text.ts";
export { answerUpgrade, type UpgradeAnswer } from "./upgrade.ts";
