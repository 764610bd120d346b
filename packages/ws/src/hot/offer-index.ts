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
import { mixWord } from "./hash-index.ts";
import { hashId, ID_WORDS, wordAt } from "./id-words.ts";
import {
  ANSWERED,
  CHAIN_WORD,
  connectionWord,
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
  SLOT_BITS,
  SLOT_MASK,
} from "./offer-layout.ts";
import type { Peer } from "./peer.ts";

/** A connection may hold one in so many of the offers that there is room for. */
const SHARE = 16;
const RECORDS_MIN = 256;
const BUCKETS_MIN = 256;
const HELD_MIN = 64;
/** Tables above this are made anew when they run empty. */
const SHRINK_WORDS = 1024 * OFFER_WORDS;

export class OfferIndex {
  /** Offers that are remembered, answered ones included. */
  length = 0;
  /** Whether `take` has found nothing because the connection had answered the offer before. */
  wasAnswered = false;
  private readonly secret: number;
  /** All peers of the worker, by slot. */
  private readonly peers: readonly (Peer | undefined)[];
  private readonly lengthMax: number;
  private readonly shareMax: number;
  private words = new Int32Array((RECORDS_MIN + 1) * OFFER_WORDS);
  private buckets = new Int32Array(BUCKETS_MIN);
  private records = 0;
  private firstFree = 0;
  private oldest = 0;
  private newest = 0;
  /** Of each worker's connections, by slot, how many offers it has made. */
  private readonly held: Int32Array[] = [];

  constructor(secret: number, peers: readonly (Peer | undefined)[], memoryBytesMax: number) {
    this.secret = secret;
    this.peers = peers;
    // Two words of buckets for each record, since they double.
    this.lengthMax = Math.max(RECORDS_MIN, Math.floor(memoryBytesMax / (OFFER_BYTES + 8)));
    this.shareMax = Math.max(RECORDS_MIN / SHARE, Math.floor(this.lengthMax / SHARE));
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.words.byteLength + this.buckets.byteLength;
  }

  /** Whether the peer's connection has room for one more in its share. */
  hasShare(offerer: Peer): boolean {
    const held = this.held[offerer.worker];
    if (held === undefined || offerer.connectionSlot >= held.length) return true;
    return held[offerer.connectionSlot] < this.shareMax;
  }

  /**
   * Remembers that the offer with the id at `at` was made to a connection; false where one that was alive had to be
   * forgotten for it. The same offer again, by one that calls itself the same, takes the place of the former.
   */
  insert(
    offerer: Peer,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
    nowSeconds: number,
    expirySeconds: number,
  ): boolean {
    this.expire(nowSeconds);
    const hash = this.hashOf(offerer.peerId.hash(this.secret), offerIds, at, receiver) | 0;
    const former = this.find(hash, offerIds, at, receiver, offerer);
    if (former !== 0) this.remove(former);
    const isFull = this.length === this.lengthMax;
    if (isFull) this.remove(this.oldest);
    const record = this.takeRecord();
    const { words } = this;
    const word = record * OFFER_WORDS;
    for (let index = 0; index < ID_WORDS; index++)
      words[word + index] = wordAt(offerIds, at + 4 * index);
    words[word + RECEIVER_WORD] = connectionWord(receiver.worker, receiver.connectionSlot);
    words[word + RECEIVER_SERIAL_WORD] = receiver.connectionSerial;
    words[word + OFFERER_WORD] = offerer.slot;
    words[word + OFFERER_SERIAL_WORD] = offerer.serial;
    words[word + OFFERER_CONNECTION_WORD] = connectionWord(offerer.worker, offerer.connectionSlot);
    words[word + EXPIRY_WORD] = expirySeconds;
    words[word + NEWER_WORD] = 0;
    words[word + OLDER_WORD] = this.newest;
    if (this.newest === 0) this.oldest = record;
    else words[this.newest * OFFER_WORDS + NEWER_WORD] = record;
    this.newest = record;
    this.length++;
    this.hold(offerer.worker, offerer.connectionSlot);
    if (this.length > this.buckets.length) this.rehash(2 * this.buckets.length);
    this.link(record, hash);
    return !isFull;
  }

