/** What `GET /api/stats` tells of a cluster. See api-shape.ts. */
import type { Counted } from "./api-counted.ts";

/** What was dropped for one reason, or did not come. */
export interface ClusterDropRow extends Counted {
  readonly unit: "announces" | "messages";
  /** As in /metrics: `access_list`. */
  readonly reason: string;
}

/** Other nodes with which the swarms of UDP and HTTP are shared. */
export interface ClusterStats {
  /** Other nodes of the cluster now. */
  readonly nodes: number;
  /** Whether there is a connection to a NATS server. */
  readonly isConnected: boolean;
  /** Whether swarms of other nodes are still to come. */
  readonly isJoining: boolean;
  /** The greatest delay of a message in the last second, compared with the fastest one from the same node. */
  readonly lagSeconds: number;
  /** Announces from other nodes and to them, and bytes of all messages. */
  readonly recordsIn: Counted;
  readonly recordsOut: Counted;
  readonly bytesIn: Counted;
  readonly bytesOut: Counted;
  /** Every reason that there is, announces first. */
  readonly drops: readonly ClusterDropRow[];
}
