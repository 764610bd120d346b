/**
 * A thread that announces without pause while a snapshot is written or restored, and measures how long each announce takes.
 * Started by snapshot.bench.ts, which tells it the phase.
 */
import { workerData } from "node:worker_threads";
import { Announce, attachSwarmStore, type SwarmStoreHandle } from "@swarmtide/swarm";
import { BUCKETS, namePeer, nameTorrent } from "./swarms.ts";

export interface AnnouncerTask {
  readonly store: SwarmStoreHandle;
  /** Torrents of one peer each: it announces for those peers, so that nothing grows. */
  readonly torrents: number;
  /** Word 0: the phase that counts now, or -1 to end. */
  readonly phase: SharedArrayBuffer;
  /** A row of BUCKETS counts for each phase. */
  readonly counts: SharedArrayBuffer;
  /** The longest announce of each phase in µs. */
  readonly longest: SharedArrayBuffer;
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
  let state = 7;
  for (let at = Atomics.load(phase, 0); at >= 0; at = Atomics.load(phase, 0)) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const torrent = (state >>> 0) % task.torrents;
    nameTorrent(infoHash, torrent);
    namePeer(announce, address, torrent + 1);
    const start = performance.now();
    store.announce(announce);
    const microseconds = (performance.now() - start) * 1000;
    const bucket = at * BUCKETS + Math.min(BUCKETS - 1, Math.floor(microseconds));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    if (microseconds > (longest[at] ?? 0)) longest[at] = microseconds;
  }
}

announceUntilEnd(workerData as AnnouncerTask);
