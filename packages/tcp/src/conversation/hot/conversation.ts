/**
 * The conversation over one TCP connection after another: PROXY header, requests and answers, slow readers, deadlines,
 * the end, the upgrade. One per worker, for every engine; bytes come in from it, what is to be done goes out through its
 * `Transport`. RFC 9112; proxy-protocol.txt.
 *
 * | from         | when                                        | to                                                 |
 * |--------------|---------------------------------------------|----------------------------------------------------|
 * | FREE         | `admit`                                     | PROXY_HEADER, HANDSHAKE or OPEN                    |
 * | PROXY_HEADER | the header has arrived                      | HANDSHAKE or OPEN                                  |
 * | HANDSHAKE    | `secured`                                   | OPEN                                               |
 * | OPEN         | `delayed`: answers wait for the reader      | SENDING                                            |
 * | SENDING      | `writable`: it has taken them               | OPEN, or what `thenWhat` says                      |
 * | OPEN         | the last answer is sent                     | LINGERING where the client may still send, CLOSING |
 * | OPEN         | an upgrade, all before it answered and sent | HANDED_ON                                          |
 * | any          | a deadline, a bad header, `stop` when idle  | CLOSING                                            |
 * | any          | `ended`                                     | FREE                                               |
 *
 * Whole requests that have arrived together are answered together. While a reader does not take its answers, nothing more is
 * read from it: a connection keeps at most what was read at once and one reply buffer of unsent answers.
 */
import { type HttpHandler, OUTCOME_CLOSES, OUTCOME_FULL, OUTCOME_UPGRADES } from "@swarmtide/http";
import type { CounterRow } from "@swarmtide/metrics";
import {
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_CLOSED,
  RECEIVED_BYTES_IPV4,
  RECEIVED_BYTES_IPV6,
  SENDS_DELAYED,
  TLS_HANDSHAKES,
} from "../../counters.ts";
import type { ConversationOptions } from "../conversation-options.ts";
import { countProxyError, countRefusal } from "../count-refusal.ts";
import {
  PROXY_HEADER_BYTES_MAX,
  PROXY_HEADER_IS_BAD,
  PROXY_HEADER_IS_SHORT,
  takeProxyHeader,
} from "../proxy-header.ts";
import type { Transport } from "../transport.ts";
import {
  type Connection,
  STATE_CLOSING,
  STATE_FREE,
  STATE_HANDED_ON,
  STATE_HANDSHAKE,
  STATE_LINGERING,
  STATE_OPEN,
  STATE_PROXY_HEADER,
  STATE_SENDING,
  THEN_CLOSE,
  THEN_GO_ON,
  THEN_HAND_ON,
  THEN_LINGER,
} from "./connection.ts";
import { ConnectionLimits } from "./connection-limits.ts";
import {
  DEADLINE_HANDSHAKE,
  DEADLINE_IDLE,
  DEADLINE_LINGER,
  DEADLINE_REQUEST,
  Deadlines,
} from "./deadlines.ts";
import { appendPending, hasLineFeed, keepPending, prependPending } from "./pending.ts";

export class Conversation<Held extends Connection> {
  readonly handler: HttpHandler;
  readonly limits: ConnectionLimits;
  /** Room that the memory given to `arrived` has before its bytes, for the beginning of a request. */
  readonly headBytes: number;
  readonly deadlines: Deadlines;
  private readonly options: ConversationOptions;
  private readonly transport: Transport<Held>;
  private readonly counters: CounterRow<"tcp">;
  /** The answers of `handler` are written to the memory that `transport` sends from. */
  constructor(options: ConversationOptions, handler: HttpHandler, transport: Transport<Held>) {
    this.handler = handler;
    this.limits = new ConnectionLimits(options.connectionsMax, options.connectionsPerAddressMax);
    // An unfinished request is shorter than this, an unfinished PROXY header no longer than the longest.
    this.headBytes = Math.max(options.requestBytesMax, PROXY_HEADER_BYTES_MAX);
    this.deadlines = new Deadlines(options);
    this.options = options;
    this.transport = transport;
    this.counters = options.counters;
  }

  /** Takes the options that it was made with into use again, once a reload has changed them. */
  configure(): void {
    this.handler.configure(this.options.handler);
    this.deadlines.configure(this.options);
    this.limits.perAddressMax = this.options.connectionsPerAddressMax;
  }

