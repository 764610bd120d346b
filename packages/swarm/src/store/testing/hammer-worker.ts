/** A thread that announces at random to few torrents with peers of its own, then reports what it left there. */

import { parentPort, workerData } from "node:worker_threads";
import { randomBelow } from "@swarmtide/test-kit";
import { ANNOUNCE_SEEDER, ANNOUNCE_STOPPED } from "../../announce/hot/role.ts";
import type { SwarmStoreHandle } from "../hot/swarm-store.ts";
import { attachSwarmStore } from "../open-store.ts";
import { announceOf, peersInReply } from "./peers.ts";

export interface HammerTask {
  readonly handle: SwarmStoreHandle;
  readonly seed: number;
  readonly firstPeer: number;
  readonly peers: number;
  readonly torrents: number;
  readonly announces: number;
}

/** For each torrent and peer of this thread: 0 gone, 1 leecher, 2 seeder. */
export type HammerReport = Uint8Array;

function hammer(task: HammerTask): HammerReport {
  const store = attachSwarmStore(task.handle);
  const reply = new Uint16Array(256);
  const report = new Uint8Array(task.torrents * task.peers);
  const random = randomBelow(task.seed);
  for (let i = 0; i < task.announces; i++) {
    const torrent = random(task.torrents);
    const index = random(task.peers);
    const peer = task.firstPeer + index;
    const stopped = random(4) === 0;
    const seeder = random(2) === 0;
    const flags = (stopped ? ANNOUNCE_STOPPED : 0) | (seeder ? ANNOUNCE_SEEDER : 0);
    const count = store.announce(announceOf(torrent, peer, { flags, peersWanted: 20, reply }));
    const others = peersInReply(reply, 0, count, 4);
    if (others.includes(peer) || new Set(others).size !== count)
      throw new Error(`a wrong list of peers: ${others.join(" ")}`);
    report[torrent * task.peers + index] = stopped ? 0 : seeder ? 2 : 1;
  }
  return report;
}

parentPort?.postMessage(hammer(workerData as HammerTask));
