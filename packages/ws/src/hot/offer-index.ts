/**
 * The offers that may still be answered, all of a worker in one index off the heap: each lives for `max_offer_age`, all
 * within a budget. The oldest gives way where that is used up, and no connection may hold more than its share.
 *
 * Nobody owns a peer id, so thousands of connections may call themselves the same: an answer is looked up by its offer, the
 * connection it was made to and what the offerer calls itself, all three together. One bucket of the index, whatever
 * others do. An offer whose maker has left stays until it expires, and leads to nobody.
 *
 * Owned by the worker that owns the torrents; a part of `Swarms`. Layout: offer-layout.ts.
 */
import type { ConnectionAddress } from "./delivery.ts";
import { hashId, hashIdWords, ID_WORDS, isId, mixWord, wordAt } from "./id-words.ts";
import { LinearIndex } from "./linear-index.ts";
import {
  ANSWERED,
  CHAIN_WORD,
  EXPIRY_WORD,
  HASH_WORD,
  NEWER_WORD,
  OFFER_BYTES,
  OFFER_WORDS,
  OFFERER_CONNECTION_WORD,
  OFFERER_SERIAL_WORD,
  OFFERER_WORD,
  OLDER_WORD,
  RECEIVER_SERIAL_WORD,
  RECEIVER_WORD,
} from "./offer-layout.ts";
import { connectionWord, SLOT_BITS, SLOT_MASK } from "./peer-layout.ts";
import type { Peers } from "./peers.ts";
import { RecordTable } from "./record-table.ts";

/** A connection may hold one in so many of the offers that there is room for. */
const SHARE = 16;
const RECORDS_MIN = 256;
const HELD_MIN = 64;
/** The table's array ends at 4 GiB, the longest that Node 20 makes. */
const OFFERS_MAX: number = Math.floor(2 ** 32 / OFFER_BYTES) - 1;
/** One record for every two buckets: ten of an announce's eleven messages are offers. */
const RECORDS_PER_2_BUCKETS = 1;
/** A record and its buckets. */
const BUDGET_BYTES_PER_OFFER = OFFER_BYTES + 8 / RECORDS_PER_2_BUCKETS;

export class OfferIndex extends LinearIndex {
  /** Whether `take` has found nothing because the connection had answered the offer before. */
  wasAnswered = false;
  private readonly secret: number;
  private readonly peers: Peers;
  private readonly shareMax: number;
  private oldest = 0;
  private newest = 0;
  /** Of each worker's connections, by slot, how many offers it has made. */
  private readonly held: Int32Array[] = [];
  /** Whose offers are inserted from now on, their connection, and the secret mixed with what they call themselves. */
  private offerer = 0;
  private connection = 0;
  private offererKey = 0;

