/**
 * Answers one UDP request: bytes in, bytes out, no sockets. Called by the engines, by tests and by fuzzers; a worker has
 * one handler for the memory of each of its sockets, all over one UdpTracker. BEP 15, with BEP 21's `paused` event.
 *
 * Silence where a reply would help an attacker: nothing but a connect request (16 bytes, replied to with 16) gets a
 * reply without a valid connection id. No allocation, no exception; a datagram's budget of 0.5 µs includes this, see
 * bench/datagram-handler.bench.ts.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import type { CounterRow, RefusalWriter } from "@swarmtide/metrics";
import {
  type Admission,
  Announce,
  announceFlags,
  REFUSED_PEERS_OF_ADDRESS,
  type SwarmStore,
} from "@swarmtide/swarm";
import {
  ADDRESS_REFUSED_MESSAGE,
  ANNOUNCE_INFO_HASH_OFFSET,
  ANNOUNCE_PEER_ID_OFFSET,
  ANNOUNCE_REPLY_HEADER_BYTES,
  describeUdpStatus,
  INFO_HASH_REFUSED_MESSAGE,
  isAnnounceRequest,
  PEER_IPV4_BYTES,
  PEER_IPV6_BYTES,
  PEERS_OF_ADDRESS_MESSAGE,
  parseUdpRequest,
  readAnnounceEvent,
  readAnnounceLeft,
  readAnnouncePeersWanted,
  readAnnouncePortBytes,
  readConnectionIdHigh,
  readConnectionIdLow,
  readTransactionId,
  SCRAPE_INFO_HASH_BYTES,
  SCRAPE_INFO_HASHES_OFFSET,
  SCRAPES_OF_ADDRESS_MESSAGE,
  scrapeInfoHashCount,
  TORRENTS_OF_ADDRESS_MESSAGE,
  UDP_ANNOUNCE,
  UDP_ANNOUNCE_UNKNOWN_EVENT,
  UDP_CONNECT,
  UDP_ERROR_SCRAPE_LIST,
  UDP_SCRAPE,
  writeAnnounceReplyHeader,
  writeConnectReply,
  writeErrorReply,
  writeScrapeEntry,
  writeScrapeReplyHeader,
} from "@swarmtide/udp-protocol";
import {
  ANNOUNCE_REPEATS,
  ANNOUNCES,
  ANNOUNCES_REFUSED,
  CONNECTS,
  DROPPED_BEHIND,
  DROPPED_CONNECTION_ID,
  ERRORS,
  LIMITED_ADDRESSES,
  LIMITED_PEERS,
  LIMITED_SCRAPES,
  LIMITED_TORRENTS,
  NOT_STORED,
  REFUSED_TORRENTS,
  REQUESTS_BY_STATUS,
  SCRAPES,
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

export class DatagramHandler {
  private readonly tracker: UdpTracker;
  private readonly store: SwarmStore;
  private readonly admission: Admission;
  private readonly connectionIds: ConnectionIds;
  private readonly countersIpv4: CounterRow<"udp">;
  private readonly countersIpv6: CounterRow<"udp">;
  private readonly refusals: RefusalWriter<"udp">;
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
    this.countersIpv4 = tracker.counters.ipv4;
    this.countersIpv6 = tracker.counters.ipv6;
    this.refusals = tracker.refusals;
    this.requestBytes = memory.requestBytes;
    this.requestWords = memory.requestWords;
    this.sourceWords = memory.sourceWords;
    this.replyBytes = memory.replyBytes;
    this.record = new Announce(memory.requestWords, memory.sourceWords, memory.replyHalfwords);
  }

  /**
   * Notes a request of a batch whose memory `prefetchBatch` shall read ahead; parameters as those of `answer`. Changes
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
   * Answers the request of `length` bytes at `offset` (a multiple of 4) of the sender whose address stands at word
   * `addressAt`. Writes the reply at `replyOffset` (even) and returns its length, or 0 for silence.
   */
  answer(
    offset: number,
    length: number,
    addressAt: number,
    family: 4 | 6,
    replyOffset: number,
  ): number {
    const request = this.requestBytes;
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    const status = parseUdpRequest(request, offset, length);
    counters[REQUESTS_BY_STATUS[status]]++;
    if (status === UDP_CONNECT) {
      this.connectionIds.issue(this.sourceWords, addressAt, family);
      counters[CONNECTS]++;
      const transactionId = readTransactionId(request, offset);
      const { high, low } = this.connectionIds;
      return writeConnectReply(this.replyBytes, replyOffset, transactionId, high, low);
    }
    if (status > UDP_ERROR_SCRAPE_LIST) {
      this.refusals.note(REQUESTS_BY_STATUS[status], 0, this.sourceWords, addressAt, family);
      return 0;
    }
    const high = readConnectionIdHigh(request, offset);
    const low = readConnectionIdLow(request, offset);
    if (!this.connectionIds.isValid(high, low, this.sourceWords, addressAt, family)) {
      counters[DROPPED_CONNECTION_ID]++;
      this.refusals.note(DROPPED_CONNECTION_ID, 0, this.sourceWords, addressAt, family);
      return 0;
    }
    if (!this.admission.admitsAddress(this.sourceWords, addressAt, family)) {
      counters[LIMITED_ADDRESSES]++;
      this.refusals.note(LIMITED_ADDRESSES, 0, this.sourceWords, addressAt, family);
      return this.error(offset, counters, replyOffset, ADDRESS_REFUSED_MESSAGE);
    }
    if (status === UDP_ANNOUNCE || status === UDP_ANNOUNCE_UNKNOWN_EVENT)
      return this.announce(offset, addressAt, family, replyOffset);
    if (status === UDP_SCRAPE) {
      counters[SCRAPES]++;
      if (this.store.scrapeRate.allows(this.sourceWords, addressAt, family))
        return this.scrape(offset, length, family, replyOffset);
      counters[LIMITED_SCRAPES]++;
      this.refusals.note(LIMITED_SCRAPES, 0, this.sourceWords, addressAt, family);
      return this.error(offset, counters, replyOffset, SCRAPES_OF_ADDRESS_MESSAGE);
    }
    this.refusals.note(REQUESTS_BY_STATUS[status], 0, this.sourceWords, addressAt, family);
    return this.error(offset, counters, replyOffset, describeUdpStatus(status));
  }

  /** What an announce says, without its peers wanted. */
  private readAnnounce(offset: number, addressAt: number, family: 4 | 6): void {
    const request = this.requestBytes;
    const record = this.record;
    record.infoHashAt = (offset + ANNOUNCE_INFO_HASH_OFFSET) >> 2;
    record.addressAt = addressAt;
    record.family = family;
    record.port = readAnnouncePortBytes(request, offset);
    const event = readAnnounceEvent(request, offset);
    record.hasEvent = event !== EVENT_NONE;
    record.flags = announceFlags(event, readAnnounceLeft(this.requestWords, offset));
  }

  private announce(offset: number, addressAt: number, family: 4 | 6, replyOffset: number): number {
    const { record, store, tracker } = this;
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    this.readAnnounce(offset, addressAt, family);
    if (tracker.isBehind && !record.hasEvent) {
      if (tracker.recentAnnounces.isRepeat(record, store.tick)) {
        counters[DROPPED_BEHIND]++;
        this.refusals.note(DROPPED_BEHIND, 0, this.sourceWords, addressAt, family);
        return 0;
      }
    }
    counters[ANNOUNCES]++;
    tracker.peerIds.note(this.requestWords, (offset + ANNOUNCE_PEER_ID_OFFSET) >> 2);
    if (!this.admission.admits(record)) {
      counters[REFUSED_TORRENTS]++;
      counters[ANNOUNCES_REFUSED]++;
      this.refusals.note(ANNOUNCES_REFUSED, 0, this.sourceWords, addressAt, family);
      return this.error(offset, counters, replyOffset, INFO_HASH_REFUSED_MESSAGE);
    }
    const wanted = readAnnouncePeersWanted(this.requestBytes, offset);
    const peersMax = tracker.config.maxResponsePeers;
    record.peersWanted = wanted < 0 || wanted > peersMax ? peersMax : wanted;
    record.replyAt = (replyOffset + ANNOUNCE_REPLY_HEADER_BYTES) >> 1;
    record.hash = tracker.swarmPrefetch.hashOf(record);
    const peers = store.announce(record);
    if (store.refusal !== 0) return this.refuse(offset, counters, replyOffset, store.refusal);
    if (!store.stored) {
      counters[NOT_STORED]++;
      this.refusals.note(NOT_STORED, 0, this.sourceWords, addressAt, family);
    }
    if (store.isRepeat) counters[ANNOUNCE_REPEATS]++;
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
    const torrentsMax = tracker.config.maxScrapeTorrents;
    const count = asked < torrentsMax ? asked : torrentsMax;
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    let at = replyOffset;
    at += writeScrapeReplyHeader(replyBytes, at, readTransactionId(this.requestBytes, offset));
    let infoHashAt = (offset + SCRAPE_INFO_HASHES_OFFSET) >> 2;
    for (let i = 0; i < count; i++) {
      if (this.admission.admitsTorrent(requestWords, infoHashAt)) {
        store.scrape(requestWords, infoHashAt, family);
        at += writeScrapeEntry(replyBytes, at, store.seeders, store.completed, store.leechers);
      } else {
        counters[REFUSED_TORRENTS]++;
        at += writeScrapeEntry(replyBytes, at, 0, 0, 0);
      }
      infoHashAt += SCRAPE_INFO_HASH_BYTES >> 2;
    }
    return at - replyOffset;
  }

  /** What a new peer is told that a limit by address refuses. */
  private refuse(
    offset: number,
    counters: CounterRow<"udp">,
    replyOffset: number,
    refusal: number,
  ): number {
    const isPeers = refusal === REFUSED_PEERS_OF_ADDRESS;
    const column = isPeers ? LIMITED_PEERS : LIMITED_TORRENTS;
    const { addressAt, family } = this.record;
    counters[column]++;
    this.refusals.note(column, 0, this.sourceWords, addressAt, family);
    const message = isPeers ? PEERS_OF_ADDRESS_MESSAGE : TORRENTS_OF_ADDRESS_MESSAGE;
    return this.error(offset, counters, replyOffset, message);
  }

  private error(
    offset: number,
    counters: CounterRow<"udp">,
    replyOffset: number,
    message: Uint8Array,
  ): number {
    counters[ERRORS]++;
    const transactionId = readTransactionId(this.requestBytes, offset);
    return writeErrorReply(this.replyBytes, replyOffset, transactionId, message);
  }
}
