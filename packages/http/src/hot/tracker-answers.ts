/**
 * The bodies of the HTTP tracker's answers: query → swarm store → bencode. Called by the HTTP handler for every announce
 * and scrape that is proper HTTP; writes into the handler's reply buffer and allocates nothing.
 */
import { EVENT_NONE, INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import {
  AnnounceReply,
  announceReplyBytesMax,
  type HttpRequest,
  parseAnnounceQuery,
  parseScrapeQuery,
  QUERY_OK,
  TrackerQuery,
  writeAnnounceReply,
  writeFailureReply,
  writeScrapeEntry,
  writeScrapeReplyEnd,
  writeScrapeReplyStart,
} from "@swarmtide/http-protocol";
import { type Column, type CounterRow, Refusals, type RefusalWriter } from "@swarmtide/metrics";
import {
  type Admission,
  Announce,
  type AnnounceInterval,
  announceFlags,
  type PeerIdSample,
  portInPacketOrder,
  REFUSED_PEERS_OF_ADDRESS,
  type RecentAnnounces,
  type SwarmStore,
} from "@swarmtide/swarm";
import type { HttpConfig } from "../config.ts";
import {
  ANNOUNCE_REPEATS,
  ANNOUNCES,
  ERRORS,
  httpCounters,
  LIMITED_ADDRESSES,
  LIMITED_PEERS,
  LIMITED_SCRAPES,
  LIMITED_TORRENTS,
  NOT_STORED,
  OVERLOAD_REPEATS,
  PROXY_HEADER_ERRORS,
  REFUSED_TORRENTS,
  SCRAPE_TORRENTS_OVER_LIMIT,
  SCRAPES,
  UNKNOWN_EVENTS,
  UNTRUSTED_FORWARDING,
} from "../counters.ts";
import {
  type Failures,
  makeFailures,
  RETRY_BUSY_MINUTES,
  RETRY_LIMIT_MINUTES,
  RETRY_PROXY_MINUTES,
  RETRY_SCRAPE_MINUTES,
  WARNING_FULL,
} from "../failures.ts";
import type { HttpHandlerOptions } from "../handler-options.ts";
import { FORWARDED_MISSING, FORWARDED_OK, ForwardedAddress } from "./forwarded-address.ts";
import type { HttpPeer } from "./http-peer.ts";
import { ProxyHint } from "./proxy-hint.ts";

export class TrackerAnswers {
  readonly proxyHint = new ProxyHint();
  /** See `HttpHandler.isBehind`. */
  isBehind = false;
  /** What the worker has answered while it was behind; made when it first is. */
  private recent: RecentAnnounces | undefined = undefined;
  private readonly request: HttpRequest;
  private readonly reply: Uint8Array;
  private readonly announce: Announce;
  private readonly store: SwarmStore;
  private readonly admission: Admission;
  private readonly countersIpv4: CounterRow<"http">;
  private readonly countersIpv6: CounterRow<"http">;
  private readonly refusals: RefusalWriter<"http">;
  private readonly query: TrackerQuery;
  private readonly announceReply = new AnnounceReply();
  private readonly forwarded: ForwardedAddress;
  private readonly failures: Failures;
  private proxyFailure: Uint8Array;
  private readonly config: HttpConfig;
  private readonly interval: AnnounceInterval;
  private readonly peerIds: PeerIdSample;
  /** The peer id of `query`. */
  private readonly peerIdWords: Int32Array;

  /** `reply` is the handler's reply buffer; `request` the record it parses into. */
  constructor(options: HttpHandlerOptions, request: HttpRequest, reply: Uint8Array) {
    this.request = request;
    this.reply = reply;
    this.store = options.store;
    this.admission = options.admission;
    this.countersIpv4 = options.counters.ipv4;
    this.countersIpv6 = options.counters.ipv6;
    this.refusals = options.refusals ?? Refusals.writer(undefined, 0, httpCounters);
    this.query = new TrackerQuery(options.config.maxScrapeTorrents);
    this.forwarded = new ForwardedAddress(options.trustedProxies);
    this.announce = new Announce(
      this.query.hashWords,
      this.forwarded.words,
      new Uint16Array(reply.buffer, reply.byteOffset, reply.length >> 1),
    );
    this.failures = makeFailures(options.forwardedHeaderName);
    this.proxyFailure = this.failures.proxyMissing;
    this.config = options.config;
    this.interval = options.interval;
    this.peerIds = options.peerIds;
    this.peerIdWords = new Int32Array(this.query.peerId.buffer);
  }

  /** Writes the body of the answer to an announce at `bodyStart`; returns the offset behind it. */
  writeAnnounce(peer: HttpPeer, bytes: Uint8Array, bodyStart: number): number {
    const query = this.query;
    const status = parseAnnounceQuery(query, bytes, this.request.queryStart, this.request.queryEnd);
    const family = this.findAsker(peer, bytes);
    const counters = this.countersOf(family, peer);
    if (family === 0) return this.writeProxyFailure(counters, peer, bodyStart);
    if (!peer.isTrustedProxy && this.request.hasForwardingHeader) {
      counters[UNTRUSTED_FORWARDING]++;
      this.proxyHint.note(peer);
    }
    if (status !== QUERY_OK) {
      this.refusals.note(ERRORS, status, this.forwarded.words, 0, family);
      return this.writeFailure(counters, bodyStart, this.failures.query[status], 0);
    }
    counters[ANNOUNCES]++;
    this.peerIds.note(this.peerIdWords, 0);
    if (query.isEventUnknown) counters[UNKNOWN_EVENTS]++;
    if (!this.admission.admitsAddress(this.forwarded.words, 0, family)) {
      this.countRefusal(counters, LIMITED_ADDRESSES, family);
      return this.writeFailure(counters, bodyStart, this.failures.addressRefused, 0);
    }
    if (!this.admission.admits(this.announce)) {
      this.countRefusal(counters, REFUSED_TORRENTS, family);
      return this.writeFailure(counters, bodyStart, this.failures.refusedTorrent, 0);
    }
    return this.writeAnnounceAnswer(family, bodyStart);
  }

  /** Passes the announce of `query`, by the client in `forwarded`, to the store and writes the reply. */
  private writeAnnounceAnswer(family: 4 | 6, bodyStart: number): number {
    const query = this.query;
    const store = this.store;
    const answer = this.announceReply;
    const asked = query.peersWanted;
    const peersMax = this.config.maxResponsePeers;
    const wanted = asked < 0 || asked > peersMax ? peersMax : asked;
    const text = query.trackerIdLength + WARNING_FULL.length;
    const room = announceReplyBytesMax(query.isCompact ? 0 : wanted, text);
    const peersOffset = (bodyStart + room + 1) & ~1;
    const announce = this.announce;
    announce.family = family;
    announce.port = portInPacketOrder(query.port);
    announce.hasEvent = query.event !== EVENT_NONE;
    announce.flags = announceFlags(query.event, query.left);
    announce.peersWanted = wanted;
    announce.replyAt = peersOffset >> 1;
    if (this.isBehind && !announce.hasEvent && this.isRecent(announce)) {
      const counters = family === 6 ? this.countersIpv6 : this.countersIpv4;
      counters[OVERLOAD_REPEATS]++;
      return this.writeFailure(counters, bodyStart, this.failures.busy, RETRY_BUSY_MINUTES);
    }
    answer.peersCount = store.announce(announce);
    if (store.refusal !== 0) return this.writeRefusal(family, bodyStart, store.refusal);
    if (store.isRepeat) (family === 6 ? this.countersIpv6 : this.countersIpv4)[ANNOUNCE_REPEATS]++;
    answer.peersOffset = peersOffset;
    answer.complete = store.seeders;
    answer.incomplete = store.leechers;
    answer.downloaded = store.completed;
    answer.intervalSeconds = this.interval.next();
    answer.minIntervalSeconds = this.config.peerMinAnnounceInterval;
    answer.externalAddressBytes = family === 4 ? 4 : 16;
    for (let i = 0; i < 16; i++) answer.externalAddress[i] = this.forwarded.bytes[i];
    answer.isIpv6 = family === 6;
    answer.isCompact = query.isCompact;
    answer.trackerId = query.trackerId;
    answer.trackerIdLength = query.trackerIdLength;
    if (store.stored) {
      answer.warning = this.failures.noWarning;
    } else {
      const counters = family === 6 ? this.countersIpv6 : this.countersIpv4;
      this.countRefusal(counters, NOT_STORED, family);
      answer.warning = WARNING_FULL;
    }
    return writeAnnounceReply(this.reply, bodyStart, answer);
  }

  /** Whether the peer has announced within the limit, of what was noted while the worker was behind. */
  private isRecent(announce: Announce): boolean {
    const { store } = this;
    // Once a thread, when it is behind for the first time.
    this.recent ??= store.openRecentAnnounces(store.salt);
    return this.recent.isRepeat(announce, store.tick);
  }

  /** Writes the body of the answer to a scrape at `bodyStart`; returns the offset behind it. */
  writeScrape(peer: HttpPeer, bytes: Uint8Array, bodyStart: number): number {
    const query = this.query;
    const store = this.store;
    const status = parseScrapeQuery(query, bytes, this.request.queryStart, this.request.queryEnd);
    const family = this.findAsker(peer, bytes);
    const counters = this.countersOf(family, peer);
    if (family === 0) return this.writeProxyFailure(counters, peer, bodyStart);
    if (status !== QUERY_OK) {
      this.refusals.note(ERRORS, status, this.forwarded.words, 0, family);
      return this.writeFailure(counters, bodyStart, this.failures.query[status], 0);
    }
    counters[SCRAPES]++;
    if (!this.admission.admitsAddress(this.forwarded.words, 0, family)) {
      this.countRefusal(counters, LIMITED_ADDRESSES, family);
      return this.writeFailure(counters, bodyStart, this.failures.addressRefused, 0);
    }
    if (!store.scrapeRate.allows(this.forwarded.words, 0, family)) {
      this.countRefusal(counters, LIMITED_SCRAPES, family);
      const { scrapesOfAddress } = this.failures;
      return this.writeFailure(counters, bodyStart, scrapesOfAddress, RETRY_SCRAPE_MINUTES);
    }
    if (query.hashesSeen > query.infoHashesMax)
      counters[SCRAPE_TORRENTS_OVER_LIMIT] += query.hashesSeen - query.infoHashesMax;
    let at = writeScrapeReplyStart(this.reply, bodyStart);
    for (let i = 0; i < query.hashCount; i++) {
      const word = i * INFO_HASH_WORDS;
      const isAllowed = this.admission.admitsTorrent(query.hashWords, word);
      if (isAllowed) store.scrape(query.hashWords, word, family);
      at = writeScrapeEntry(
        this.reply,
        at,
        query.hashBytes,
        word * 4,
        isAllowed ? store.seeders : 0,
        isAllowed ? store.completed : 0,
        isAllowed ? store.downloaders : 0,
        isAllowed ? store.leechers : 0,
      );
    }
    return writeScrapeReplyEnd(this.reply, at, this.config.peerMinAnnounceInterval);
  }

  /** Puts the asker's address into `forwarded`; returns its family, or 0 when a proxy does not tell it. */
  private findAsker(peer: HttpPeer, bytes: Uint8Array): 0 | 4 | 6 {
    const forwarded = this.forwarded;
    if (peer.isTrustedProxy) {
      const status = forwarded.read(this.request, bytes);
      if (status === FORWARDED_OK) return forwarded.family;
      this.proxyFailure =
        status === FORWARDED_MISSING ? this.failures.proxyMissing : this.failures.proxyBad;
      return 0;
    }
    forwarded.words[0] = peer.word0;
    forwarded.words[1] = peer.word1;
    forwarded.words[2] = peer.word2;
    forwarded.words[3] = peer.word3;
    return peer.family;
  }

  /** The row of the asker's family; the connection's own where the asker's is not known. */
  private countersOf(family: 0 | 4 | 6, peer: HttpPeer): CounterRow<"http"> {
    return (family === 0 ? peer.family : family) === 6 ? this.countersIpv6 : this.countersIpv4;
  }

  private writeProxyFailure(
    counters: CounterRow<"http">,
    peer: HttpPeer,
    bodyStart: number,
  ): number {
    counters[PROXY_HEADER_ERRORS]++;
    this.refusals.notePeer(PROXY_HEADER_ERRORS, 0, peer);
    return this.writeFailure(counters, bodyStart, this.proxyFailure, RETRY_PROXY_MINUTES);
  }

  /** What a new peer is told that a limit by address refuses. */
  private writeRefusal(family: 4 | 6, bodyStart: number, refusal: number): number {
    const counters = family === 6 ? this.countersIpv6 : this.countersIpv4;
    const isPeers = refusal === REFUSED_PEERS_OF_ADDRESS;
    this.countRefusal(counters, isPeers ? LIMITED_PEERS : LIMITED_TORRENTS, family);
    const { failures } = this;
    const reason = isPeers ? failures.peersOfAddress : failures.torrentsOfAddress;
    return this.writeFailure(counters, bodyStart, reason, RETRY_LIMIT_MINUTES);
  }

  private countRefusal(counters: CounterRow<"http">, column: Column<"http">, family: 4 | 6): void {
    counters[column]++;
    this.refusals.note(column, 0, this.forwarded.words, 0, family);
  }

  private writeFailure(
    counters: CounterRow<"http">,
    bodyStart: number,
    reason: Uint8Array,
    retryInMinutes: number,
  ): number {
    counters[ERRORS]++;
    return writeFailureReply(this.reply, bodyStart, reason, retryInMinutes);
  }
}
