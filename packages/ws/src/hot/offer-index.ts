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
import { HeldOffers } from "./held-offers.ts";
import { hashId, hashIdWords, ID_WORDS, isId, mixWord, putId } from "./id-words.ts";
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
import { connectionWord } from "./peer-layout.ts";
import type { Peers } from "./peers.ts";
import { RecordTable } from "./record-table.ts";

const RECORDS_MIN = 256;
/** Offers that are inserted together: as many as clients make at once, and some. */
const NOTED_MAX = 16;
const RECEIVER_WORDS = 2;
/** The table's array ends at 4 GiB, the longest that Node 20 makes. */
const OFFERS_MAX: number = Math.floor(2 ** 32 / OFFER_BYTES) - 1;
/** One record for every two buckets: ten of an announce's eleven messages are offers. */
const RECORDS_PER_2_BUCKETS = 1;
/** A record and its buckets. */
const BUDGET_BYTES_PER_OFFER = OFFER_BYTES + 8 / RECORDS_PER_2_BUCKETS;

export class OfferIndex extends LinearIndex {
  /** Whether `take` has found nothing because the connection had answered the offer before. */
  wasAnswered = false;
  readonly held: HeldOffers;
  private readonly secret: number;
  private readonly peers: Peers;
  private oldest = 0;
  private newest = 0;
  /** Whose offers are inserted from now on, their connection, and the secret mixed with what they call themselves. */
  private offerer = 0;
  private connection = 0;
  private offererKey = 0;
  private expirySeconds = 0;
  private forgotten = 0;
  /** The offers noted and not inserted yet: hashes, ids, and the connections they were made to, with their serials. */
  private noted = 0;
  private readonly hashes = new Int32Array(NOTED_MAX);
  private readonly ids = new Int32Array(NOTED_MAX * ID_WORDS);
  private readonly receivers = new Int32Array(NOTED_MAX * RECEIVER_WORDS);
  /** The offer that an answer is for. */
  private readonly answered = new Int32Array(ID_WORDS);
  /** What was read ahead, so that no compiler finds the reads useless. */
  touched = 0;