  constructor(secret: number, peers: Peers, memoryBytesMax: number) {
    const wanted = Math.floor(memoryBytesMax / BUDGET_BYTES_PER_OFFER);
    const lengthMax = Math.min(OFFERS_MAX, Math.max(RECORDS_MIN, wanted));
    super(new RecordTable(OFFER_WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.secret = secret;
    this.peers = peers;
    this.shareMax = Math.floor(lengthMax / SHARE);
  }

  /** Offers that are remembered, answered ones included. */
  get length(): number {
    return this.table.length;
  }

  /** Bytes of records that are or were in use since there were none. */
  get bytes(): number {
    return this.table.slots * OFFER_BYTES;
  }

  /** Takes the offers of a peer from now on; it must not leave meanwhile. */
  begin(offerer: number, nowSeconds: number): void {
    const { peers } = this;
    this.expire(nowSeconds);
    this.offerer = offerer;
    this.connection = peers.connectionOf(offerer);
    const ids = peers.identities.table.words;
    this.offererKey = hashIdWords(this.secret, ids, peers.idAt(offerer));
  }

  /** Whether the peer's connection has room for one more in its share. */
  hasShare(): boolean {
    const { connection } = this;
    const held = this.held[connection >>> SLOT_BITS];
    const slot = connection & SLOT_MASK;
    return held === undefined || slot >= held.length || held[slot] < this.shareMax;
  }

  /**
   * Remembers that the peer's offer with the id at `at` was made to a connection; false where one that was alive had to be
   * forgotten for it. The same offer again, by one that calls itself the same, takes the place of the former.
   */
  insert(
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
    expirySeconds: number,
  ): boolean {
    const { connection, offerer, peers } = this;
    const key = this.offererKey;
    const hash = this.hashFor(key, offerIds, at, receiver);
    const former = this.find(hash, offerIds, at, receiver, offerer);
    if (former !== 0) this.remove(former);
    const isFull = this.table.available === 0;
    if (isFull) this.remove(this.oldest);
    const record = this.table.take();
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    for (let index = 0; index < ID_WORDS; index++)
      words[word + index] = wordAt(offerIds, at + 4 * index);
    words[word + RECEIVER_WORD] = connectionWord(receiver.worker, receiver.connectionSlot);
    words[word + RECEIVER_SERIAL_WORD] = receiver.connectionSerial;
    words[word + OFFERER_WORD] = offerer;
    words[word + OFFERER_SERIAL_WORD] = peers.serialOf(offerer);
    words[word + OFFERER_CONNECTION_WORD] = connection;
    words[word + EXPIRY_WORD] = expirySeconds;
    words[word + HASH_WORD] = hash;
    words[word + OLDER_WORD] = this.newest;
    if (this.newest === 0) this.oldest = record;
    else words[this.newest * OFFER_WORDS + NEWER_WORD] = record;
    this.newest = record;
    this.hold(connection >>> SLOT_BITS, connection & SLOT_MASK);
    this.link(record, hash);
    return !isFull;
  }

  /**
   * The peer that calls itself what stands at `toPeerIdAt` and made the offer with the id at `offerIdAt` to the answering
   * peer's connection, in its torrent, if it may still be answered, else 0; from then on it no longer may. Its record stays until it
   * expires, so that further answers are known as such.
   */
  take(
    ids: Uint8Array,
    toPeerIdAt: number,
    offerIdAt: number,
    torrent: number,
    answerer: ConnectionAddress,
    nowSeconds: number,
  ): number {
    this.expire(nowSeconds);
    this.wasAnswered = false;
    const { words } = this.table;
    const hash = this.hashFor(hashId(this.secret, ids, toPeerIdAt), ids, offerIdAt, answerer);
    let record = this.first(hash);
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, ids, offerIdAt, answerer)) continue;
      if (words[record * OFFER_WORDS + OFFERER_WORD] === ANSWERED) {
        this.wasAnswered = true;
        continue;
      }
      const offerer = this.offererOf(record);
      const { peers } = this;
      if (offerer === 0 || peers.torrentOf(offerer) !== torrent) continue;
      if (!isId(peers.identities.table.words, peers.idAt(offerer), ids, toPeerIdAt)) continue;
      words[record * OFFER_WORDS + OFFERER_WORD] = ANSWERED;
      this.wasAnswered = false;
      return offerer;
    }
    return 0;
  }

  /** Forgets what has expired. */
  expire(nowSeconds: number): void {
    while (
      this.oldest !== 0 &&
      this.table.words[this.oldest * OFFER_WORDS + EXPIRY_WORD] <= nowSeconds
    )
      this.remove(this.oldest);
  }

  protected override hashOf(record: number): number {
    return this.table.words[record * OFFER_WORDS + HASH_WORD];
  }

  private hashFor(
    key: number,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
  ): number {
    const secret = mixWord(key, connectionWord(receiver.worker, receiver.connectionSlot));
    return hashId(mixWord(secret, receiver.connectionSerial), offerIds, at);
  }

  /** The peer that made an offer, if it is still there, else 0. */
  private offererOf(record: number): number {
    const { peers } = this;
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    const peer = words[word + OFFERER_WORD];
    if (peer === ANSWERED || !peers.isSame(peer, words[word + OFFERER_SERIAL_WORD])) return 0;
    return peers.connectionOf(peer) === words[word + OFFERER_CONNECTION_WORD] ? peer : 0;
  }

  /** Whether a record is of the offer with the id at `at`, made to the connection. */
  private matches(
    record: number,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
  ): boolean {
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    if (words[word + RECEIVER_SERIAL_WORD] !== receiver.connectionSerial) return false;
    if (words[word + RECEIVER_WORD] !== connectionWord(receiver.worker, receiver.connectionSlot))
      return false;
    for (let index = 0; index < ID_WORDS; index++)
      if (words[word + index] !== wordAt(offerIds, at + 4 * index)) return false;
    return true;
  }

  /** The record of the same offer by one that calls itself the same, in the same torrent; 0 where there is none. */
  private find(
    hash: number,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
    offerer: number,
  ): number {
    const { words } = this.table;
    let record = this.first(hash);
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, offerIds, at, receiver)) continue;
      const former = this.offererOf(record);
      if (former === 0) return record;
      const { peers } = this;
      if (peers.torrentOf(former) !== peers.torrentOf(offerer)) continue;
      if (peers.haveSameId(former, offerer)) return record;
    }
    return 0;
  }

  private remove(record: number): void {
    this.unlink(record, this.hashOf(record));
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    const older = words[word + OLDER_WORD];
    const newer = words[word + NEWER_WORD];
    if (older === 0) this.oldest = newer;
    else words[older * OFFER_WORDS + NEWER_WORD] = newer;
    if (newer === 0) this.newest = older;
    else words[newer * OFFER_WORDS + OLDER_WORD] = older;
    const connection = words[word + OFFERER_CONNECTION_WORD];
    this.held[connection >>> SLOT_BITS][connection & SLOT_MASK]--;
    this.table.give(record);
  }

  /** Counts one more offer of a connection. */
  private hold(worker: number, slot: number): void {
    while (this.held.length <= worker) this.held.push(new Int32Array(HELD_MIN)); // hot-allow: once for each worker
    if (slot >= this.held[worker].length) {
      const larger = new Int32Array(2 * (slot + 1)); // hot-allow: as connections double
      larger.set(this.held[worker]);
      this.held[worker] = larger;
    }
    this.held[worker][slot]++;
  }
}
