/**
 * Tells a node that has just come who is here: all peers of this node in this worker's torrents, in pieces of a message each, so
 * that neither this worker nor the node is kept from its work. What changes meanwhile is told to all nodes anyway.
 *
 * Owned by the worker; a part of `RemotePeers`.
 */
import { ALL_ENDS } from "@swarmtide/runtime";
import { IDENTITY_CONNECTION, IDENTITY_SERIAL, SLOT_BITS, TORRENT_WORDS } from "./peer-layout.ts";
import type { Peers } from "./peers.ts";
import { RemoteBatch } from "./remote-batch.ts";
import { AGE_SECONDS_MAX } from "./remote-layout.ts";
import { RemoteOutbox } from "./remote-outbox.ts";

/** Records looked at in one call: those of other nodes are among them, and free ones. */
const VISITS = 8 * RemoteOutbox.peersPerMessage;

/** What it asks `RemotePeers`. */
interface PeerStates {
  readonly worker: number;
  stateOf(peer: number): number;
}

export class RemoteGiver {
  private readonly states: PeerStates;
  private readonly peers: Peers;
  private readonly outbox: RemoteOutbox;
  private readonly lane: number;
  private readonly batch = new RemoteBatch();
  /** The nodes that are told, and the last record that each was told of. */
  private readonly nodes: number[] = [];
  private readonly told: number[] = [];
  private nextIndex = 0;

  constructor(states: PeerStates, peers: Peers, outbox: RemoteOutbox, lane: number) {
    this.states = states;
    this.peers = peers;
    this.outbox = outbox;
    this.lane = lane;
  }

  begin(node: number): void {
    this.nodes.push(node);
    this.told.push(0);
  }

  end(node: number): void {
    const index = this.nodes.indexOf(node);
    if (index < 0) return;
    this.nodes[index] = this.nodes[this.nodes.length - 1];
    this.told[index] = this.told[this.told.length - 1];
    this.nodes.pop();
    this.told.pop();
  }

  /** Sends one message to the node whose turn it is. */
  give(nowSeconds: number): void {
    if (this.nodes.length === 0) return;
    this.nextIndex = (this.nextIndex + 1) % this.nodes.length;
    const node = this.nodes[this.nextIndex];
    const last = this.fill(node, this.told[this.nextIndex], nowSeconds);
    // Where there is no room the same is tried again.
    if (!this.batch.isEmpty && !this.outbox.sendBatch(this.batch)) return;
    if (last >= this.peers.table.slots) this.end(node);
    else this.told[this.nextIndex] = last;
  }

  /** Fills the batch with peers from the records after one; returns the last that was looked at. */
  private fill(node: number, after: number, nowSeconds: number): number {
    const { batch, peers, states } = this;
    const { identities, table, torrents } = peers;
    const end = Math.min(table.slots, after + VISITS);
    batch.begin(node, ALL_ENDS, this.lane);
    let peer = after;
    while (peer < end && batch.peers < RemoteOutbox.peersPerMessage) {
      peer++;
      const at = peers.idAt(peer);
      const ids = identities.table.words;
      const connection = ids[at + IDENTITY_CONNECTION];
      if (at === 0 || connection >>> SLOT_BITS === states.worker) continue;
      const age = Math.min(AGE_SECONDS_MAX, peers.ageOf(peer, nowSeconds));
      const serial = ids[at + IDENTITY_SERIAL];
      const state = states.stateOf(peer);
      const torrent = peers.torrentOf(peer) * TORRENT_WORDS;
      batch.writePeer(state, age, connection, serial, torrents.table.words, torrent, ids, at);
    }
    return peer;
  }
}
