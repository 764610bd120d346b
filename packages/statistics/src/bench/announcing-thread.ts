/**
 * The announcing side of waiting.bench.ts: announces peers of random torrents of the store, as fast as it can, and records how
 * long each announce takes, in the row of the phase that runs. A worker thread.
 */
import { workerData } from "node:worker_threads";
import { Histogram, type HistogramHandle } from "@swarmtide/metrics";
import {
  Announce,
  attachSwarmStore,
  portInPacketOrder,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import { writeInfoHash } from "./torrent-hash.ts";

export interface AnnouncingSetup {
  readonly store: SwarmStoreHandle;
  readonly latency: HistogramHandle;
  /** The number of the phase; -1 ends the thread. */
  readonly phase: SharedArrayBuffer;
  readonly torrents: number;
}

const NANOSECONDS = 1e6;
const ANNOUNCES_A_LOOK = 64;

const { store: handle, latency, phase: memory, torrents } = workerData as AnnouncingSetup;
const store = attachSwarmStore(handle);
const histogram = Histogram.attach(latency);
const phase = new Int32Array(memory);
const infoHash = new Int32Array(5);
const address = new Int32Array(4);
const announce = new Announce(infoHash, address, new Uint16Array(1024));
announce.family = 4;
announce.peersWanted = 30;
announce.port = portInPacketOrder(9);
store.setNow(2);
let random = 1;
for (let now = 0; now >= 0; now = Atomics.load(phase, 0)) {
  const row = histogram.row(now);
  for (let i = 0; i < ANNOUNCES_A_LOOK; i++) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    writeInfoHash(infoHash, random % torrents);
    const start = performance.now();
    store.announce(announce);
    row.record((performance.now() - start) * NANOSECONDS);
  }
}
