/**
 * Answers one UDP request: bytes in, bytes out, no sockets. Called by the engines, by tests and by fuzzers; a worker has
 * one handler for the memory of each of its sockets, all over one UdpTracker. BEP 15, with BEP 21's `paused` event.
 *
 * Silence where a reply would help an attacker: nothing but a connect request (16 bytes, replied to with 16) gets a
 * reply without a valid connection id. No allocation, no exception; a datagram's budget of 0.5 µs includes this, see
 * bench/datagram-handler.bench.ts.
 */
import { type Admission, Announce, announceFlags, type SwarmStore } from "@swarmtide/swarm";
import {
  ANNOUNCE_INFO_HASH_OFFSET,
  ANNOUNCE_REPLY_HEADER_BYTES,
  errorMessageOfStatus,
  INFO_HASH_REFUSED_MESSAGE,
  isAnnounceRequest,
  PARSE_ANNOUNCE,
  PARSE_CONNECT,
  PARSE_ERROR_SCRAPE_LIST,
  PARSE_SCRAPE,
  PEER_IPV4_BYTES,
  PEER_IPV6_BYTES,
  parseUdpRequest,
  readAnnounceEvent,
  readAnnounceLeft,
  readAnnouncePeersWanted,
  readAnnouncePortBytes,
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
import type { UdpTracker } from "./udp-tracker.ts";

/** The memory of one socket. The views of requests are of the same bytes, and so are those of replies. */
export interface DatagramMemory {
  readonly requestBytes: Uint8Array;
  readonly requestWords: Int32Array;
  /** The senders' addresses, as they lie in a packet: 1 word of IPv4 or 4 of IPv6 each. */
  readonly sourceWords: Int32Array;
  readonly replyBytes: Uint8Array;
  readonly replyHalfwords: Uint16Array;
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
  private readonly tracker: UdpTracker;
  private readonly store: SwarmStore;
  private readonly admission: Admission;
  private readonly connectionIds: ConnectionIds;
  private readonly counters: Float64Array;
  private readonly requestBytes: Uint8Array;
  private readonly requestWords: Int32Array;
  private readonly sourceWords: Int32Array;
  private readonly replyBytes: Uint8Array;
  /** The announce that is being handled or noted. */
  private readonly record: Announce;

  /** Reads requests from `memory` and writes replies there, for as long as it lives. */
  constructor(tracker: UdpTracker, memory: DatagramMemory) {
    this.tracker = tracker;
    this.store = tracker.store;
    this.admission = tracker.admission;
    this.connectionIds = tracker.connectionIds;
    this.counters = tracker.counters;
    this.requestBytes = memory.requestBytes;
    this.requestWords = memory.requestWords;
    this.sourceWords = memory.sourceWords;
    this.replyBytes = memory.replyBytes;
    this.record = new Announce(memory.requestWords, memory.sourceWords, memory.replyHalfwords);
  }

  /**
   * Notes a request of a batch whose memory `prefetchBatch` shall read ahead; parameters as those of `handle`. Changes
   * nothing that a client could see, and what is not an announce is passed over.
   */
  prefetch(offset: number, length: number, addressAt: number, family: 4 | 6): void {
    if (!isAnnounceRequest(this.requestBytes, offset, length)) return;
    this.readAnnounce(offset, addressAt, family);
    this.tracker.swarmPrefetch.add(this.record);
  }

  /** Reads ahead what the requests noted will need. */
  prefetchBatch(): void {
    this.tracker.swarmPrefetch.run();
  }

  /**
   * Handles the request of `length` bytes at `offset` (a multiple of 4) of the sender whose address stands at word
   * `addressAt`. Writes the reply at `replyOffset` (even) and returns its length, or 0 for silence.
   */
  handle(
    offset: number,
    length: number,
    addressAt: number,
    family: 4 | 6,
    replyOffset: number,
  ): number {
    const request = this.requestBytes;
    const columns = familyColumns(family);
    const status = parseUdpRequest(request, offset, length);
    this.counters[columns + status]++;
    if (status === PARSE_CONNECT) {
      this.connectionIds.issue(this.sourceWords, addressAt, family);
      this.counters[columns + COUNT_REPLY_CONNECT]++;
      const transactionId = readTransactionId(request, offset);
      const { high, low } = this.connectionIds;
      return writeConnectReply(this.replyBytes, replyOffset, transactionId, high, low);
    }
    if (status > PARSE_ERROR_SCRAPE_LIST) return 0;
    const high = readConnectionIdHigh(request, offset);
    const low = readConnectionIdLow(request, offset);
    if (!this.connectionIds.isValid(high, low, this.sourceWords, addressAt, family)) {
      this.counters[columns + COUNT_DROP_CONNECTION_ID]++;
      return 0;
    }
    if (status === PARSE_ANNOUNCE) return this.announce(offset, addressAt, family, replyOffset);
    if (status === PARSE_SCRAPE) return this.scrape(offset, length, family, replyOffset);
    return this.error(offset, columns, replyOffset, errorMessageOfStatus(status));
  }

  /** What an announce says, without its peers wanted. */
  private readAnnounce(offset: number, addressAt: number, family: 4 | 6): void {
    const request = this.requestBytes;
    const record = this.record;
    record.infoHashAt = (offset + ANNOUNCE_INFO_HASH_OFFSET) >> 2;
    record.addressAt = addressAt;
    record.family = family;
    record.port = readAnnouncePortBytes(request, offset);
    record.flags = announceFlags(
      readAnnounceEvent(request, offset),
      readAnnounceLeft(request, offset),
    );
  }

  private announce(offset: number, addressAt: number, family: 4 | 6, replyOffset: number): number {
    const { record, store, tracker } = this;
    const columns = familyColumns(family);
    this.readAnnounce(offset, addressAt, family);
    if (!this.admission.admits(record)) {
      this.counters[columns + COUNT_REFUSED_INFO_HASH]++;
      return this.error(offset, columns, replyOffset, INFO_HASH_REFUSED_MESSAGE);
    }
    const wanted = readAnnouncePeersWanted(this.requestBytes, offset);
    const peersMax = tracker.responsePeersMax;
    record.peersWanted = wanted < 0 || wanted > peersMax ? peersMax : wanted;
    record.replyAt = (replyOffset + ANNOUNCE_REPLY_HEADER_BYTES) >> 1;
    const peers = store.announce(record);
    if (!store.stored) this.counters[columns + COUNT_NOT_STORED]++;
    this.counters[columns + COUNT_REPLY_ANNOUNCE]++;
    const headerBytes = writeAnnounceReplyHeader(
      this.replyBytes,
      replyOffset,
      readTransactionId(this.requestBytes, offset),
      tracker.interval.next(),
      store.leechers,
      store.seeders,
    );
    return headerBytes + peers * (family === 4 ? PEER_IPV4_BYTES : PEER_IPV6_BYTES);
  }

  /** Only as many info hashes as the limit allows are looked up; a refused one reads as zeros, like an unknown one. */
  private scrape(offset: number, length: number, family: 4 | 6, replyOffset: number): number {
    const { store, requestWords, replyBytes, tracker } = this;
    const asked = scrapeInfoHashCount(length);
    const count = asked < tracker.scrapeTorrentsMax ? asked : tracker.scrapeTorrentsMax;
    let at = replyOffset;
    at += writeScrapeReplyHeader(replyBytes, at, readTransactionId(this.requestBytes, offset));
    let infoHashAt = (offset + SCRAPE_INFO_HASHES_OFFSET) >> 2;
    for (let i = 0; i < count; i++) {
      if (this.admission.admitsScrape(requestWords, infoHashAt)) {
        store.scrape(requestWords, infoHashAt, family);
        at += writeScrapeEntry(replyBytes, at, store.seeders, store.completed, store.leechers);
      } else {
        this.counters[familyColumns(family) + COUNT_REFUSED_INFO_HASH]++;
        at += writeScrapeEntry(replyBytes, at, 0, 0, 0);
      }
      infoHashAt += SCRAPE_INFO_HASH_BYTES >> 2;
    }
    this.counters[familyColumns(family) + COUNT_REPLY_SCRAPE]++;
    return at - replyOffset;
  }

  private error(offset: number, columns: number, replyOffset: number, message: Uint8Array): number {
    this.counters[columns + COUNT_REPLY_ERROR]++;
    const transactionId = readTransactionId(this.requestBytes, offset);
    return writeErrorReply(this.replyBytes, replyOffset, transactionId, message);
  }
}
