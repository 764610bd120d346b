/**
 * Reading and answering on the connections of the epoll engine. Owned by the worker's `EpollServer`, which accepts
 * connections and calls `read` and `sendOn` when they are ready.
 *
 * A connection is read once for each event, its whole requests are answered together, and the answers go out with one
 * call. While a reader does not take its answers, nothing more is read from it.
 */
import {
  type HttpHandler,
  OUTCOME_CLOSES,
  OUTCOME_FULL,
  OUTCOME_UPGRADES,
  peerAddressBytes,
  setPeerAddress,
} from "@swarmtide/http";
import {
  type ConnectionPoller,
  EAGAIN,
  EINTR,
  type NativeMemory,
  POLL_READABLE,
  POLL_WRITABLE,
  receiveBytes,
} from "@swarmtide/linux";
import { PROXY_BAD, PROXY_MORE, parseProxyHeader } from "../../../conversation/proxy-header.ts";
import { COUNT_BYTES_RECEIVED, COUNT_PROXY_PROTOCOL_ERRORS } from "../../../counters.ts";
import type { EpollParts, EpollServerOptions } from "../epoll-parts.ts";
import {
  DEADLINE_IDLE,
  DEADLINE_REQUEST,
  type EpollConnection,
  NOT_QUEUED,
  STATE_LINGERING,
  STATE_OPEN,
  STATE_PROXY_HEADER,
  STATE_SENDING,
} from "./epoll-connection.ts";
import type { EpollConnections } from "./epoll-connections.ts";
import type { EpollSender } from "./epoll-sender.ts";

const LINE_FEED = 0x0a;

export class EpollConversations {
  private readonly options: EpollServerOptions;
  private readonly connections: EpollConnections;
  private readonly sender: EpollSender;
  private readonly handler: HttpHandler;
  private readonly counters: Float64Array;
  private readonly poller: ConnectionPoller;
  private readonly receive: NativeMemory;

  constructor(options: EpollServerOptions, parts: EpollParts) {
    this.options = options;
    this.connections = parts.connections;
    this.sender = parts.sender;
    this.handler = parts.handler;
    this.counters = options.counters;
    this.poller = parts.poller;
    this.receive = parts.receive;
  }

  /** Reads once and answers what is whole. What comes while answers are queued is read in the next round. */
  read(connection: EpollConnection): void {
    if (connection.queuedAt !== NOT_QUEUED) return;
    const kept = connection.state === STATE_LINGERING ? 0 : this.restorePending(connection);
    const room = this.receive.bytes.length - kept;
    const count = receiveBytes(connection.fd, this.receive, kept, room);
    if (count <= 0) {
      if (count !== -EAGAIN && count !== -EINTR) this.connections.end(connection);
      return;
    }
    this.counters[COUNT_BYTES_RECEIVED] += count;
    if (connection.state === STATE_LINGERING) return;
    const length = kept + count;
    // A request cannot end without a line feed: without one, a slow sender is not parsed again and again.
    if (kept !== 0 && length < this.options.requestBytesMax && !this.hasLineFeed(kept, length)) {
      this.keepPending(connection, 0, length);
      return;
    }
    if (connection.state === STATE_PROXY_HEADER) this.readProxyHeader(connection, length);
    else this.answer(connection, 0, length);
  }

  private hasLineFeed(start: number, end: number): boolean {
    const bytes = this.receive.bytes;
    for (let at = start; at < end; at++) if (bytes[at] === LINE_FEED) return true;
    return false;
  }

  private readProxyHeader(connection: EpollConnection, length: number): void {
    const header = parseProxyHeader(this.receive.bytes.subarray(0, length));
    if (header.status === PROXY_MORE) {
      this.keepPending(connection, 0, length);
      return;
    }
    if (header.status === PROXY_BAD) {
      this.counters[COUNT_PROXY_PROTOCOL_ERRORS]++;
      this.connections.end(connection);
      return;
    }
    if (header.address === undefined) connection.peer.isTrustedProxy = false;
    else setPeerAddress(connection.peer, header.address, this.options.trustedProxies);
    connection.state = STATE_OPEN;
    this.answer(connection, header.length, length);
  }

  /** Answers the requests in the receive buffer from `start` to `length`, as far as the reader takes the answers. */
  private answer(connection: EpollConnection, start: number, length: number): void {
    const { handler, sender } = this;
    let at = start;
    for (;;) {
      if (sender.isFull) sender.flush();
      at = handler.answer(connection.peer, this.receive.bytes, at, length, sender.replyStart);
      const outcome = handler.outcome;
      if (outcome === OUTCOME_CLOSES) {
        sender.sendAndClose(connection, handler);
        return;
      }
      if (handler.replyLength !== 0) sender.queue(connection, handler);
      if (outcome === OUTCOME_FULL || outcome === OUTCOME_UPGRADES) {
        sender.flush();
        if (connection.state !== STATE_OPEN) {
          // Gone, or a reader who has not taken the answers: the rest waits for it.
          if (connection.state === STATE_SENDING) this.keepPending(connection, at, length);
          return;
        }
        if (outcome === OUTCOME_FULL) continue;
        this.handOn(connection, at, length);
        return;
      }
      this.waitForMore(connection, at, length, start);
      return;
    }
  }

  private waitForMore(
    connection: EpollConnection,
    at: number,
    length: number,
    start: number,
  ): void {
    const isNewRequest = at !== start || connection.deadlineKind !== DEADLINE_REQUEST;
    this.keepPending(connection, at, length);
    if (at === length)
      this.connections.setDeadline(connection, DEADLINE_IDLE, this.options.idleTimeoutMilliseconds);
    else if (isNewRequest)
      this.connections.setDeadline(
        connection,
        DEADLINE_REQUEST,
        this.options.requestTimeoutMilliseconds,
      );
    if (connection.watched === POLL_WRITABLE) this.connections.watch(connection, POLL_READABLE);
  }

  /** Goes on sending what a slow reader had not taken, then with the requests that waited for it. */
  sendOn(connection: EpollConnection): void {
    this.sender.flush();
    if (!this.sender.sendOn(connection)) return;
    const kept = this.restorePending(connection);
    if (kept !== 0) this.answer(connection, 0, kept);
    else this.waitForMore(connection, 0, 0, 0);
  }

  /** Gives the descriptor and the bytes of a WebSocket upgrade to whoever serves those, and counts the end. */
  private handOn(connection: EpollConnection, at: number, length: number): void {
    const bytes = this.receive.bytes.slice(at, length);
    const fd = connection.fd;
    if (connection.watched !== 0) this.poller.remove(fd);
    const address = peerAddressBytes(connection.peer);
    this.connections.release(connection);
    this.options.onUpgrade?.(fd, address, bytes);
  }

  private keepPending(connection: EpollConnection, start: number, end: number): void {
    const length = end - start;
    connection.pendingLength = length;
    if (length === 0) {
      connection.pending = undefined;
      return;
    }
    const bytes = this.receive.bytes;
    if (connection.pending === undefined || connection.pending.length < length)
      connection.pending = new Uint8Array(Math.max(512, length + (length >> 1))); // hot-allow: only for a request that comes in parts
    const pending = connection.pending;
    for (let i = 0; i < length; i++) pending[i] = bytes[start + i];
  }

  /** Puts kept bytes to the front of the receive buffer; returns how many. */
  private restorePending(connection: EpollConnection): number {
    const { pending, pendingLength } = connection;
    if (pending === undefined) return 0;
    for (let i = 0; i < pendingLength; i++) this.receive.bytes[i] = pending[i];
    return pendingLength;
  }
}