  /**
   * The peer that calls itself what stands at `toPeerIdAt` and made the offer with the id at `offerIdAt` to the answering
   * peer's connection, in its torrent, if it may still be answered; from then on it no longer may. Its record stays until it
   * expires, so that further answers are known as such.
   */
  take(
    ids: Uint8Array,
    toPeerIdAt: number,
    offerIdAt: number,
    answerer: Peer,
    nowSeconds: number,
  ): Peer | undefined {
    this.expire(nowSeconds);
    this.wasAnswered = false;
    const { words, buckets } = this;
    const hash = this.hashOf(hashId(this.secret, ids, toPeerIdAt), ids, offerIdAt, answerer) | 0;
    let record = buckets[hash & (buckets.length - 1)];
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, ids, offerIdAt, answerer)) continue;
      if (words[record * OFFER_WORDS + OFFERER_WORD] === ANSWERED) {
        this.wasAnswered = true;
        continue;
      }
      const offerer = this.offererOf(record);
      if (offerer === undefined || offerer.swarm !== answerer.swarm) continue;
      if (!offerer.peerId.equals(ids, toPeerIdAt)) continue;
      words[record * OFFER_WORDS + OFFERER_WORD] = ANSWERED;
      this.wasAnswered = false;
      return offerer;
    }
    return undefined;
  }

  /** Forgets what has expired. */
  expire(nowSeconds: number): void {
    while (this.oldest !== 0 && this.words[this.oldest * OFFER_WORDS + EXPIRY_WORD] <= nowSeconds)
      this.remove(this.oldest);
  }

  private hashOf(
    key: number,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
  ): number {
    const secret = mixWord(key, connectionWord(receiver.worker, receiver.connectionSlot));
    return hashId(mixWord(secret, receiver.connectionSerial), offerIds, at);
  }

  private offererOf(record: number): Peer | undefined {
    const word = record * OFFER_WORDS;
    const peer = this.peers[this.words[word + OFFERER_WORD]];
    return peer?.serial === this.words[word + OFFERER_SERIAL_WORD] ? peer : undefined;
  }

  /** Whether a record is of the offer with the id at `at`, made to the connection. */
  private matches(
    record: number,
    offerIds: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
  ): boolean {
    const { words } = this;
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
    offerer: Peer,
  ): number {
    const { words, buckets } = this;
    let record = buckets[hash & (buckets.length - 1)];
    for (; record !== 0; record = words[record * OFFER_WORDS + CHAIN_WORD]) {
      if (words[record * OFFER_WORDS + HASH_WORD] !== hash) continue;
      if (!this.matches(record, offerIds, at, receiver)) continue;
      const former = this.offererOf(record);
      if (former === undefined) return record;
      if (former.swarm === offerer.swarm && former.peerId.isSame(offerer.peerId)) return record;
    }
    return 0;
  }

  /** A record to be written: a free one, or one more. */
  private takeRecord(): number {
    const free = this.firstFree;
    if (free !== 0) {
      this.firstFree = this.words[free * OFFER_WORDS + CHAIN_WORD];
      return free;
    }
    this.records++;
    if ((this.records + 1) * OFFER_WORDS > this.words.length) {
      const larger = new Int32Array(Math.ceil(1.25 * this.words.length) + OFFER_WORDS);
      larger.set(this.words);
      this.words = larger;
    }
    return this.records;
  }

  /** Enters a record into its bucket. */
  private link(record: number, hash: number): void {
    const { words, buckets } = this;
    const bucket = hash & (buckets.length - 1);
    words[record * OFFER_WORDS + HASH_WORD] = hash;
    words[record * OFFER_WORDS + CHAIN_WORD] = buckets[bucket];
    buckets[bucket] = record;
  }

  private unlink(record: number): void {
    const { words, buckets } = this;
    const bucket = words[record * OFFER_WORDS + HASH_WORD] & (buckets.length - 1);
    const next = words[record * OFFER_WORDS + CHAIN_WORD];
    let before = buckets[bucket];
    if (before === record) {
      buckets[bucket] = next;
      return;
    }
    while (words[before * OFFER_WORDS + CHAIN_WORD] !== record)
      before = words[before * OFFER_WORDS + CHAIN_WORD];
    words[before * OFFER_WORDS + CHAIN_WORD] = next;
  }

  private remove(record: number): void {
    this.unlink(record);
    const { words } = this;
    const word = record * OFFER_WORDS;
    const older = words[word + OLDER_WORD];
    const newer = words[word + NEWER_WORD];
    if (older === 0) this.oldest = newer;
    else words[older * OFFER_WORDS + NEWER_WORD] = newer;
    if (newer === 0) this.newest = older;
    else words[newer * OFFER_WORDS + OLDER_WORD] = older;
    const connection = words[word + OFFERER_CONNECTION_WORD];
    this.held[connection >>> SLOT_BITS][connection & SLOT_MASK]--;
    words[word + CHAIN_WORD] = this.firstFree;
    this.firstFree = record;
    this.length--;
    if (this.length === 0) this.shrink();
  }

  /** Lets go of the memory that a flood has taken, once nothing is left of it. */
  private shrink(): void {
    this.records = 0;
    this.firstFree = 0;
    if (this.words.length <= SHRINK_WORDS) return;
    this.words = new Int32Array((RECORDS_MIN + 1) * OFFER_WORDS);
    this.buckets = new Int32Array(BUCKETS_MIN);
  }

  private rehash(length: number): void {
    this.buckets = new Int32Array(length);
    const { words } = this;
    for (let record = this.oldest; record !== 0; record = words[record * OFFER_WORDS + NEWER_WORD])
      if (record !== this.newest) this.link(record, words[record * OFFER_WORDS + HASH_WORD]);
  }

  /** Counts one more offer of a connection. */
  private hold(worker: number, slot: number): void {
    while (this.held.length <= worker) this.held.push(new Int32Array(HELD_MIN));
    if (slot >= this.held[worker].length) {
      const larger = new Int32Array(2 * (slot + 1));
      larger.set(this.held[worker]);
      this.held[worker] = larger;
    }
    this.held[worker][slot]++;
  }
}
