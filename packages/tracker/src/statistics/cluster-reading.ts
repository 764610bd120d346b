/** What the counters of the cluster thread mean for the statistics. Main thread; the table is a copy of one moment. */
import { clusterColumns as cluster } from "@swarmtide/cluster";
import type { Column, CounterTable } from "@swarmtide/metrics";
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

const DROPPED_UNITS = [
  ["swarmtide_cluster_dropped_records_total", "announces"],
  ["swarmtide_cluster_dropped_messages_total", "messages"],
] as const;

/** Every reason that the counters have. */
const dropsOf = (table: CounterTable<"cluster">) =>
  DROPPED_UNITS.flatMap(([name, unit]) =>
    table.definition.metrics.flatMap((metric, column) =>
      metric.name === name
        ? [
            {
              ...{ unit, reason: metric.labels.reason ?? "" },
              total: table.sum(column as Column<"cluster">),
            },
          ]
        : [],
    ),
  );

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
      drops: dropsOf(table),
    },
    problems: problemsOf(table, "cluster", ORDINARY),
  };
}
