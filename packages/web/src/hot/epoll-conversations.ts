/**
 * What happens on the connections of the epoll engine: reading, answering, sending, closing. Owned by the worker's
 * `EpollServer`, which accepts connections and calls `read` and `sendOn` when they are ready.
 *
 * A connection is read once for each event, its whole requests are answered together, and the answers go out with one
 * call. While a reader does not take its answers, nothing more is read from it.
 */
import { type HttpHandler, OUTCOME_CLOSES, OUTCOME_FULL, OUTCOME_UPGRADES } from "@swarmtide/http";
import {
  type ConnectionPoller,
  closeConnection,
  EAGAIN,
  EINTR,
  type NativeMemory,
  POLL_READABLE,
  POLL_WRITABLE,
  receiveBytes,
  SHUTDOWN_WRITE,
  sendBytes,
  shutdownFd,
} from "@swarmtide/linux";
import type { ConnectionLimits } from "../connection-limits.ts";
import {
  COUNT_BYTES_RECEIVED,
  COUNT_BYTES_SENT,
  COUNT_CLOSED,
  COUNT_PROXY_PROTOCOL_ERRORS,
  COUNT_SEND_DELAYED,
} from "../counters.ts";
import type { EpollParts, EpollServerOptions } from "../epoll-parts.ts";
import { PROXY_BAD, PROXY_MORE, parseProxyHeader } from "../proxy-header.ts";
import {
  DEADLINE_IDLE,
  DEADLINE_LINGER,
  DEADLINE_REQUEST,
  EpollConnection,
  STATE_FREE,
  STATE_LINGERING,
  STATE_OPEN,
  STATE_PROXY_HEADER,
  STATE_SENDING,
} from "./epoll-connection.ts";

/** How long a closed connection may go on sending before it is dropped. */
const LINGER_MILLISECONDS = 2000;

const LINE_FEED = 0x0a;

export class EpollConversations {
  /** Every record there is, open or free; its index is its slot. */
  readonly connections: EpollConnection[] = [];
  /** Milliseconds of the engine's clock; set by the server in each round. */
  nowMilliseconds = 0;

  private readonly options: EpollServerOptions;
  private readonly handler: HttpHandler;
  private readonly limits: ConnectionLimits;
  private readonly counters: Float64Array;
  private readonly poller: ConnectionPoller;
  private readonly receive: NativeMemory;
  private readonly reply: NativeMemory;
  /** Slots of free records, the last one first. */
  private readonly freeSlots: number[] = [];

  constructor(options: EpollServerOptions, parts: EpollParts) {
    this.options = options;
    this.handler = parts.handler;
    this.limits = parts.limits;
    this.counters = options.counters;
    this.poller = parts.poller;
    this.receive = parts.receive;
    this.reply = parts.reply;
  }

  /** A record for a new connection; `release` or `giveBack` ends its use. */
  takeFree(): EpollConnection {
    const slot = this.freeSlots.pop();
    if (slot !== undefined) return this.connections[slot];
    const connection = new EpollConnection(this.connections.length);
    this.connections.push(connection);
    return connection;
  }

  /** Frees a record whose connection never began. */
  giveBack(connection: EpollConnection): void {
    this.freeSlots.push(connection.slot);
  }

  /** Reads once and answers what is whole. */
  read(connection: EpollConnection): void {
    const kept = connection.state === STATE_LINGERING ? 0 : this.restorePending(connection);
    const room = this.receive.bytes.length - kept;
    const count = receiveBytes(connection.fd, this.receive, kept, room);
    if (count <= 0) {
      if (count !== -EAGAIN && count !== -EINTR) this.end(connection);
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
      this.end(connection);
      return;
    }
    if (header.address === undefined) connection.peer.isTrustedProxy = false;
    else connection.peer.setAddressBytes(header.address, this.options.trustedProxies);
    connection.state = STATE_OPEN;
    this.answer(connection, header.length, length);
  }

