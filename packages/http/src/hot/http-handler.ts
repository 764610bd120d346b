/**
 * The HTTP tracker without sockets: request bytes → answer bytes. One handler per worker thread; it owns its reply
 * buffer and its records, and shares the swarm store with every other worker.
 *
 * An engine gives it the bytes of a connection as they are (`answer`), sends what is in `reply` with one call, and
 * keeps the bytes from the returned offset on. Pipelined requests are answered together. Allocates nothing for requests
 * that are in order.
 */
import {
  exactRouteOfPath,
  HTTP_MORE,
  HTTP_OK,
  HttpRequest,
  httpStatusOf,
  METHOD_HEAD,
  METHOD_OTHER,
  parseHttpRequest,
  ROUTE_ANNOUNCE,
  ROUTE_HEALTH,
  ROUTE_OTHER,
  ROUTE_SCRAPE,
  routeOfPath,
  writeContentLength,
  writeResponseHead,
} from "@swarmtide/http-protocol";
import { type CounterRow, Refusals, type RefusalWriter } from "@swarmtide/metrics";
import type { HttpConfig } from "../config.ts";
import { HEALTH_CHECKS, httpCounters, RESPONSES_BY_STATUS, UPGRADES } from "../counters.ts";
import type { HttpHandlerOptions } from "../handler-options.ts";
import { oneReplyBytesMax, replyBytesMin } from "../reply-room.ts";
import {
  ANSWER_BAD_METHOD,
  ANSWER_BODY,
  ANSWER_HEALTH,
  ANSWER_NOT_FOUND,
  CLOSES,
  GOES_ON,
  GOES_ON_HTTP_1_0,
  makeAnswerHeads,
  makeErrorAnswers,
  makeTextAnswers,
  type TextAnswer,
} from "../text-answers.ts";
import { describeUntrustedProxy } from "../untrusted-proxy.ts";
import type { HttpPeer } from "./http-peer.ts";
import { TrackerAnswers } from "./tracker-answers.ts";

/** All whole requests are answered; bytes from the returned offset on are the beginning of one. */
export const OUTCOME_WAITS = 0;
/** There may be more whole requests, but no room for their answers: send, then call again. */
export const OUTCOME_FULL = 1;
/** Close the connection once the reply is sent. */
export const OUTCOME_CLOSES = 2;
/** A WebSocket upgrade begins at the returned offset; what `reply` holds goes out before it. */
export const OUTCOME_UPGRADES = 3;

export class HttpHandler {
  /** The answers of the last call are reply[replyStart..replyEnd), to be sent before they are written over. */
  readonly reply: Uint8Array;
  replyStart = 0;
  replyEnd = 0;
  /** One of the `OUTCOME_` constants, of the last call. */
  outcome = OUTCOME_WAITS;
  /**
   * After `OUTCOME_CLOSES`: whether the other end may still be sending. Closing at once would make the kernel throw
   * the answer away with a reset (RFC 9112 section 9.6): close the sending side, and read on for a while.
   */
  lingers = false;
  /** Set when the program stops: every connection is closed after its next answer. */
  isStopping = false;

  /** Whether the worker does not keep up: then announces that repeat an earlier one are refused before the store is asked. */
  set isBehind(isBehind: boolean) {
    this.answers.isBehind = isBehind;
  }

  private replyBytesMax: number;
  private readonly countersIpv4: CounterRow<"http">;
  private readonly countersIpv6: CounterRow<"http">;
  private readonly refusals: RefusalWriter<"http">;
  private request: HttpRequest;
  private answers: TrackerAnswers;
  private readonly heads: readonly Uint8Array[];
  private readonly texts: readonly TextAnswer[];
  private readonly errors: readonly Uint8Array[];
  private requestsPerConnectionMax: number;
  private readonly upgradesWebSockets: boolean;
  private readonly isTrackerOff: boolean;
  private config: HttpConfig;
  private forwardedHeaderName: string;

  /**
   * `reply` is the memory to write answers to, for engines that hand its address to the kernel: at least
   * `replyBytesMin(options)` long and at an even offset of its buffer. Without it the handler makes its own.
   */
  constructor(
    options: HttpHandlerOptions,
    reply: Uint8Array = new Uint8Array(replyBytesMin(options)),
  ) {
    this.countersIpv4 = options.counters.ipv4;
    this.countersIpv6 = options.counters.ipv6;
    this.refusals = options.refusals ?? Refusals.writer(undefined, 0, httpCounters);
    this.heads = makeAnswerHeads();
    this.texts = makeTextAnswers();
    this.errors = makeErrorAnswers();
    this.upgradesWebSockets = options.upgradesWebSockets;
    this.isTrackerOff = options.isTrackerOff ?? false;
    this.reply = reply;
    this.config = options.config;
    this.request = new HttpRequest(options);
    this.requestsPerConnectionMax = options.requestsPerConnectionMax;
    this.forwardedHeaderName = options.forwardedHeaderName;
    this.replyBytesMax = oneReplyBytesMax(options.config);
    this.answers = new TrackerAnswers(options, this.request, reply);
  }

  /**
   * Takes other limits, intervals and proxies into use, between two calls of `answer`. Answers must not become longer than
   * those of the options' `replyRoom`; counters, store and what is switched off stay.
   */
  configure(options: HttpHandlerOptions): void {
    this.request = new HttpRequest(options); // hot-allow: on a reload
    this.config = options.config;
    this.requestsPerConnectionMax = options.requestsPerConnectionMax;
    this.forwardedHeaderName = options.forwardedHeaderName;
    this.replyBytesMax = oneReplyBytesMax(options.config);
    this.answers = new TrackerAnswers(options, this.request, this.reply); // hot-allow: on a reload
  }

