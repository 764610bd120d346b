/**
 * A thread that announces without pause while a snapshot is written or restored, and measures how long each announce takes.
 * Started by announcing.ts, which tells it the phase.
 */

import { readFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { Announce, attachSwarmStore, type SwarmStoreHandle } from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import { BUCKETS, namePeer, nameTorrent } from "./swarms.ts";

export interface AnnouncerTask {
  readonly store: SwarmStoreHandle;
  /** Torrents of one peer each: it announces for those peers, so that nothing grows. */
  readonly torrents: number;
  /** Word 0: the phase that counts now, or -1 to end. */
  readonly phase: SharedArrayBuffer;
  /** A row of BUCKETS counts for each phase. */
  readonly counts: SharedArrayBuffer;
  /** The longest announce of each phase in µs, then the longest without the time in which this thread waited for a core. */
  readonly longest: SharedArrayBuffer;
}

/** From here on an announce is looked at: did this thread have a core all the time? */
const SLOW_MICROSECONDS = 200;

/** Microseconds for which this thread was ready and had no core (proc(5), schedstat); 0 where the system does not say. */
function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[1]) / 1000;
  } catch {
    return 0;
  }
}

function announceUntilEnd(task: AnnouncerTask): void {
  const store = attachSwarmStore(task.store);
  const phase = new Int32Array(task.phase);
  const counts = new Float64Array(task.counts);
  const longest = new Float64Array(task.longest);
  const infoHash = new Int32Array(5);
  const address = new Int32Array(1);
  const announce = new Announce(infoHash, address, new Uint16Array(256));
  announce.peersWanted = 30;
  announce.hasEvent = true;
  const random = randomBelow(7);
  let waitedBefore = waitedForCore();
  for (let at = Atomics.load(phase, 0); at >= 0; at = Atomics.load(phase, 0)) {
    const torrent = random(task.torrents);
    nameTorrent(infoHash, torrent);
    namePeer(announce, address, torrent + 1);
    const start = performance.now();
    store.announce(announce);
    const microseconds = (performance.now() - start) * 1000;
    const bucket = at * BUCKETS + Math.min(BUCKETS - 1, Math.floor(microseconds));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    if (microseconds < SLOW_MICROSECONDS) continue;
    // Waits between the last slow announce and this one are taken for waits in this one: they are rare and as long.
    const waited = waitedForCore();
    const ran = microseconds - Math.min(microseconds, waited - waitedBefore);
    waitedBefore = waited;
    longest[2 * at] = Math.max(longest[2 * at] ?? 0, microseconds);
    longest[2 * at + 1] = Math.max(longest[2 * at + 1] ?? 0, ran);
  }
}

announceUntilEnd(workerData as AnnouncerTask);
