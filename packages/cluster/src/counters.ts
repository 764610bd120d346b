/** What the cluster thread counts, in one row of its own. One line declares a counter (packages/metrics/src/define.ts). */
import { defineCounters } from "@swarmtide/metrics";

export const clusterCounters = defineCounters("cluster", { families: false });

export const CONNECTED = clusterCounters.gauge(
  "connected",
  "1 while there is a connection to a NATS server, else 0.",
);
export const CONNECTIONS = clusterCounters.counter(
  "connections",
  "Connections made to a NATS server.",
);
export const JOINING = clusterCounters.gauge(
  "joining",
  "1 until the swarms of another node have arrived or no node has answered, then 0.",
);
export const NODES = clusterCounters.gauge("nodes", "Other nodes of the cluster now.");
export const LAG = clusterCounters.gauge(
  "lag",
  "The greatest delay of a message in the last second, compared with the fastest one from the same node.",
  {},
  "seconds",
);

const RECORDS = "Announces sent to other nodes, and received from them.";
export const RECORDS_OUT = clusterCounters.counter("records", RECORDS, { direction: "out" });
export const RECORDS_IN = clusterCounters.counter("records", RECORDS, { direction: "in" });
const MESSAGES = "Messages sent to other nodes, and received from them.";
export const MESSAGES_OUT = clusterCounters.counter("messages", MESSAGES, { direction: "out" });
export const MESSAGES_IN = clusterCounters.counter("messages", MESSAGES, { direction: "in" });
const BYTES = "Bytes of messages sent to other nodes, and received from them.";
export const BYTES_OUT = clusterCounters.counter(
  "transferred",
  BYTES,
  { direction: "out" },
  "bytes",
);
export const BYTES_IN = clusterCounters.counter("transferred", BYTES, { direction: "in" }, "bytes");

const DROPPED = "Announces that did not reach another node, or were not taken from one, by reason.";
const droppedRecords = (reason: string) =>
  clusterCounters.counter("dropped_records", DROPPED, { reason });
export const DROPPED_RING = droppedRecords("ring");
export const DROPPED_OUTBOUND = droppedRecords("outbound");
export const DROPPED_ACCESS_LIST = droppedRecords("access_list");
export const DROPPED_LIMITS = droppedRecords("limits");
export const DROPPED_MEMORY = droppedRecords("memory");
/** Of peers that have expired already. */
export const DROPPED_OLD = droppedRecords("expired");
/** A younger announce of the same peer was here already. */
export const DROPPED_OUTDATED = droppedRecords("outdated");
export const COMPLETIONS = clusterCounters.counter(
  "completed",
  "Completed downloads that other nodes counted and this one took over.",
);

const LOST = "Messages that were dropped or did not come, by reason.";
const lostMessages = (reason: string) =>
  clusterCounters.counter("dropped_messages", LOST, { reason });
export const LOST_MALFORMED = lostMessages("malformed");
export const LOST_VERSION = lostMessages("version");
export const LOST_GAPS = lostMessages("gap");
export const LOST_NODES = lostMessages("nodes");
export const LOST_OUTBOUND = lostMessages("outbound");
export const LOST_CHANNEL = lostMessages("channel");

const STREAMS = "Streams of swarms sent to other nodes, and received from them, by how they ended.";
const streams = (direction: string, result: string) =>
  clusterCounters.counter("streams", STREAMS, { direction, result });
export const STREAMS_GIVEN = streams("out", "whole");
export const STREAMS_GIVEN_UP = streams("out", "broken");
export const STREAMS_TAKEN = streams("in", "whole");
export const STREAMS_LOST = streams("in", "broken");
export const STREAM_PEERS = clusterCounters.counter(
  "streamed_peers",
  "Peers taken from streams of other nodes.",
);
export const STREAM_REFUSED = clusterCounters.counter(
  "refused_streamed_peers",
  "Peers of streams of other nodes that memory had no room for or limits refused.",
);
