/**
 * What peers of other nodes cost a worker: a record that enters a peer, and one that renews it, with half a million peers of
 * 100,000 connections in 20,000 torrents.
 *
 * `node packages/ws/dist/bench/remote.bench.js` prints processor time; the tests run a smoke.
 */
import { fileURLToPath } from "node:url";
import { ALL_ENDS, ALL_NODES } from "@swarmtide/runtime";
import { connectionWord } from "../hot/peer-layout.ts";
import { RemoteBatch } from "../hot/remote-batch.ts";
import { elementAt } from "../testing/element-at.ts";
import { TestTrackers } from "../testing/harness.ts";

const MEMORY_BYTES = 512 * 1024 * 1024;
const NODE = 1;
const PEER_BYTES = 52;

export interface RemoteReport {
  readonly peers: number;
  readonly enterNanoseconds: number;
  readonly renewNanoseconds: number;
}

/** The messages by which a node tells of its peers. */
function messagesOf(peers: number, connections: number, torrents: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const batch = new RemoteBatch();
  const [infoHash, peerId] = [new Int32Array(5), new Int32Array(5)];
  const take = () => {
    messages.push(batch.bytes.slice(0, batch.length));
    batch.begin(ALL_NODES, ALL_ENDS, 0);
  };
  batch.begin(ALL_NODES, ALL_ENDS, 0);
  for (let peer = 0; peer < peers; peer++) {
    const slot = peer % connections;
    // Each connection is in torrents that lie far apart.
    infoHash[0] = (slot + 7919 * Math.floor(peer / connections)) % torrents;
    peerId[0] = slot;
    if (batch.isFullFor(PEER_BYTES)) take();
    batch.writePeer(0, 0, connectionWord(0, slot), 1, infoHash, 0, peerId, 0);
  }
  take();
  return messages;
}

export function benchRemote(peers: number, connections: number, torrents: number): RemoteReport {
  const trackers = new TestTrackers(
    ...([1, {}, 1, undefined, undefined, MEMORY_BYTES] as const),
    () => true,
  );
  const tracker = elementAt(trackers.trackers, 0);
  const { remotePeers } = tracker;
  if (remotePeers === undefined) throw new Error("the tracker is in no cluster");
  remotePeers.nodeCame(NODE);
  const messages = messagesOf(peers, connections, torrents);
  const nanosecondsEach = () => {
    const start = process.cpuUsage();
    for (const message of messages) remotePeers.take(NODE, message);
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1000) / peers;
  };
  const enterNanoseconds = nanosecondsEach();
  const renewNanoseconds = nanosecondsEach();
  return { peers: tracker.swarms.peers.table.length, enterNanoseconds, renewNanoseconds };
}

const [, script] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const { enterNanoseconds, renewNanoseconds } = benchRemote(500_000, 100_000, 20_000);
  const [enter, renew] = [enterNanoseconds, renewNanoseconds].map((value) => value.toFixed(0));
  console.log(`a record of a new peer ${enter} ns, of a known one ${renew} ns`);
}