  /** Whether a connection from the address in its `peer` may begin. If not, the engine closes it and forgets it. */
  admit(connection: Held): boolean {
    const { isTrustedProxy } = connection.peer;
    if (this.options.proxyProtocol && !isTrustedProxy)
      return countProxyError(this.options, connection.peer);
    const place = this.limits.open(connection.peer, isTrustedProxy);
    if (place < 0) return countRefusal(this.options, place, connection.peer);
    this.counters[CONNECTIONS_ACCEPTED]++;
    connection.limitsPlace = place;
    connection.thenWhat = THEN_GO_ON;
    this.deadlines.set(connection, DEADLINE_REQUEST);
    if (this.options.proxyProtocol) connection.state = STATE_PROXY_HEADER;
    else this.begin(connection);
    return true;
  }

  /** Takes bytes[at, end) from the other end, and copies what it keeps. The `headBytes` before `at` are its to write to. */
  arrived(connection: Held, bytes: Uint8Array, at: number, end: number): void {
    const { state, pendingLength } = connection;
    const length = pendingLength + end - at;
    if (state === STATE_FREE || state === STATE_HANDED_ON) return;
    const isIpv6 = connection.peer.family === 6;
    this.counters[isIpv6 ? RECEIVED_BYTES_IPV6 : RECEIVED_BYTES_IPV4] += end - at;
    if (state === STATE_OPEN) {
      // A request cannot end without a line feed: without one, a slow sender is not parsed again and again.
      if (pendingLength === 0) {
        this.answer(connection, bytes, at, end);
      } else if (length < this.options.requestBytesMax && !hasLineFeed(bytes, at, end)) {
        appendPending(connection, bytes, at, end);
      } else {
        prependPending(connection, bytes, at);
        this.answer(connection, bytes, at - pendingLength, end);
      }
    } else if (state === STATE_SENDING) {
      // It was on its way when reading was paused: not answered before the reader has taken what it was sent.
      appendPending(connection, bytes, at, end);
    } else if (state === STATE_PROXY_HEADER) {
      prependPending(connection, bytes, at);
      this.takeHeader(connection, bytes, at - pendingLength, end);
    }
  }

  /** The reader has not taken all that the engine was to send; the engine keeps the rest and goes on with it. */
  delayed(connection: Held): void {
    this.counters[SENDS_DELAYED]++;
    connection.state = STATE_SENDING;
    this.deadlines.set(connection, DEADLINE_REQUEST);
    this.transport.pauseReading(connection);
  }

  /** The reader has taken all that it was sent: goes on with the requests that waited for it, or as was decided. */
  writable(connection: Held): void {
    if (connection.state !== STATE_SENDING) return;
    connection.state = STATE_OPEN;
    const { pending, pendingLength, thenWhat } = connection;
    if (thenWhat === THEN_HAND_ON && pending !== undefined) {
      this.handOn(connection, pending, 0, pendingLength);
      return;
    }
    if (thenWhat !== THEN_GO_ON) {
      this.finish(connection);
      return;
    }
    this.deadlines.set(connection, DEADLINE_IDLE);
    if (pending !== undefined) this.answer(connection, pending, 0, pendingLength);
    if (connection.state === STATE_OPEN) this.transport.resumeReading(connection);
  }

  /** The TLS handshake is done. */
  secured(connection: Held): void {
    this.counters[TLS_HANDSHAKES]++;
    connection.state = STATE_OPEN;
    this.deadlines.set(connection, DEADLINE_REQUEST);
  }

  /** The connection is gone; counts it as closed. */
  ended(connection: Held): void {
    if (connection.state === STATE_FREE) return;
    this.counters[CONNECTIONS_CLOSED]++;
    this.forget(connection);
  }

  /** Frees the record of a connection that this worker counts no longer. */
  forget(connection: Held): void {
    this.limits.close(connection.limitsPlace);
    connection.state = STATE_FREE;
    connection.pending = undefined;
    connection.pendingLength = 0;
  }

  /** Closes the connection if its deadline has passed. */
  checkDeadline(connection: Held): void {
    const { state } = connection;
    const isServed = state !== STATE_FREE && state !== STATE_HANDED_ON;
    if (!isServed || !this.deadlines.hasPassed(connection)) return;
    this.deadlines.count(connection);
    this.abort(connection);
  }

