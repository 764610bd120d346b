/**
 * Peers on other nodes of a cluster, as far as they are in this worker's torrents: entered, renewed and removed as their nodes
 * say; and what the other nodes have to know of the peers here. They lie in the tables of all peers as those of one further
 * worker, so that counts, scrapes and the choice of peers for offers are the same for all.
 *
 * Owned by the worker that owns the torrents; only where the tracker is in a cluster. Called by `Swarms` for what happens here and, with what
 * comes from other nodes, by the owner of the sockets. A node speaks for its own connections alone: each is found by the
 * number of the node that sent the message (remote-connections.ts). Peers of all other nodes together have half of the memory.
 */
import type { CounterRow } from "@swarmtide/metrics";
import { INFO_HASH_AT, RequestRecord, writeRange } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { MutableAddress } from "./connection-address.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { ID_WORDS } from "./id-words.ts";
import {
  IDENTITY_CONNECTION,
  IDENTITY_SERIAL,
  SLOT_BITS,
  SLOT_MASK,
  TORRENT_WORDS,
} from "./peer-layout.ts";
import type { Peers } from "./peers.ts";
import type { Remote } from "./remote.ts";
import { RemoteConnections } from "./remote-connections.ts";
import { RemoteGiver } from "./remote-giver.ts";
import {
  PEER_INFO_HASH_AT,
  REMOTE_ANSWER,
  REMOTE_COMPLETED,
  REMOTE_END,
  REMOTE_GONE,
  REMOTE_LEFT,
  REMOTE_OFFER,
  REMOTE_PEER,
  REMOTE_SEEDER,
} from "./remote-layout.ts";
import { RemoteOutbox, type RemoteSender } from "./remote-outbox.ts";
import { RemotePassing } from "./remote-passing.ts";
import { RemoteReader } from "./remote-reader.ts";
import type { RemoteSurroundings } from "./remote-surroundings.ts";
import { PEER_IDS_MAX } from "./swarm-limits.ts";
import type { Swarms } from "./swarms.ts";

/** Of the memory for peers, all other nodes together have one part of so many. */
const PART = 2;
/** Bytes of an info hash and a peer id. */
const IDS_BYTES = 4 * 2 * ID_WORDS;

export class RemotePeers implements Remote {
  /** The number of the worker that peers of other nodes seem to belong to. */
  readonly worker: number;
  readonly connections: RemoteConnections;
  private readonly passing: RemotePassing;
  private readonly state: RemoteSurroundings;
  private readonly swarms: Swarms;
  private readonly peers: Peers;
  private readonly counters: CounterRow<"ws">;
  private readonly outbox: RemoteOutbox;
  private readonly giver: RemoteGiver;
  private readonly reader = new RemoteReader();
  /** The peer that a record is about, and its address here. */
  private readonly told = new RequestRecord(0, 0);
  private readonly address = new MutableAddress();
  /** Numbers of the nodes that are there. */
  private readonly nodes: number[] = [];
  private readonly peersMax: number;
  private readonly identitiesMax: number;
  private length = 0;
  private identities = 0;
  /** Records of peers that may still be of a node that has gone. */
  private unswept = 0;

  constructor(state: RemoteSurroundings, send: RemoteSender) {
    const { counters, swarms } = state;
    const { peers } = swarms;
    this.state = state;
    this.swarms = swarms;
    this.peers = peers;
    this.counters = counters;
    this.worker = state.workers;
    this.peersMax = Math.floor(peers.table.lengthMax / PART);
    this.identitiesMax = Math.floor(peers.identities.table.lengthMax / PART);
    const secret = state.random.word();
    this.connections = new RemoteConnections(this.worker, secret, this.identitiesMax);
    this.outbox = new RemoteOutbox(state.worker, send, counters);
    this.giver = new RemoteGiver(this, peers, this.outbox, state.worker);
    this.passing = new RemotePassing(state, this, this.outbox);
  }

  /** Entries of tables that grow with peers of other nodes: none are left when all have gone. */
  get entries(): number {
    return this.connections.table.length;
  }