  /** Answers the requests in the receive buffer from `start` to `length`, as far as the reader takes the answers. */
  private answer(connection: EpollConnection, start: number, length: number): void {
    const handler = this.handler;
    let at = start;
    for (;;) {
      at = handler.answer(connection.peer, this.receive.bytes, at, length);
      const outcome = handler.outcome;
      if (handler.replyLength !== 0 && !this.send(connection)) {
        if (connection.state === STATE_SENDING) this.keepPending(connection, at, length);
        return;
      }
      if (outcome === OUTCOME_FULL) continue;
      if (outcome === OUTCOME_CLOSES) this.finish(connection, handler.lingers);
      else if (outcome === OUTCOME_UPGRADES) this.handOn(connection, at, length);
      else this.waitForMore(connection, at, length, start);
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
      this.setDeadline(connection, DEADLINE_IDLE, this.options.idleTimeoutMilliseconds);
    else if (isNewRequest)
      this.setDeadline(connection, DEADLINE_REQUEST, this.options.requestTimeoutMilliseconds);
    if (connection.watched === POLL_WRITABLE) this.watch(connection, POLL_READABLE);
  }

  /** Sends the handler's reply. False when it was not all taken, or the connection is gone. */
  private send(connection: EpollConnection): boolean {
    const length = this.handler.replyLength;
    let sent = sendBytes(connection.fd, this.reply, 0, length);
    if (sent === length) {
      this.counters[COUNT_BYTES_SENT] += length;
      return true;
    }
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) {
        this.end(connection);
        return false;
      }
      sent = 0;
    }
    this.counters[COUNT_BYTES_SENT] += sent;
    this.counters[COUNT_SEND_DELAYED]++;
    connection.unsent = this.reply.bytes.slice(sent, length);
    connection.unsentStart = 0;
    connection.closesAfterSending = this.handler.outcome === OUTCOME_CLOSES;
    connection.lingersAfterSending = this.handler.lingers;
    connection.state = STATE_SENDING;
    this.setDeadline(connection, DEADLINE_REQUEST, this.options.requestTimeoutMilliseconds);
    this.watch(connection, POLL_WRITABLE);
    return false;
  }

  /** Goes on sending what a slow reader had not taken, then with the requests that waited for it. */
  sendOn(connection: EpollConnection): void {
    const unsent = connection.unsent;
    if (unsent === undefined) return;
    const length = unsent.length - connection.unsentStart;
    for (let i = 0; i < length; i++) this.reply.bytes[i] = unsent[connection.unsentStart + i];
    const sent = sendBytes(connection.fd, this.reply, 0, length);
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) this.end(connection);
      return;
    }
    this.counters[COUNT_BYTES_SENT] += sent;
    connection.unsentStart += sent;
    if (sent < length) return;
    connection.unsent = undefined;
    connection.state = STATE_OPEN;
    if (connection.closesAfterSending) {
      this.finish(connection, connection.lingersAfterSending);
      return;
    }
    const kept = this.restorePending(connection);
    if (kept !== 0) this.answer(connection, 0, kept);
    else this.waitForMore(connection, 0, 0, 0);
  }

  /** Closes, after the last answer has gone out. */
  private finish(connection: EpollConnection, lingers: boolean): void {
    if (!lingers || shutdownFd(connection.fd, SHUTDOWN_WRITE) < 0) {
      this.end(connection);
      return;
    }
    connection.state = STATE_LINGERING;
    connection.pending = undefined;
    connection.pendingLength = 0;
    this.setDeadline(connection, DEADLINE_LINGER, LINGER_MILLISECONDS);
    this.watch(connection, POLL_READABLE);
  }

  /** Gives the descriptor and the bytes of a WebSocket upgrade to whoever serves those, and counts the end. */
  private handOn(connection: EpollConnection, at: number, length: number): void {
    const bytes = this.receive.bytes.slice(at, length);
    const fd = connection.fd;
    if (connection.watched !== 0) this.poller.remove(fd);
    const address = connection.peer.addressBytes();
    this.release(connection);
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

  /** Has the poller report these POLL_… flags. */
  watch(connection: EpollConnection, flags: number): void {
    if (connection.watched === flags) return;
    const status =
      connection.watched === 0
        ? this.poller.add(connection.fd, connection.slot, flags)
        : this.poller.modify(connection.fd, connection.slot, flags);
    connection.watched = flags;
    if (status < 0) this.end(connection);
  }

  /** Ends the connection after so many milliseconds, unless another deadline is set before. */
  setDeadline(connection: EpollConnection, kind: number, milliseconds: number): void {
    connection.deadlineKind = kind;
    connection.deadline = this.nowMilliseconds + milliseconds;
  }

  /** Closes a connection, whatever its state. */
  end(connection: EpollConnection): void {
    if (connection.state === STATE_FREE) return;
    closeConnection(connection.fd);
    this.counters[COUNT_CLOSED]++;
    this.release(connection);
  }

  private release(connection: EpollConnection): void {
    this.limits.close(connection.counted);
    connection.fd = -1;
    connection.state = STATE_FREE;
    connection.watched = 0;
    connection.pending = undefined;
    connection.pendingLength = 0;
    connection.unsent = undefined;
    this.freeSlots.push(connection.slot);
  }
}
