/**
 * The bodies of the HTTP tracker's answers: query → swarm store → bencode. Called by the HTTP handler for every announce
 * and scrape that is proper HTTP; writes into the handler's reply buffer and allocates nothing.
 */
import {
  AnnounceReply,
  announceReplyBytesMax,
  type HttpRequest,
  INFO_HASH_WORDS,
  parseAnnounceQuery,
  parseScrapeQuery,
  QUERY_OK,
  QUERY_TEXT_BYTES_MAX,
  SCRAPE_REPLY_ENTRY_BYTES_MAX,
  SCRAPE_REPLY_FRAME_BYTES_MAX,
  TrackerQuery,
  writeAnnounceReply,
  writeFailureReply,
  writeScrapeEntry,
  writeScrapeReplyEnd,
  writeScrapeReplyStart,
} from "@swarmtide/http-protocol";
import {
  Announce,
  announceFlags,
  type InfoHashFilter,
  portInPacketOrder,
  type SwarmStore,
} from "@swarmtide/swarm";
import {
  COUNT_ANNOUNCES_IPV4,
  COUNT_FAILURES,
  COUNT_NOT_STORED,
  COUNT_PROXY_HEADER_ERRORS,
  COUNT_REFUSED_TORRENTS,
  COUNT_SCRAPE_CUT_OFF,
  COUNT_SCRAPES_IPV4,
  COUNT_UNTRUSTED_FORWARDING,
} from "../counters.ts";
import { type Failures, makeFailures, RETRY_PROXY_MINUTES, WARNING_FULL } from "../failures.ts";
import type { HttpHandlerOptions } from "../handler-options.ts";
import type { HttpPeer } from "../http-peer.ts";
import { ProxyHint } from "../proxy-hint.ts";
import { FORWARDED_MISSING, FORWARDED_OK, ForwardedAddress } from "./forwarded-address.ts";

/** The room that the body of any answer needs in the reply buffer, its peers before they are moved included. */
export function answerBodyBytesMax(peersMax: number, scrapeTorrentsMax: number): number {
  const text = QUERY_TEXT_BYTES_MAX + WARNING_FULL.length;
  const announce = announceReplyBytesMax(peersMax, text) + peersMax * 18 + 2;
  const scrape = SCRAPE_REPLY_FRAME_BYTES_MAX + scrapeTorrentsMax * SCRAPE_REPLY_ENTRY_BYTES_MAX;
  return Math.max(announce, scrape);
}

export class TrackerAnswers {
  readonly proxyHint = new ProxyHint();
  /** Undefined serves every torrent. */
  accessList: InfoHashFilter | undefined;

  private readonly request: HttpRequest;
  private readonly reply: Uint8Array;
  private readonly announce: Announce;
  private readonly store: SwarmStore;
  private readonly counters: Float64Array;
  private readonly query: TrackerQuery;
  private readonly announceReply = new AnnounceReply();
  private readonly forwarded: ForwardedAddress;
  private readonly failures: Failures;
  private proxyFailure: Uint8Array;
  private readonly peersMax: number;
  private readonly minIntervalSeconds: number;
  /** An interval is this plus a random number of seconds below `jitterSeconds`. */
  private readonly intervalSecondsMin: number;
  private readonly jitterSeconds: number;
  private random: number;

  /** `reply` is the handler's reply buffer; `request` the record it parses into. */
  constructor(options: HttpHandlerOptions, request: HttpRequest, reply: Uint8Array) {
    this.request = request;
    this.reply = reply;
    this.store = options.store;
    this.accessList = options.accessList;
    this.counters = options.counters;
    this.query = new TrackerQuery(options.scrapeTorrentsMax);
    this.forwarded = new ForwardedAddress(options.trustedProxies);
    this.announce = new Announce(
      this.query.hashWords,
      this.forwarded.words,
      new Uint16Array(reply.buffer, reply.byteOffset, reply.length >> 1),
    );
    this.failures = makeFailures(options.forwardedHeaderName);
    this.proxyFailure = this.failures.proxyMissing;
    this.peersMax = options.peersMax;
    this.minIntervalSeconds = options.minIntervalSeconds;
    const spread = Math.floor(options.intervalSeconds * options.intervalJitter);
    this.intervalSecondsMin = options.intervalSeconds - spread;
    this.jitterSeconds = 2 * spread + 1;
    this.random = options.randomSeed | 1;
  }

