/** What `GET /api/stats` tells of a cluster. See api-shape.ts. */
import type { Counted } from "./api-counted.ts";

/** What was dropped for one reason, or did not come. */
export interface ClusterDropRow extends Counted {
  readonly unit: "announces" | "messages" | "WebTorrent records";
  /** As in /metrics: `access_list`. */
  readonly reason: string;
}

/** What nodes tell each other of WebTorrent: peers, offers and answers. */
export interface ClusterWebTorrent {
  /** WebTorrent peers on other nodes now. */
  readonly peers: number;
  readonly recordsIn: Counted;
  readonly recordsOut: Counted;
}

/** Other nodes with which the swarms are shared. */
export interface ClusterStats {
  /** Other nodes of the cluster now. */
  readonly nodes: number;
  /** Whether there is a connection to a NATS server. */
  readonly isConnected: boolean;
  /** Whether swarms of other nodes are still to come. */
  readonly isJoining: boolean;
  /** The greatest delay of a message in the last second, compared with the fastest one from the same node. */
  readonly lagSeconds: number;
  /** Announces over UDP and HTTP from other nodes and to them, and bytes of all messages about them. */
  readonly recordsIn: Counted;
  readonly recordsOut: Counted;
  readonly bytesIn: Counted;
  readonly bytesOut: Counted;
  /** Null where WebTorrent is off. */
  readonly webTorrent: ClusterWebTorrent | null;
  /** Every reason that there is, announces first. */
  readonly drops: readonly ClusterDropRow[];
}
