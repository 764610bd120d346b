/**
 * Answers one UDP request: bytes in, bytes out, no sockets. Called by both engines, by tests and by fuzzers; each worker
 * has its own handler over the shared swarm store, access list and key. BEP 15, with BEP 21's `paused` event.
 *
 * Silence where an answer would help an attacker: nothing but a connect request (16 bytes, answered with 16) gets an
 * answer without a valid connection id. No allocation, no exception; DESIGN's budget of 0.5 µs a datagram includes this,
 * see bench/datagram-handler.bench.ts.
 */
import { EVENT_COMPLETED, EVENT_PAUSED, EVENT_STOPPED } from "@swarmtide/bittorrent";
import {
  type AccessList,
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  Announce,
  type SwarmPrefetch,
  type SwarmStore,
} from "@swarmtide/swarm";
import {
  ANNOUNCE_INFO_HASH_OFFSET,
  ANNOUNCE_LEFT_OFFSET,
  ANNOUNCE_PORT_OFFSET,
  ANNOUNCE_REPLY_HEADER_BYTES,
  ANNOUNCE_REQUEST_BYTES,
  errorMessageOfStatus,
  INFO_HASH_REFUSED_MESSAGE,
  PARSE_ANNOUNCE,
  PARSE_CONNECT,
  PARSE_ERROR_SCRAPE_LIST,
  PARSE_SCRAPE,
  PEER_IPV4_BYTES,
  PEER_IPV6_BYTES,
  parseUdpRequest,
  readAnnounceEvent,
  readAnnouncePeersWanted,
  readConnectionIdHigh,
  readConnectionIdLow,
  readTransactionId,
  SCRAPE_ENTRY_BYTES,
  SCRAPE_INFO_HASH_BYTES,
  SCRAPE_INFO_HASHES_OFFSET,
  SCRAPE_REPLY_HEADER_BYTES,
  scrapeInfoHashCount,
  writeAnnounceReplyHeader,
  writeConnectReply,
  writeErrorReply,
  writeScrapeEntry,
  writeScrapeReplyHeader,
} from "@swarmtide/udp-protocol";
import {
  COUNT_DROP_CONNECTION_ID,
  COUNT_NOT_STORED,
  COUNT_REFUSED_INFO_HASH,
  COUNT_REPLY_ANNOUNCE,
  COUNT_REPLY_CONNECT,
  COUNT_REPLY_ERROR,
  COUNT_REPLY_SCRAPE,
  familyColumns,
} from "../counters.ts";
import type { ConnectionIds } from "./connection-id.ts";

/** Requests that `prefetch` takes between two `prefetchBatch`. */
export const PREFETCH_REQUESTS_MAX = 64;
/** Action 1 in packet order, read as a little-endian word; on other machines nothing is read ahead. */
const ACTION_ANNOUNCE_WORD = 0x01000000;

export interface DatagramHandlerOptions {
  readonly store: SwarmStore;
  readonly accessList: AccessList;
  readonly connectionIds: ConnectionIds;
  /** This worker's row of UDP_COUNTER_NAMES. */
  readonly counters: Float64Array;
  readonly responsePeersMax: number;
  readonly scrapeTorrentsMax: number;
  readonly announceIntervalSeconds: number;
}

/** Bytes of the longest reply that a handler of these limits writes. */
export function replyBytesMax(responsePeersMax: number, scrapeTorrentsMax: number): number {
  return Math.max(
    ANNOUNCE_REPLY_HEADER_BYTES + responsePeersMax * PEER_IPV6_BYTES,
    SCRAPE_REPLY_HEADER_BYTES + scrapeTorrentsMax * SCRAPE_ENTRY_BYTES,
    // An error message is shorter than this.
    128,
  );
}

export class DatagramHandler {
  /** Replaced between two requests when the list is reloaded. */
  accessList: AccessList;
  private readonly store: SwarmStore;
  private readonly connectionIds: ConnectionIds;
  private readonly counters: Float64Array;
  private readonly responsePeersMax: number;
  private readonly scrapeTorrentsMax: number;
  private readonly swarmPrefetch: SwarmPrefetch;
  private readonly record = new Announce(new Int32Array(5), new Int32Array(4), new Uint16Array(0));
  private readonly intervalShortest: number;
  private readonly intervalSpread: number;
  private random = 0x2545f491;