  /** The worker stops: closes the connection if nothing of a request has arrived. Others end with their next answer. */
  stop(connection: Held): void {
    const { state, pendingLength } = connection;
    if (state === STATE_OPEN && pendingLength === 0) this.close(connection);
    else if (state === STATE_HANDSHAKE) this.abort(connection);
    else if (state === STATE_PROXY_HEADER && pendingLength === 0) this.abort(connection);
  }

  private takeHeader(connection: Held, bytes: Uint8Array, start: number, end: number): void {
    const proxies = this.options.trustedProxies;
    const length = takeProxyHeader(connection.peer, bytes, start, end, proxies);
    if (length === PROXY_HEADER_IS_BAD) {
      countProxyError(this.options, connection.peer);
      this.abort(connection);
      return;
    }
    if (length === PROXY_HEADER_IS_SHORT) {
      keepPending(connection, bytes, start, end);
      return;
    }
    const at = start + length;
    keepPending(connection, bytes, end, end);
    this.begin(connection);
    if (connection.isTls) this.transport.shakeHands(connection, bytes, at, end);
    else if (at < end) this.answer(connection, bytes, at, end);
  }

  /** What follows the PROXY header, or comes first where there is none. */
  private begin(connection: Held): void {
    connection.state = connection.isTls ? STATE_HANDSHAKE : STATE_OPEN;
    if (connection.isTls) this.deadlines.set(connection, DEADLINE_HANDSHAKE);
  }

  /** Answers the whole requests in bytes[start, end), as far as the reader takes the answers. */
  private answer(connection: Held, bytes: Uint8Array, start: number, end: number): void {
    const { handler, transport } = this;
    let at = start;
    for (;;) {
      at = handler.answer(connection.peer, bytes, at, end, transport.nextReplyStart());
      const { outcome, replyStart, replyEnd } = handler;
      if (outcome === OUTCOME_CLOSES) {
        connection.thenWhat = handler.lingers ? THEN_LINGER : THEN_CLOSE;
        keepPending(connection, bytes, end, end);
        transport.sendLast(connection, replyStart, replyEnd);
        if (connection.state === STATE_OPEN) this.finish(connection);
        return;
      }
      if (replyEnd !== replyStart) transport.send(connection, replyStart, replyEnd);
      if (outcome === OUTCOME_FULL || outcome === OUTCOME_UPGRADES) {
        transport.flush();
        if (connection.state === STATE_OPEN) {
          if (outcome === OUTCOME_FULL) continue;
          this.handOn(connection, bytes, at, end);
        } else if (connection.state === STATE_SENDING) {
          if (outcome === OUTCOME_UPGRADES) connection.thenWhat = THEN_HAND_ON;
          keepPending(connection, bytes, at, end);
        }
        return;
      }
      this.waitForMore(connection, bytes, start, at, end);
      return;
    }
  }

  /** Everything before `at` is answered, and the rest is the beginning of a request. */
  private waitForMore(
    connection: Held,
    bytes: Uint8Array,
    start: number,
    at: number,
    end: number,
  ): void {
    keepPending(connection, bytes, at, end);
    if (connection.state !== STATE_OPEN) return;
    if (at === end) this.deadlines.set(connection, DEADLINE_IDLE);
    else if (at !== start || connection.deadlineKind !== DEADLINE_REQUEST)
      this.deadlines.set(connection, DEADLINE_REQUEST);
  }

  /** Ends the connection, its last answer having been sent. */
  private finish(connection: Held): void {
    if (connection.thenWhat !== THEN_LINGER || !this.transport.halfClose(connection)) {
      this.close(connection);
      return;
    }
    connection.state = STATE_LINGERING;
    this.deadlines.set(connection, DEADLINE_LINGER);
    this.transport.resumeReading(connection);
  }

  private close(connection: Held): void {
    connection.state = STATE_CLOSING;
    this.deadlines.set(connection, DEADLINE_REQUEST);
    this.transport.close(connection);
  }

  private abort(connection: Held): void {
    connection.state = STATE_CLOSING;
    this.transport.abort(connection);
  }

  private handOn(connection: Held, bytes: Uint8Array, at: number, end: number): void {
    connection.state = STATE_HANDED_ON;
    const own = bytes.slice(at, end); // hot-allow: once in the life of a WebSocket connection
    keepPending(connection, bytes, end, end);
    this.transport.handOn(connection, own);
  }
}
