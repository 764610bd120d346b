/** What the snapshot thread counts, in one row of its own. One line declares a counter (packages/metrics/src/define.ts). */
import { defineCounters } from "@swarmtide/metrics";

export const snapshotCounters = defineCounters("snapshot", { families: false });

export const WRITTEN = snapshotCounters.counter("written", "Snapshots written.");
export const FAILED = snapshotCounters.counter(
  "failed",
  "Snapshots that could not be written; the previous one is kept.",
);
export const LAST_TIME = snapshotCounters.gauge(
  "last_written_time",
  "When the last snapshot was complete, Unix time; 0 before the first.",
  {},
  "seconds",
);
export const LAST_BYTES = snapshotCounters.gauge(
  "last_written",
  "Size of the last snapshot.",
  {},
  "bytes",
);
export const LAST_DURATION = snapshotCounters.gauge(
  "last_duration",
  "How long the last snapshot took to write.",
  {},
  "seconds",
);
export const RESTORED_PEERS = snapshotCounters.counter(
  "restored_peers",
  "Peers restored at the start.",
);

export const RESTORING = snapshotCounters.gauge(
  "restoring",
  "1 while the former snapshot is being restored, else 0.",
);

const LEFT_OUT = "Peers of the snapshot that were not restored, by reason.";
export const EXPIRED_PEERS = snapshotCounters.counter("left_out_peers", LEFT_OUT, {
  reason: "expired",
});
export const REFUSED_PEERS = snapshotCounters.counter("left_out_peers", LEFT_OUT, {
  reason: "memory",
});
export const PROBLEMS = snapshotCounters.counter(
  "problems",
  "Places where the snapshot that was restored is damaged.",
);