  constructor(options: DatagramHandlerOptions) {
    this.store = options.store;
    this.swarmPrefetch = options.store.openPrefetch(PREFETCH_REQUESTS_MAX);
    this.accessList = options.accessList;
    this.connectionIds = options.connectionIds;
    this.counters = options.counters;
    this.responsePeersMax = options.responsePeersMax;
    this.scrapeTorrentsMax = options.scrapeTorrentsMax;
    // ±10 %: clients that started together spread over the interval.
    const tenth = Math.floor(options.announceIntervalSeconds / 10);
    this.intervalShortest = options.announceIntervalSeconds - tenth;
    this.intervalSpread = 2 * tenth + 1;
  }

  /** Sets the clock: seconds since the tracker started. Engines call it before each batch. */
  setNow(seconds: number): void {
    this.store.setNow(seconds);
    this.connectionIds.setNow(seconds);
  }

  /**
   * Notes a request of a batch whose memory `prefetchBatch` shall read ahead; parameters as those of `handle`. Changes
   * nothing that a client could see, and what is not an announce is passed over.
   */
  prefetch(
    requestWords: Int32Array,
    offset: number,
    length: number,
    address: Int32Array,
    addressAt: number,
    family: 4 | 6,
  ): void {
    const word = offset >> 2;
    if (length < ANNOUNCE_REQUEST_BYTES || requestWords[word + 2] !== ACTION_ANNOUNCE_WORD) return;
    const left = word + (ANNOUNCE_LEFT_OFFSET >> 2);
    const record = this.record;
    record.infoHash = requestWords;
    record.infoHashAt = word + (ANNOUNCE_INFO_HASH_OFFSET >> 2);
    record.address = address;
    record.addressAt = addressAt;
    record.family = family;
    record.port = requestWords[word + (ANNOUNCE_PORT_OFFSET >> 2)];
    record.flags = (requestWords[left] | requestWords[left + 1]) === 0 ? ANNOUNCE_SEEDER : 0;
    this.swarmPrefetch.add(record);
  }

  /** Reads ahead what the requests noted will need. */
  prefetchBatch(): void {
    this.swarmPrefetch.run();
  }

  /**
   * Answers the request of `length` bytes at `offset` of `request`; `requestWords` is the same memory and `offset` a
   * multiple of 4. `address` holds the sender's 1 (IPv4) or 4 (IPv6) words from `addressAt`, as they lie in a packet.
   * The reply is written at `replyOffset` (even) of `reply`, of which `replyHalfwords` is the same memory. Returns
   * its length, or 0 for silence.
   */
  handle(
    request: Uint8Array,
    requestWords: Int32Array,
    offset: number,
    length: number,
    address: Int32Array,
    addressAt: number,
    family: 4 | 6,
    reply: Uint8Array,
    replyHalfwords: Uint16Array,
    replyOffset: number,
  ): number {
    const columns = familyColumns(family);
    const status = parseUdpRequest(request, offset, length);
    this.counters[columns + status]++;
    if (status === PARSE_CONNECT) {
      this.connectionIds.issue(address, addressAt, family);
      this.counters[columns + COUNT_REPLY_CONNECT]++;
      const transactionId = readTransactionId(request, offset);
      const { high, low } = this.connectionIds;
      return writeConnectReply(reply, replyOffset, transactionId, high, low);
    }
    if (status > PARSE_ERROR_SCRAPE_LIST) return 0;
    const high = readConnectionIdHigh(request, offset);
    const low = readConnectionIdLow(request, offset);
    if (!this.connectionIds.isValid(high, low, address, addressAt, family)) {
      this.counters[columns + COUNT_DROP_CONNECTION_ID]++;
      return 0;
    }
    if (status === PARSE_ANNOUNCE)
      return this.announce(
        request,
        requestWords,
        offset,
        address,
        addressAt,
        family,
        reply,
        replyHalfwords,
        replyOffset,
      );
    if (status === PARSE_SCRAPE)
      return this.scrape(request, requestWords, offset, length, family, reply, replyOffset);
    return this.error(request, offset, columns, reply, replyOffset, errorMessageOfStatus(status));
  }

