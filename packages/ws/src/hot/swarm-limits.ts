/** What the parts of a worker's swarms agree on: limits, and how an announce is replied to. */

/**
 * Peers that one connection may have in a torrent: the clients of a page share a socket, and one that is made anew while
 * the socket lives has a new id. The one that has been silent for longest gives way.
 */
export const PEER_IDS_MAX = 8;

/** Whether an announce is replied to: at once, when its connection keeps up again, or not at all. */
export const REPLY_NONE = 0;
export const REPLY_NOW = 1;
export const REPLY_LATER = 2;

/** What the swarms need to know of the configuration. */
export interface SwarmLimits {
  /** These are written by a reload. */
  intervalSeconds: number;
  offerAgeSeconds: number;
  peerAgeSeconds: number;
  peersPerConnection: number;
  /** For peers and offers. */
  readonly memoryBytes: number;
}