  /** Bytes of the last call's answers. */
  get replyLength(): number {
    return this.replyEnd - this.replyStart;
  }

  /** A log line about a proxy that is not trusted but acts as one, once it was noticed; else undefined. */
  takeProxyHint(): string | undefined {
    const proxy = this.answers.proxyHint.take();
    return proxy && describeUntrustedProxy(proxy, this.forwardedHeaderName);
  }

  /**
   * Answers the requests in bytes[start..end) of one connection, in their order. Returns the offset of the first
   * byte that belongs to no answered request; `outcome` says why it stopped there. The answers are written from
   * `replyStart` on: what is in front of it may be other connections' answers that are sent together with these.
   */
  answer(peer: HttpPeer, bytes: Uint8Array, start: number, end: number, replyStart = 0): number {
    this.replyStart = replyStart;
    this.replyEnd = replyStart;
    this.outcome = OUTCOME_WAITS;
    this.lingers = false;
    let at = start;
    while (at < end && this.outcome === OUTCOME_WAITS) {
      if (this.replyEnd + this.replyBytesMax > this.reply.length) {
        this.outcome = OUTCOME_FULL;
        return at;
      }
      const status = parseHttpRequest(this.request, bytes, at, end);
      if (status === HTTP_MORE) return at;
      if (status !== HTTP_OK) {
        this.outcome = OUTCOME_CLOSES;
        this.lingers = true;
        this.append(this.errors[status]);
        this.countResponse(peer, httpStatusOf(status));
        return end;
      }
      if (this.upgradesWebSockets && this.request.wantsWebSocket && !this.request.hasBody) {
        this.countersOf(peer)[UPGRADES]++;
        this.outcome = OUTCOME_UPGRADES;
        return at;
      }
      peer.requestCount++;
      this.answerRequest(peer, bytes);
      at = this.request.nextOffset;
    }
    if (this.outcome !== OUTCOME_CLOSES) return at;
    if (this.request.hasBody || at < end) this.lingers = true;
    return end;
  }

  private answerRequest(peer: HttpPeer, bytes: Uint8Array): void {
    const request = this.request;
    let form = request.versionMinor === 0 ? GOES_ON_HTTP_1_0 : GOES_ON;
    if (
      !request.keepAlive ||
      request.hasBody ||
      this.isStopping ||
      peer.requestCount >= this.requestsPerConnectionMax
    ) {
      form = CLOSES;
      this.outcome = OUTCOME_CLOSES;
      // A client that did not ask us to close may already have sent its next request.
      this.lingers = request.keepAlive;
    }
    if (request.method === METHOD_OTHER) this.answerText(peer, ANSWER_BAD_METHOD, form);
    else if (request.hasBody) this.answerText(peer, ANSWER_BODY, form);
    else this.answerRoute(peer, bytes, form);
  }

  private answerRoute(peer: HttpPeer, bytes: Uint8Array, form: number): void {
    const { pathStart, pathEnd } = this.request;
    const route = this.config.onlyExactPaths
      ? exactRouteOfPath(bytes, pathStart, pathEnd)
      : routeOfPath(bytes, pathStart, pathEnd);
    switch (this.isTrackerOff && route !== ROUTE_HEALTH ? ROUTE_OTHER : route) {
      case ROUTE_ANNOUNCE:
        this.answerQuery(peer, bytes, form, true);
        break;
      case ROUTE_SCRAPE:
        this.answerQuery(peer, bytes, form, false);
        break;
      case ROUTE_HEALTH:
        this.countersOf(peer)[HEALTH_CHECKS]++;
        this.answerText(peer, ANSWER_HEALTH, form);
        break;
      default:
        this.answerText(peer, ANSWER_NOT_FOUND, form);
    }
  }

  private answerQuery(peer: HttpPeer, bytes: Uint8Array, form: number, isAnnounce: boolean): void {
    const bodyStart = writeResponseHead(this.reply, this.replyEnd, this.heads[form]);
    const end = isAnnounce
      ? this.answers.writeAnnounce(peer, bytes, bodyStart)
      : this.answers.writeScrape(peer, bytes, bodyStart);
    writeContentLength(this.reply, bodyStart, end - bodyStart);
    this.replyEnd = this.request.method === METHOD_HEAD ? bodyStart : end;
  }

  private answerText(peer: HttpPeer, which: number, form: number): void {
    const answer = this.texts[which];
    const isHead = this.request.method === METHOD_HEAD;
    this.append(isHead ? answer.headOnly[form] : answer.whole[form]);
    this.countResponse(peer, answer.status);
  }

  private countResponse(peer: HttpPeer, status: number): void {
    const column = RESPONSES_BY_STATUS[status];
    if (column === undefined) return;
    this.countersOf(peer)[column]++;
    this.refusals.notePeer(column, 0, peer);
  }

  private countersOf(peer: HttpPeer): CounterRow<"http"> {
    return peer.family === 6 ? this.countersIpv6 : this.countersIpv4;
  }

  private append(bytes: Uint8Array): void {
    this.reply.set(bytes, this.replyEnd);
    this.replyEnd += bytes.length;
  }
}
