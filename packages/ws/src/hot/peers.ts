/**
 * Who is in which torrent, of the torrents that a worker owns: found by torrent and connection, chained by identity, listed by
 * torrent. All of it lies off the heap and within a budget that is divided at the start: whatever is used up, the rest
 * keeps its room.
 *
 * Owned by the worker; `Swarms` decides what is done with it. Layout: peer-layout.ts.
 */
import { PEER_ID_AT, type RequestRecord } from "@swarmtide/ws-protocol";
import type { MutableAddress } from "./connection-address.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { isId, isSameId, mixWord } from "./id-words.ts";
import { Identities } from "./identities.ts";
import { LinearIndex } from "./linear-index.ts";
import {
  connectionWord,
  IDENTITY_CONNECTION,
  IDENTITY_MASK,
  IDENTITY_NEXT,
  IDENTITY_PEERS,
  IDENTITY_SERIAL,
  IDENTITY_WORDS,
  NODE_WORDS,
  PEER_IDENTITY,
  PEER_MASK,
  PEER_NEXT,
  PEER_PREVIOUS,
  PEER_STATE,
  PEER_TORRENT,
  PEER_WORDS,
  RECORDS_PER_2_BUCKETS,
  SECOND_MASK,
  SLOT_BITS,
  SLOT_MASK,
  STATE_COMPLETED,
  STATE_OWED,
  TORRENT_WORDS,
} from "./peer-layout.ts";
import { NODES_PER_INSERTION, PeerLists } from "./peer-lists.ts";
import { putSerial, serialAt } from "./peer-serials.ts";
import { RecordTable } from "./record-table.ts";
import { Torrents } from "./torrents.ts";

/** Peers for each identity that there is room for: most connections are in more torrents than one. */
const PEERS_PER_IDENTITY = 4;
/** A list has a node for every two peers at most: of two it has one, of more fewer for each. */
const PEERS_PER_NODE = 2;
/** Bytes of buckets for each record. */
const BUCKET_BYTES = 8 / RECORDS_PER_2_BUCKETS;
/** Bytes of the budget for each peer: its record, a torrent of its own, half a node, a quarter of an identity; 87. */
export const BUDGET_BYTES_PER_PEER: number =
  4 * PEER_WORDS +
  4 * TORRENT_WORDS +
  (4 * NODE_WORDS) / PEERS_PER_NODE +
  (4 * IDENTITY_WORDS + BUCKET_BYTES) / PEERS_PER_IDENTITY +
  2 * BUCKET_BYTES;
/** Fewer would refuse what a single connection may do. */
const PEERS_MIN = 1024;
/** As many as references can name; the identities are a quarter, rounded up. The array ends below 2 GiB; Node 20 makes 4. */
export const PEERS_MAX: number = PEERS_PER_IDENTITY * IDENTITY_MASK;

/** Names another peer in a word whose upper bits are of the serial. */
function setReference(words: Int32Array, at: number, peer: number): void {
  words[at] = (words[at] & ~PEER_MASK) | peer;
}

export class Peers extends LinearIndex {
  readonly torrents: Torrents;
  readonly identities: Identities;
  readonly lists: PeerLists;
  /** After `find` has found none: how many others the connection has in the torrent, and the one silent for longest. */
  siblings = 0;
  silent = 0;
  private readonly secret: number;
  private lastSerial: number;

