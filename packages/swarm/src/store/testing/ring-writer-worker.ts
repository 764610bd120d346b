/** A thread that announces peers number 0, 1, 2 … of torrent 1 to a store with a ring, as fast as it can. */
import { parentPort, workerData } from "node:worker_threads";
import { type AnnounceRingHandle, attachAnnounceRing } from "../announce-rings.ts";
import type { SwarmStoreHandle } from "../hot/swarm-store.ts";
import { attachSwarmStore } from "../open-store.ts";
import { announceOf } from "./peers.ts";

export interface RingWriterTask {
  readonly store: SwarmStoreHandle;
  readonly ring: AnnounceRingHandle;
  readonly peers: number;
}

const { store: handle, ring, peers } = workerData as RingWriterTask;
const store = attachSwarmStore(handle);
attachAnnounceRing(store, ring);
for (let peer = 0; peer < peers; peer++) store.announce(announceOf(1, peer));
parentPort?.postMessage("written");
