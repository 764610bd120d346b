/** What the counters of the cluster thread mean for the statistics. Main thread; the table is a copy of one moment. */
import { clusterColumns as cluster } from "@swarmtide/cluster";
import type { CounterTable } from "@swarmtide/metrics";
import type { TrackerReading } from "@swarmtide/statistics";
import { problemsOf } from "./table-reading.ts";

/** Traffic; everything else that the thread counts is something that went wrong. */
const ORDINARY = [
  ...[cluster.RECORDS_IN, cluster.RECORDS_OUT, cluster.MESSAGES_IN, cluster.MESSAGES_OUT],
  ...[cluster.BYTES_IN, cluster.BYTES_OUT, cluster.CONNECTIONS, cluster.COMPLETIONS],
  ...[cluster.STREAMS_GIVEN, cluster.STREAMS_TAKEN, cluster.STREAM_PEERS],
  // A younger announce was here already, as after every stream.
  cluster.DROPPED_OUTDATED,
];

export function readCluster(
  table: CounterTable<"cluster">,
): Pick<TrackerReading, "cluster" | "problems"> {
  return {
    cluster: {
      nodes: table.sum(cluster.NODES),
      isConnected: table.sum(cluster.CONNECTED) > 0,
      isJoining: table.sum(cluster.JOINING) > 0,
      lagSeconds: table.sum(cluster.LAG),
      recordsIn: table.sum(cluster.RECORDS_IN),
      recordsOut: table.sum(cluster.RECORDS_OUT),
      bytesIn: table.sum(cluster.BYTES_IN),
      bytesOut: table.sum(cluster.BYTES_OUT),
    },
    problems: problemsOf(table, "cluster", ORDINARY),
  };
}
