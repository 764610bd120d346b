/** What a cluster does, in every form an operator asks for, of one moment: JSON of the page, Prometheus, block, last line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterColumns as cluster } from "@swarmtide/cluster";
import { add, CounterTable, CounterTables } from "@swarmtide/metrics";
import {
  formatStatisticsBlock,
  PrometheusText,
  type Snapshot,
  StatisticsCollector,
} from "@swarmtide/statistics";
import { createSwarmStore } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { wsColumns as ws } from "@swarmtide/ws";
import { trackerSchema } from "./config.ts";
import { TrackerSource } from "./statistics/tracker-source.ts";
import { formatFinalStatisticsLine, readStatistics } from "./statistics.ts";

/** Of a cluster that has sent, received and dropped. */
function snapshotOfCluster(): Snapshot {
  const counters = CounterTable.create(cluster.clusterCounters, 1);
  const row = counters.row(0);
  const wsCounters = CounterTable.create(ws.wsCounters, 2);
  const source = new TrackerSource({
    ...{ version: "0", config: defaultConfig(trackerSchema), reports: [] },
    store: createSwarmStore({ memoryBytesMax: 2 ** 24 }),
    counters: new CounterTables([counters, wsCounters]),
    addresses: () => [],
    isJoining: () => false,
    isFilling: () => false,
  });
  const collector = new StatisticsCollector(source);
  row[cluster.NODES] = 3;
  row[cluster.CONNECTED] = 1;
  row[cluster.LAG] = 0.012;
  const counts = [
    [cluster.RECORDS_IN, 7001],
    [cluster.RECORDS_OUT, 5002],
    [cluster.BYTES_IN, 90_003],
    [cluster.BYTES_OUT, 64_004],
    [cluster.DROPPED_RING, 21],
    [cluster.DROPPED_ACCESS_LIST, 22],
    [cluster.LOST_MALFORMED, 23],
  ] as const;
  for (const [column, value] of counts) add(row, column, value);
  const wsCounts = [
    [ws.REMOTE_PEERS, 41],
    [ws.REMOTE_PEERS_RECEIVED, 31],
    [ws.REMOTE_ANSWERS_RECEIVED, 1],
    [ws.REMOTE_OFFERS_SENT, 33],
    [ws.REMOTE_PEERS_UNSENT, 4],
    [ws.REMOTE_OFFERS_UNSENT, 5],
  ] as const;
  for (const [column, value] of wsCounts) {
    add(wsCounters.row(0), column, value);
    add(wsCounters.row(1), column, value);
  }
  const snapshot = collector.collect();
  // What comes after the snapshot is in none of them.
  add(row, cluster.RECORDS_IN, 1000);
  return snapshot;
}

test("the JSON of the page has nodes, traffic, lag and drops by reason", () => {
  const snapshot = snapshotOfCluster();
  const { cluster: stats } = snapshot.stats;
  assert.ok(stats);
  assert.deepEqual([stats.nodes, stats.isConnected, stats.lagSeconds], [3, true, 0.012]);
  assert.deepEqual([stats.recordsIn.total, stats.recordsOut.total], [7001, 5002]);
  assert.deepEqual([stats.bytesIn.total, stats.bytesOut.total], [90_003, 64_004]);
  const { webTorrent } = stats;
  assert.ok(webTorrent);
  assert.deepEqual(
    [webTorrent.peers, webTorrent.recordsIn.total, webTorrent.recordsOut.total],
    [82, 64, 66],
  );
  const dropped = stats.drops.filter(({ total }) => total > 0);
  assert.deepEqual(
    dropped.map(({ unit, reason, total }) => [unit, reason, total]),
    [
      ["announces", "ring", 21],
      ["announces", "access_list", 22],
      ["messages", "malformed", 23],
      ["WebTorrent records", "outbound", 18],
    ],
  );
});

test("/metrics has the same of the same moment", async (t) => {
  const snapshot = snapshotOfCluster();
  const prometheus = new PrometheusText();
  t.after(() => prometheus.close());
  const lines = (await prometheus.render(snapshot)).split("\n");
  for (const line of [
    "swarmtide_cluster_nodes 3",
    "swarmtide_cluster_lag_seconds 0.012",
    'swarmtide_cluster_records_total{direction="in"} 7001',
    'swarmtide_cluster_records_total{direction="out"} 5002',
    'swarmtide_cluster_transferred_bytes_total{direction="in"} 90003',
    'swarmtide_cluster_transferred_bytes_total{direction="out"} 64004',
    'swarmtide_cluster_dropped_records_total{reason="ring"} 21',
    'swarmtide_cluster_dropped_records_total{reason="access_list"} 22',
    'swarmtide_cluster_dropped_messages_total{reason="malformed"} 23',
    "swarmtide_ws_remote_peers 82",
    'swarmtide_ws_remote_records_total{direction="in",kind="peer"} 62',
    'swarmtide_ws_remote_records_total{direction="out",kind="offer"} 66',
    'swarmtide_ws_remote_records_dropped_total{kind="offer",reason="outbound"} 10',
  ])
    assert.ok(lines.includes(line), line);
});

test("so have the block on stdout and the last line", () => {
  const snapshot = snapshotOfCluster();
  const block = formatStatisticsBlock(snapshot.stats);
  for (const pattern of [
    /\n {2}other nodes: 3, connected, lag 12\.0 ms\n/,
    /\n {2}announces received .* 7,001\n/,
    /\n {2}announces sent .* 5,002\n/,
    /\n {2}bytes received .* 90,003\n/,
    /\n {2}bytes sent .* 64,004\n/,
    /\n {2}announces dropped: ring .* 21\n/,
    /\n {2}announces dropped: access list .* 22\n/,
    /\n {2}WebTorrent peers on them: 82\n/,
    /\n {2}WebTorrent records received .* 64\n/,
    /\n {2}WebTorrent records sent .* 66\n/,
    /\n {2}WebTorrent records dropped: outbound .* 18\n/,
    /\n {2}messages dropped: malformed .* 23\n/,
  ])
    assert.match(block, pattern);

  const line = formatFinalStatisticsLine(readStatistics(snapshot.stats), 61);
  assert.ok(
    line.endsWith(
      " cluster: nodes=3 announcesIn=7001 announcesOut=5002 bytesIn=90003 bytesOut=64004 wsRecordsIn=64 wsRecordsOut=66 lagMs=12" +
        " dropped: announces.ring=21 announces.access_list=22 messages.malformed=23 wsRecords.outbound=18",
    ),
    line,
  );
});
