/** What a snapshot tells of the cluster: its counters with their rates. Called by the collector; main thread. */
import type { ClusterStats } from "../api-cluster.ts";
import type { RateBook } from "./rates.ts";
import type { ClusterReading } from "./source.ts";

export function clusterStats(
  cluster: ClusterReading | undefined,
  rates: RateBook,
): ClusterStats | null {
  if (cluster === undefined) return null;
  const { recordsIn, recordsOut, bytesIn, bytesOut, webTorrent, drops, ...now } = cluster;
  const counted = (what: string, total: number) => rates.counted(`cluster ${what}`, total);
  return {
    ...now,
    ...{ recordsIn: counted("in", recordsIn), recordsOut: counted("out", recordsOut) },
    ...{ bytesIn: counted("bytes in", bytesIn), bytesOut: counted("bytes out", bytesOut) },
    webTorrent: webTorrent && {
      peers: webTorrent.peers,
      recordsIn: counted("WebTorrent in", webTorrent.recordsIn),
      recordsOut: counted("WebTorrent out", webTorrent.recordsOut),
    },
    drops: drops.map(({ unit, reason, total }) => ({
      ...{ unit, reason },
      ...counted(`dropped ${unit} ${reason}`, total),
    })),
  };
}