  /** Writes the body of the answer to an announce at `bodyStart`; returns the offset behind it. */
  writeAnnounce(peer: HttpPeer, bytes: Uint8Array, bodyStart: number): number {
    const query = this.query;
    const status = parseAnnounceQuery(query, bytes, this.request.queryStart, this.request.queryEnd);
    const family = this.findAsker(peer, bytes);
    this.counters[COUNT_ANNOUNCES_IPV4 + columnOfFamily(family, peer)]++;
    if (family === 0) return this.writeProxyFailure(bodyStart);
    if (!peer.isTrustedProxy && this.request.hasForwardingHeader) {
      this.counters[COUNT_UNTRUSTED_FORWARDING]++;
      this.proxyHint.note(peer);
    }
    if (status !== QUERY_OK) return this.writeFailure(bodyStart, this.failures.query[status], 0);
    if (this.accessList !== undefined && !this.accessList.allows(query.hashWords, 0)) {
      this.counters[COUNT_REFUSED_TORRENTS]++;
      return this.writeFailure(bodyStart, this.failures.refusedTorrent, 0);
    }
    return this.writeAnnounceAnswer(family, bodyStart);
  }

  /** Takes the announce of `query` by the asker in `forwarded` to the store and writes what it says. */
  private writeAnnounceAnswer(family: 4 | 6, bodyStart: number): number {
    const query = this.query;
    const store = this.store;
    const answer = this.announceReply;
    const wanted =
      query.peersWanted < 0 ? this.peersMax : Math.min(query.peersWanted, this.peersMax);
    const text = query.trackerIdLength + WARNING_FULL.length;
    const room = announceReplyBytesMax(query.isCompact ? 0 : wanted, text);
    const peersOffset = (bodyStart + room + 1) & ~1;
    const announce = this.announce;
    announce.family = family;
    announce.port = portInPacketOrder(query.port);
    announce.flags = announceFlags(query.event, query.left);
    announce.peersWanted = wanted;
    announce.replyAt = peersOffset >> 1;
    answer.peersCount = store.announce(announce);
    answer.peersOffset = peersOffset;
    answer.complete = store.seeders;
    answer.incomplete = store.leechers;
    answer.downloaded = store.completed;
    answer.intervalSeconds = this.intervalSecondsMin + this.nextRandom(this.jitterSeconds);
    answer.minIntervalSeconds = this.minIntervalSeconds;
    answer.externalAddressBytes = family === 4 ? 4 : 16;
    for (let i = 0; i < 16; i++) answer.externalAddress[i] = this.forwarded.bytes[i];
    answer.isIpv6 = family === 6;
    answer.isCompact = query.isCompact;
    answer.trackerId = query.trackerId;
    answer.trackerIdLength = query.trackerIdLength;
    if (store.stored) {
      answer.warning = this.failures.noWarning;
    } else {
      this.counters[COUNT_NOT_STORED]++;
      answer.warning = WARNING_FULL;
    }
    return writeAnnounceReply(this.reply, bodyStart, answer);
  }

  /** Writes the body of the answer to a scrape at `bodyStart`; returns the offset behind it. */
  writeScrape(peer: HttpPeer, bytes: Uint8Array, bodyStart: number): number {
    const query = this.query;
    const store = this.store;
    const status = parseScrapeQuery(query, bytes, this.request.queryStart, this.request.queryEnd);
    const family = this.findAsker(peer, bytes);
    this.counters[COUNT_SCRAPES_IPV4 + columnOfFamily(family, peer)]++;
    if (family === 0) return this.writeProxyFailure(bodyStart);
    if (status !== QUERY_OK) return this.writeFailure(bodyStart, this.failures.query[status], 0);
    if (query.hashesSeen > query.infoHashesMax)
      this.counters[COUNT_SCRAPE_CUT_OFF] += query.hashesSeen - query.infoHashesMax;
    let at = writeScrapeReplyStart(this.reply, bodyStart);
    for (let i = 0; i < query.hashCount; i++) {
      const word = i * INFO_HASH_WORDS;
      const isAllowed =
        this.accessList === undefined || this.accessList.allows(query.hashWords, word);
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
    return writeScrapeReplyEnd(this.reply, at, this.minIntervalSeconds);
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

  private writeProxyFailure(bodyStart: number): number {
    this.counters[COUNT_PROXY_HEADER_ERRORS]++;
    return this.writeFailure(bodyStart, this.proxyFailure, RETRY_PROXY_MINUTES);
  }

  private writeFailure(bodyStart: number, reason: Uint8Array, retryInMinutes: number): number {
    this.counters[COUNT_FAILURES]++;
    return writeFailureReply(this.reply, bodyStart, reason, retryInMinutes);
  }

  /** A number from 0 to `end` - 1; xorshift, as nothing secret depends on it. */
  private nextRandom(end: number): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return (x >>> 0) % end;
  }
}

/** 0 for IPv4, 1 for IPv6; the connection's own family where the asker's is not known. */
function columnOfFamily(family: 0 | 4 | 6, peer: HttpPeer): number {
  return (family === 0 ? peer.family : family) === 6 ? 1 : 0;
}