  private announce(
    request: Uint8Array,
    requestWords: Int32Array,
    offset: number,
    address: Int32Array,
    addressAt: number,
    family: 4 | 6,
    reply: Uint8Array,
    replyHalfwords: Uint16Array,
    replyOffset: number,
  ): number {
    const columns = familyColumns(family);
    const word = offset >> 2;
    const infoHashAt = word + (ANNOUNCE_INFO_HASH_OFFSET >> 2);
    if (!this.accessList.allows(requestWords, infoHashAt)) {
      this.counters[columns + COUNT_REFUSED_INFO_HASH]++;
      return this.error(request, offset, columns, reply, replyOffset, INFO_HASH_REFUSED_MESSAGE);
    }
    const left = word + (ANNOUNCE_LEFT_OFFSET >> 2);
    const event = readAnnounceEvent(request, offset);
    let flags = (requestWords[left] | requestWords[left + 1]) === 0 ? ANNOUNCE_SEEDER : 0;
    if (event === EVENT_STOPPED) flags |= ANNOUNCE_STOPPED;
    else if (event === EVENT_COMPLETED) flags |= ANNOUNCE_COMPLETED;
    else if (event === EVENT_PAUSED && flags === 0) flags = ANNOUNCE_PAUSED;
    let wanted = readAnnouncePeersWanted(request, offset);
    if (wanted < 0 || wanted > this.responsePeersMax) wanted = this.responsePeersMax;
    const store = this.store;
    const record = this.record;
    record.infoHash = requestWords;
    record.infoHashAt = infoHashAt;
    record.address = address;
    record.addressAt = addressAt;
    record.family = family;
    record.port = requestWords[word + (ANNOUNCE_PORT_OFFSET >> 2)];
    record.flags = flags;
    record.peersWanted = wanted;
    record.reply = replyHalfwords;
    record.replyAt = (replyOffset + ANNOUNCE_REPLY_HEADER_BYTES) >> 1;
    const peers = store.announce(record);
    if (!store.stored) this.counters[columns + COUNT_NOT_STORED]++;
    this.counters[columns + COUNT_REPLY_ANNOUNCE]++;
    const headerBytes = writeAnnounceReplyHeader(
      reply,
      replyOffset,
      readTransactionId(request, offset),
      this.nextInterval(),
      store.leechers,
      store.seeders,
    );
    return headerBytes + peers * (family === 4 ? PEER_IPV4_BYTES : PEER_IPV6_BYTES);
  }

  /** Only as many info hashes as the limit allows are answered; a refused one reads as zeros, like an unknown one. */
  private scrape(
    request: Uint8Array,
    requestWords: Int32Array,
    offset: number,
    length: number,
    family: 4 | 6,
    reply: Uint8Array,
    replyOffset: number,
  ): number {
    const store = this.store;
    const asked = scrapeInfoHashCount(length);
    const count = asked < this.scrapeTorrentsMax ? asked : this.scrapeTorrentsMax;
    let at = replyOffset;
    at += writeScrapeReplyHeader(reply, at, readTransactionId(request, offset));
    let infoHashAt = (offset + SCRAPE_INFO_HASHES_OFFSET) >> 2;
    for (let i = 0; i < count; i++) {
      if (this.accessList.allows(requestWords, infoHashAt)) {
        store.scrape(requestWords, infoHashAt, family);
        at += writeScrapeEntry(reply, at, store.seeders, store.completed, store.leechers);
      } else {
        this.counters[familyColumns(family) + COUNT_REFUSED_INFO_HASH]++;
        at += writeScrapeEntry(reply, at, 0, 0, 0);
      }
      infoHashAt += SCRAPE_INFO_HASH_BYTES >> 2;
    }
    this.counters[familyColumns(family) + COUNT_REPLY_SCRAPE]++;
    return at - replyOffset;
  }

  private error(
    request: Uint8Array,
    offset: number,
    columns: number,
    reply: Uint8Array,
    replyOffset: number,
    message: Uint8Array,
  ): number {
    this.counters[columns + COUNT_REPLY_ERROR]++;
    return writeErrorReply(reply, replyOffset, readTransactionId(request, offset), message);
  }

  private nextInterval(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return this.intervalShortest + ((x >>> 0) % this.intervalSpread);
  }
}