  constructor(secret: number, peers: Peers, memoryBytesMax: number) {
    const wanted = Math.floor(memoryBytesMax / BUDGET_BYTES_PER_OFFER);
    const lengthMax = Math.min(OFFERS_MAX, Math.max(RECORDS_MIN, wanted));
    super(new RecordTable(OFFER_WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.secret = secret;
    this.peers = peers;
    this.held = new HeldOffers(lengthMax);
  }

  /** Offers that are remembered, answered ones included. */
  get length(): number {
    return this.table.length;
  }

  /** Bytes of records that are or were in use since there were none. */
  get bytes(): number {
    return this.table.slots * OFFER_BYTES;
  }

  /** Takes the offers of a peer from now on, until `end`; nobody may leave meanwhile. */
  begin(offerer: number, nowSeconds: number, expirySeconds: number): void {
    const { peers } = this;
    this.expire(nowSeconds);
    this.expirySeconds = expirySeconds;
    this.forgotten = 0;
    this.offerer = offerer;
    this.connection = peers.connectionOf(offerer);
    const ids = peers.identities.table.words;
    this.offererKey = hashIdWords(this.secret, ids, peers.idAt(offerer));
  }

  /** Whether the peer's connection has room for one more in its share. */
  hasShare(): boolean {
    return this.held.hasShare(this.connection, this.noted);
  }

  /**
   * Remembers that the peer's offer was made to a connection. The same again, by one that calls itself the same, takes its place.
   */
  add(offerIds: Uint8Array, at: number, receiver: ConnectionAddress): void {
    if (this.noted === NOTED_MAX) this.insertNoted();
    const i = this.noted++;
    const { ids, receivers } = this;
    putId(ids, i * ID_WORDS, offerIds, at);
    const word = connectionWord(receiver.worker, receiver.connectionSlot);
    receivers[i * RECEIVER_WORDS] = word;
    receivers[i * RECEIVER_WORDS + 1] = receiver.connectionSerial;
    const secret = mixWord(mixWord(this.offererKey, word), receiver.connectionSerial);
    this.hashes[i] = hashIdWords(secret, ids, i * ID_WORDS);
  }

  /** All offers of the peer were added; returns how many that were alive had to be forgotten for them. */
  end(): number {
    this.insertNoted();
    return this.forgotten;
  }

  /**
   * Each insertion waits for memory some five times: for its bucket, for the offer that stands there and its neighbours in
   * age, for the bucket that is split. In loops that do nothing else the processor waits for those of all offers together.
   */
  private insertNoted(): void {
    const { hashes, noted } = this;
    const { words } = this.table;
    let touched = 0;
    for (let i = 0; i < noted; i++) touched ^= this.first(hashes[i]) ^ this.firstToSplit(i);
    for (let i = 0; i < noted; i++) {
      touched ^= words[this.first(hashes[i]) * OFFER_WORDS + HASH_WORD];
      touched ^= words[this.firstToSplit(i) * OFFER_WORDS + HASH_WORD];
    }
    for (let i = 0; i < noted; i++) {
      const word = this.first(hashes[i]) * OFFER_WORDS;
      if (words[word + HASH_WORD] !== hashes[i]) continue;
      touched ^= words[words[word + OLDER_WORD] * OFFER_WORDS + NEWER_WORD];
      touched ^= words[words[word + NEWER_WORD] * OFFER_WORDS + OLDER_WORD];
    }
    this.touched = touched;
    for (let i = 0; i < noted; i++) this.insert(i);
    this.noted = 0;
  }

  private insert(noted: number): void {
    const { connection, hashes, ids, offerer, peers, receivers } = this;
    const hash = hashes[noted];
    const receiver = receivers[noted * RECEIVER_WORDS];
    const receiverSerial = receivers[noted * RECEIVER_WORDS + 1];
    const former = this.find(noted, receiver, receiverSerial);
    if (former !== 0) this.remove(former);
    if (this.table.available === 0) {
      this.remove(this.oldest);
      this.forgotten++;
    }
    const record = this.table.take();
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    for (let index = 0; index < ID_WORDS; index++)
      words[word + index] = ids[noted * ID_WORDS + index];
    words[word + RECEIVER_WORD] = receiver;
    words[word + RECEIVER_SERIAL_WORD] = receiverSerial;
    words[word + OFFERER_WORD] = offerer;
    words[word + OFFERER_SERIAL_WORD] = peers.serialOf(offerer);
    words[word + OFFERER_CONNECTION_WORD] = connection;
    words[word + EXPIRY_WORD] = this.expirySeconds;
    words[word + HASH_WORD] = hash;
    words[word + OLDER_WORD] = this.newest;
    if (this.newest === 0) this.oldest = record;
    else words[this.newest * OFFER_WORDS + NEWER_WORD] = record;
    this.newest = record;
    this.held.add(connection);
    this.link(record, hash);
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
    const { answered } = this;
    putId(answered, 0, ids, offerIdAt);
    const receiver = connectionWord(answerer.worker, answerer.connectionSlot);
    const serial = answerer.connectionSerial;
    const key = hashId(this.secret, ids, toPeerIdAt);
    const hash = hashIdWords(mixWord(mixWord(key, receiver), serial), answered, 0);
    let record = this.first(hash);
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, answered, 0, receiver, serial)) continue;
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
    ids: Int32Array,
    at: number,
    receiver: number,
    receiverSerial: number,
  ): boolean {
    const { words } = this.table;
    const word = record * OFFER_WORDS;
    return (
      words[word + RECEIVER_SERIAL_WORD] === receiverSerial &&
      words[word + RECEIVER_WORD] === receiver &&
      words[word] === ids[at] &&
      words[word + 1] === ids[at + 1] &&
      words[word + 2] === ids[at + 2] &&
      words[word + 3] === ids[at + 3] &&
      words[word + 4] === ids[at + 4]
    );
  }

  /** The record of the same offer by one that calls itself as the offerer does, in the same torrent; 0 where there is none. */
  private find(noted: number, receiver: number, receiverSerial: number): number {
    const { ids, offerer } = this;
    const { words } = this.table;
    const hash = this.hashes[noted];
    let record = this.first(hash);
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, ids, noted * ID_WORDS, receiver, receiverSerial)) continue;
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
    this.held.remove(words[word + OFFERER_CONNECTION_WORD]);
    this.table.give(record);
  }
}
