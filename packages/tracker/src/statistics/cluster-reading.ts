/** What the counters of the cluster thread, and those of WebTorrent about other nodes, mean for the statistics. Main thread; the tables are copies of one moment. */
import { clusterColumns as cluster } from "@swarmtide/cluster";
import type { Column, CounterTable } from "@swarmtide/metrics";
import type { TrackerReading } from "@swarmtide/statistics";
import { wsColumns as ws } from "@swarmtide/ws";
import { problemsOf } from "./table-reading.ts";

type ClusterReading = NonNullable<TrackerReading["cluster"]>;

/** Traffic; everything else that the thread counts is something that went wrong. */
const ORDINARY = [
  ...[cluster.RECORDS_IN, cluster.RECORDS_OUT, cluster.MESSAGES_IN, cluster.MESSAGES_OUT],
  ...[cluster.BYTES_IN, cluster.BYTES_OUT, cluster.CONNECTIONS, cluster.COMPLETIONS],
  ...[cluster.STREAMS_GIVEN, cluster.STREAMS_TAKEN, cluster.STREAM_PEERS],
  // A younger announce was here already, as after every stream.
  cluster.DROPPED_OUTDATED,
];

type Drop = ClusterReading["drops"][number];

/** What the counters of this name have for each reason; what was dropped, of all kinds together. */
function dropsOf<Kind extends string>(
  table: CounterTable<Kind>,
  name: string,
  unit: Drop["unit"],
): Drop[] {
  const totals = new Map<string, number>();
  table.definition.metrics.forEach((metric, column) => {
    if (metric.name !== name) return;
    const reason = metric.labels.reason ?? "";
    totals.set(reason, (totals.get(reason) ?? 0) + table.sum(column as Column<Kind>));
  });
  return [...totals].map(([reason, total]) => ({ unit, reason, total }));
}

const sumOf = (table: CounterTable<"ws">, columns: readonly Column<"ws">[]): number =>
  columns.reduce((sum, column) => sum + table.sum(column), 0);

/** `wsTable` is undefined where WebTorrent is off. */
export function readCluster(
  table: CounterTable<"cluster">,
  wsTable: CounterTable<"ws"> | undefined,
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
      webTorrent:
        wsTable === undefined
          ? null
          : {
              peers: wsTable.sum(ws.REMOTE_PEERS),
              recordsIn: sumOf(wsTable, ws.REMOTE_RECEIVED),
              recordsOut: sumOf(wsTable, ws.REMOTE_SENT),
            },
      drops: [
        ...dropsOf(table, "swarmtide_cluster_dropped_records_total", "announces"),
        ...dropsOf(table, "swarmtide_cluster_dropped_messages_total", "messages"),
        ...(wsTable === undefined
          ? []
          : dropsOf(wsTable, "swarmtide_ws_remote_records_dropped_total", "WebTorrent records")),
      ],
    },
    problems: problemsOf(table, "cluster", ORDINARY),
  };
}