  /** Called ten times a second: sends what has gathered, and goes on telling new nodes who is here. */
  flush(): void {
    this.state.readClock();
    this.outbox.flush();
    this.giver.give(this.state.nowSeconds);
  }

  /** A node has come; its number was no other's before. */
  nodeCame(node: number): void {
    this.nodes.push(node);
    this.giver.begin(node);
  }

  /** A node has gone: its peers get no more offers and leave with the next round of ticks. */
  nodeWent(node: number): void {
    const index = this.nodes.indexOf(node);
    if (index < 0) return;
    this.nodes[index] = this.nodes[this.nodes.length - 1];
    this.nodes.pop();
    this.giver.end(node);
    this.unswept = this.peers.table.slots;
  }

  isPresent(node: number): boolean {
    return this.nodes.includes(node);
  }

  /** Takes a message of a node. */
  take(node: number, bytes: Uint8Array): void {
    const { counters, passing, reader } = this;
    if (!this.isPresent(node) || !reader.open(bytes)) {
      counters[columns.REMOTE_MALFORMED]++;
      return;
    }
    this.state.readClock();
    for (let kind = reader.next(); kind !== REMOTE_END; kind = reader.next()) {
      if (kind === REMOTE_PEER) this.takePeer(node);
      else if (kind === REMOTE_GONE) this.takeGone(node);
      else if (kind === REMOTE_OFFER) passing.takeOffer(node, reader);
      else if (kind === REMOTE_ANSWER) passing.takeAnswer(node, reader);
      else {
        counters[columns.REMOTE_MALFORMED]++;
        break;
      }
    }
    reader.close();
  }

  private takePeer(node: number): void {
    const { reader, told } = this;
    const from = reader.at + PEER_INFO_HASH_AT;
    writeRange(told.ids, INFO_HASH_AT, reader.bytes, from, from + IDS_BYTES);
    if (this.state.ownerOf(told.ids, INFO_HASH_AT) !== this.state.worker) return;
    this.counters[columns.REMOTE_PEERS_RECEIVED]++;
    if ((reader.state & REMOTE_LEFT) === 0) {
      this.update(node, reader, told);
      return;
    }
    const peer = this.find(node, reader, told);
    if (peer !== 0) this.swarms.leave(peer, true);
  }

  private takeGone(node: number): void {
    const { lane, connection, serial } = this.reader;
    this.counters[columns.REMOTE_PEERS_RECEIVED]++;
    const slot = this.connections.find(node, lane, connection, serial);
    if (slot !== 0) this.swarms.leaveAll(this.worker, slot);
  }

  /** The peer of a node's connection with the ids of the request, or 0; `address` is then that of its connection. */
  private find(
    node: number,
    { lane, connection, serial }: RemoteReader,
    ids: RequestRecord,
  ): number {
    const { address, peers } = this;
    peers.siblings = 0;
    const slot = this.connections.find(node, lane, connection, serial);
    address.connectionSlot = slot;
    if (slot === 0) return 0;
    this.connections.readAddress(slot, address);
    const torrent = peers.torrents.find(ids.ids, INFO_HASH_AT);
    return torrent === 0 ? 0 : peers.find(torrent, address, ids);
  }

  /** Brings a peer up to date with what its node's record says, or enters it; 0 where it may not be here. */
  update(node: number, reader: RemoteReader, ids: RequestRecord): number {
    const { peers, swarms } = this;
    const isSeeder = (reader.state & REMOTE_SEEDER) !== 0;
    const announcedSeconds = this.state.nowSeconds - reader.ageSeconds;
    const known = this.find(node, reader, ids);
    if (known === 0) return this.enter(node, reader, ids, isSeeder, announcedSeconds);
    peers.touch(known, announcedSeconds);
    // What was completed before the peer came here is not counted, as with the peers of this node.
    const isChanged = swarms.setRole(known, isSeeder);
    if (isChanged && (reader.state & REMOTE_COMPLETED) !== 0 && !peers.hasCompleted(known))
      peers.lists.complete(known);
    return known;
  }