  constructor(secret: number, workers: number, memoryBytesMax: number) {
    const wanted = Math.floor(memoryBytesMax / BUDGET_BYTES_PER_PEER);
    const lengthMax = Math.min(PEERS_MAX, Math.max(PEERS_MIN, wanted));
    super(new RecordTable(PEER_WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.secret = secret;
    this.lastSerial = mixWord(secret, 0);
    this.torrents = new Torrents(secret, lengthMax);
    const identitiesMax = Math.ceil(lengthMax / PEERS_PER_IDENTITY);
    this.identities = new Identities(secret, workers, identitiesMax);
    const nodesMax = Math.ceil(lengthMax / PEERS_PER_NODE) + NODES_PER_INSERTION;
    this.lists = new PeerLists(this.torrents.table, this.table, nodesMax);
  }

  /** Records of all tables: none are left when everybody has gone. */
  get entries(): number {
    const { torrents, identities, lists, table } = this;
    return table.length + torrents.table.length + identities.table.length + lists.nodes.length;
  }

  /** Whether a peer can enter a torrent; 0 for a new one. */
  hasRoom(torrent: number): boolean {
    if (this.table.available === 0 || this.identities.table.available === 0) return false;
    if (torrent === 0) return this.torrents.table.available > 0;
    return this.lists.nodes.available >= NODES_PER_INSERTION;
  }

  /** The peer of a connection in a torrent under the peer id of the request, or 0; see `siblings`. */
  find(torrent: number, of: ConnectionAddress, request: RequestRecord): number {
    this.siblings = 0;
    this.silent = 0;
    const { words } = this.table;
    const ids = this.identities.table.words;
    const connection = connectionWord(of.worker, of.connectionSlot);
    let peer = this.first(this.hashFor(torrent, connection, of.connectionSerial));
    for (; peer !== 0; peer = words[(peer + 1) * PEER_WORDS - 1]) {
      if (words[peer * PEER_WORDS + PEER_TORRENT] !== torrent) continue;
      const at = this.idAt(peer);
      if (ids[at + IDENTITY_CONNECTION] !== connection) continue;
      if (ids[at + IDENTITY_SERIAL] !== of.connectionSerial) continue;
      if (isId(ids, at, request.ids, PEER_ID_AT)) return peer;
      this.siblings++;
      if (this.silent === 0 || this.isOlder(peer, this.silent)) this.silent = peer;
    }
    return 0;
  }

  private hashFor(torrent: number, connection: number, serial: number): number {
    return mixWord(mixWord(mixWord(this.secret, torrent), connection), serial);
  }

  protected override hashOf(peer: number): number {
    const ids = this.identities.table.words;
    const at = this.idAt(peer);
    const torrent = this.table.words[peer * PEER_WORDS + PEER_TORRENT];
    return this.hashFor(torrent, ids[at + IDENTITY_CONNECTION], ids[at + IDENTITY_SERIAL]);
  }

  /** Whether one peer's last announce was before another's, or in the same second. */
  private isOlder(one: number, other: number): boolean {
    const { words } = this.table;
    const between = words[other * PEER_WORDS + PEER_STATE] - words[one * PEER_WORDS + PEER_STATE];
    return (between & SECOND_MASK) <= SECOND_MASK >>> 1;
  }

  /** Enters a connection into a torrent, with the peer id of the request; there must be room. */
  insert(
    torrent: number,
    of: ConnectionAddress,
    request: RequestRecord,
    isSeeder: boolean,
    nowSeconds: number,
  ): number {
    const { identities, table } = this;
    const known = identities.find(of, request.ids, PEER_ID_AT);
    const identity = known !== 0 ? known : identities.insert(of, request.ids, PEER_ID_AT);
    const peer = table.take();
    const { words } = table;
    const word = peer * PEER_WORDS;
    this.lastSerial = (this.lastSerial + 1) | 0;
    words[word + PEER_IDENTITY] = identity;
    words[word + PEER_TORRENT] = torrent;
    words[word + PEER_STATE] = nowSeconds & SECOND_MASK;
    const first = identity * IDENTITY_WORDS + IDENTITY_PEERS;
    const next = identities.table.words[first];
    words[word + PEER_NEXT] = next;
    if (next !== 0) setReference(words, next * PEER_WORDS + PEER_PREVIOUS, peer);
    putSerial(words, word, this.lastSerial);
    identities.table.words[first] = peer;
    identities.countPeer(identity, 1);
    this.link(peer, this.hashOf(peer));
    this.lists.insert(peer, isSeeder);
    return peer;
  }

  /** Takes a peer out, and its identity and its torrent where it was their last. */
  remove(peer: number): void {
    const { identities, lists, table, torrents } = this;
    const { words } = table;
    const word = peer * PEER_WORDS;
    const torrent = words[word + PEER_TORRENT];
    const identity = words[word + PEER_IDENTITY] & IDENTITY_MASK;
    const next = words[word + PEER_NEXT] & PEER_MASK;
    const previous = words[word + PEER_PREVIOUS] & PEER_MASK;
    lists.remove(peer);
    this.unlink(peer, this.hashOf(peer));
    const first = identity * IDENTITY_WORDS + IDENTITY_PEERS;
    if (next !== 0) setReference(words, next * PEER_WORDS + PEER_PREVIOUS, previous);
    if (previous !== 0) setReference(words, previous * PEER_WORDS + PEER_NEXT, next);
    else identities.table.words[first] = next;
    identities.countPeer(identity, -1);
    if (identities.table.words[first] === 0) identities.remove(identity);
    table.give(peer);
    if (lists.length(torrent) === 0) torrents.remove(torrent);
  }

  /** The first peer of a connection's first identity, or 0. */
  firstOf(worker: number, slot: number): number {
    const identity = this.identities.firstOf(worker, slot);
    return identity === 0
      ? 0
      : this.identities.table.words[identity * IDENTITY_WORDS + IDENTITY_PEERS];
  }

  /** The next peer of the same connection, or 0. */
  nextOf(peer: number): number {
    const { words } = this.table;
    const next = words[peer * PEER_WORDS + PEER_NEXT] & PEER_MASK;
    if (next !== 0) return next;
    const ids = this.identities.table.words;
    const other = ids[this.idAt(peer) + IDENTITY_NEXT];
    return other === 0 ? 0 : ids[other * IDENTITY_WORDS + IDENTITY_PEERS];
  }

  torrentOf(peer: number): number {
    return this.table.words[peer * PEER_WORDS + PEER_TORRENT];
  }

  /** Where the peer's id begins in the words of the identities. */
  idAt(peer: number): number {
    return (this.table.words[peer * PEER_WORDS + PEER_IDENTITY] & IDENTITY_MASK) * IDENTITY_WORDS;
  }

  /** Whether two peers call themselves the same. */
  haveSameId(one: number, other: number): boolean {
    return isSameId(this.identities.table.words, this.idAt(one), this.idAt(other));
  }

  /** The address of the peer's connection. */
  readAddress(peer: number, out: MutableAddress): void {
    const ids = this.identities.table.words;
    const at = this.idAt(peer);
    const connection = ids[at + IDENTITY_CONNECTION];
    out.worker = connection >>> SLOT_BITS;
    out.connectionSlot = connection & SLOT_MASK;
    out.connectionSerial = ids[at + IDENTITY_SERIAL];
  }

  /** The connection of a peer in one word, as `connectionWord` makes it. */
  connectionOf(peer: number): number {
    return this.identities.table.words[this.idAt(peer) + IDENTITY_CONNECTION];
  }

  /** Differs from those of the 2^32 - 1 peers that came before: see `isSame`. */
  serialOf(peer: number): number {
    return serialAt(this.table.words, peer * PEER_WORDS);
  }

  /** Whether a record is in use, by who had this serial. */
  isSame(peer: number, serial: number): boolean {
    return this.idAt(peer) !== 0 && this.serialOf(peer) === serial;
  }

  /** The peer has announced. */
  touch(peer: number, nowSeconds: number): void {
    const at = peer * PEER_WORDS + PEER_STATE;
    const { words } = this.table;
    words[at] = (words[at] & ~SECOND_MASK) | (nowSeconds & SECOND_MASK);
  }

  /** Seconds since the peer announced. */
  ageOf(peer: number, nowSeconds: number): number {
    return (nowSeconds - this.table.words[peer * PEER_WORDS + PEER_STATE]) & SECOND_MASK;
  }

  hasCompleted(peer: number): boolean {
    return (this.table.words[peer * PEER_WORDS + PEER_STATE] & STATE_COMPLETED) !== 0;
  }

  isOwed(peer: number): boolean {
    return (this.table.words[peer * PEER_WORDS + PEER_STATE] & STATE_OWED) !== 0;
  }

  /** Whether a reply is due to the peer as soon as its connection keeps up. */
  setOwed(peer: number, isOwed: boolean): void {
    const at = peer * PEER_WORDS + PEER_STATE;
    if (isOwed) this.table.words[at] |= STATE_OWED;
    else this.table.words[at] &= ~STATE_OWED;
  }
}