  private enter(
    node: number,
    { lane, connection, serial, ageSeconds }: RemoteReader,
    ids: RequestRecord,
    isSeeder: boolean,
    announcedSeconds: number,
  ): number {
    const { address, connections, counters, peers, state, swarms } = this;
    if (ageSeconds >= state.config.maxPeerAge) return 0;
    if (!state.admission.admitsTorrent(ids.idWords, INFO_HASH_AT / 4)) {
      counters[columns.REMOTE_PEERS_REFUSED]++;
      return 0;
    }
    if (peers.siblings >= PEER_IDS_MAX) {
      counters[columns.PEERS_REPLACED]++;
      swarms.leave(peers.silent, true);
    }
    const torrent = peers.torrents.find(ids.ids, INFO_HASH_AT);
    const isFull =
      this.length >= this.peersMax ||
      this.identities >= this.identitiesMax ||
      (address.connectionSlot === 0 && connections.table.available === 0);
    if (isFull || !peers.hasRoom(torrent)) {
      counters[columns.REMOTE_PEERS_NO_ROOM]++;
      return 0;
    }
    if (address.connectionSlot === 0)
      connections.readAddress(connections.insert(node, lane, connection, serial), address);
    const before = peers.identities.table.length;
    const peer = swarms.insert(torrent, address, ids, isSeeder, announcedSeconds);
    this.identities += peers.identities.table.length - before;
    this.length++;
    counters[columns.REMOTE_PEERS]++;
    return peer;
  }

  /** Called by `Swarms` after one of these peers has left, with so many identities. */
  left(slot: number, identities: number): void {
    this.length--;
    this.identities -= identities;
    this.counters[columns.REMOTE_PEERS]--;
    if (this.peers.identities.peersOf(this.worker, slot) === 0) this.connections.remove(slot);
  }

  /** Whether a peer, of any node, is one of a node that has gone: asked while `isSweeping`. */
  isOfGoneNode(peer: number): boolean {
    const connection = this.peers.connectionOf(peer);
    if (connection >>> SLOT_BITS !== this.worker) return false;
    return !this.isPresent(this.connections.nodeOf(connection & SLOT_MASK));
  }

  get isSweeping(): boolean {
    return this.unswept > 0;
  }

  /** So many records of peers were looked at. */
  swept(visits: number): void {
    if (this.unswept > 0) this.unswept -= visits;
  }

  passOffer(peer: number, to: number, request: RequestRecord, offerIndex: number): boolean {
    return this.passing.passOffer(peer, to, request, offerIndex);
  }

  passAnswer(from: ConnectionAddress, to: number, request: RequestRecord): void {
    this.passing.passAnswer(from, to, request);
  }

  /** How a peer of this node stands, as records say it. */
  stateOf(peer: number): number {
    const { peers } = this;
    const seeder = peers.lists.isSeeder(peer) ? REMOTE_SEEDER : 0;
    return peers.hasCompleted(peer) ? seeder | REMOTE_COMPLETED : seeder;
  }

  /** A peer of this node has come or announced. */
  tell(peer: number): void {
    this.tellState(peer, this.stateOf(peer));
  }

  /** A peer of this node leaves; its connection stays. */
  tellLeft(peer: number): void {
    this.tellState(peer, REMOTE_LEFT);
  }

  /** The connection of a peer of this node has gone. */
  tellGone(peer: number): void {
    const { words } = this.peers.identities.table;
    const at = this.peers.idAt(peer);
    this.outbox.tellGone(words[at + IDENTITY_CONNECTION], words[at + IDENTITY_SERIAL]);
  }

  private tellState(peer: number, state: number): void {
    const { identities, torrents } = this.peers;
    const ids = identities.table.words;
    const at = this.peers.idAt(peer);
    const connection = ids[at + IDENTITY_CONNECTION];
    const serial = ids[at + IDENTITY_SERIAL];
    const torrent = this.peers.torrentOf(peer) * TORRENT_WORDS;
    this.outbox.tellPeer(state, connection, serial, torrents.table.words, torrent, ids, at);
  }
}
