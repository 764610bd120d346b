/**
 * Sending on the connections of the epoll engine. Owned by the worker's `EpollServer`.
 *
 * Answers on connections that go on are collected and sent one right after the other, with one send(2) each. A client on
 * the same machine falls asleep between two sends that follow requests, and to wake it costs the sender 1 to 4 µs; in a
 * burst it is awake after the first (6.9 µs an answer instead of 7.0 to 8.4 with `bench:http -- --tables keep-wrk`). At
 * most 64 are collected, so that none waits longer than the work on 63 others, some 150 µs. The last answer of a
 * connection goes out at once: what accept(2) has touched is still in the caches (27.7 µs instead of 30).
 *
 * What a slow reader does not take is kept in its record, and nothing is read from it until it has.
 */
import type { HttpHandler } from "@swarmtide/http";
import {
  EAGAIN,
  EINTR,
  type NativeMemory,
  POLL_READABLE,
  POLL_WRITABLE,
  SHUTDOWN_WRITE,
  sendBytes,
  shutdownFd,
} from "@swarmtide/linux";
import { COUNT_BYTES_SENT, COUNT_SEND_DELAYED } from "../../../counters.ts";
import {
  DEADLINE_LINGER,
  DEADLINE_REQUEST,
  type EpollConnection,
  NOT_QUEUED,
  STATE_LINGERING,
  STATE_OPEN,
  STATE_SENDING,
} from "./epoll-connection.ts";
import type { EpollConnections } from "./epoll-connections.ts";

/** Answers sent together. */
const QUEUE_MAX = 64;
/** How long a closed connection may go on sending before it is dropped. */
const LINGER_MILLISECONDS = 2000;

export class EpollSender {
  /** Where the next answer is to be written in the reply memory. */
  replyStart = 0;

  private readonly connections: EpollConnections;
  private readonly reply: NativeMemory;
  private readonly counters: Float64Array;
  private readonly requestTimeoutMilliseconds: number;
  private queueLength = 0;
  private readonly slots = new Int32Array(QUEUE_MAX);
  private readonly starts = new Int32Array(QUEUE_MAX);
  private readonly ends = new Int32Array(QUEUE_MAX);

  constructor(
    connections: EpollConnections,
    reply: NativeMemory,
    counters: Float64Array,
    requestTimeoutMilliseconds: number,
  ) {
    this.connections = connections;
    this.reply = reply;
    this.counters = counters;
    this.requestTimeoutMilliseconds = requestTimeoutMilliseconds;
  }

  /** Whether nothing more can be queued before a flush. */
  get isFull(): boolean {
    return this.queueLength === QUEUE_MAX;
  }

  /**
   * Takes the handler's last answers to be sent on this connection with the next flush. Neither may the queue be full nor
   * the connection be in it: flush before.
   */
  queue(connection: EpollConnection, handler: HttpHandler): void {
    const index = this.queueLength++;
    this.slots[index] = connection.slot;
    this.starts[index] = handler.replyStart;
    this.ends[index] = handler.replyEnd;
    this.replyStart = handler.replyEnd;
    connection.queuedAt = index;
    connection.closesAfterSending = false;
  }

  /** Sends the handler's last answers on this connection at once, and closes it behind them. */
  sendAndClose(connection: EpollConnection, handler: HttpHandler): void {
    connection.closesAfterSending = true;
    connection.lingersAfterSending = handler.lingers;
    this.send(connection, handler.replyStart, handler.replyEnd);
  }

  /** Sends all that is queued. */
  flush(): void {
    const length = this.queueLength;
    this.queueLength = 0;
    this.replyStart = 0;
    for (let index = 0; index < length; index++) {
      const connection = this.connections.all[this.slots[index]];
      // One that ended since, its record perhaps used by another already, has nothing to be sent.
      if (connection.queuedAt !== index) continue;
      connection.queuedAt = NOT_QUEUED;
      this.send(connection, this.starts[index], this.ends[index]);
    }
  }

  private send(connection: EpollConnection, start: number, end: number): void {
    const length = end - start;
    let sent = sendBytes(connection.fd, this.reply, start, length);
    if (sent === length) {
      this.counters[COUNT_BYTES_SENT] += length;
      if (connection.closesAfterSending) this.finish(connection);
      return;
    }
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) {
        this.connections.end(connection);
        return;
      }
      sent = 0;
    }
    this.counters[COUNT_BYTES_SENT] += sent;
    this.counters[COUNT_SEND_DELAYED]++;
    connection.unsent = this.reply.bytes.slice(start + sent, end);
    connection.unsentStart = 0;
    connection.state = STATE_SENDING;
    this.connections.setDeadline(connection, DEADLINE_REQUEST, this.requestTimeoutMilliseconds);
    this.connections.watch(connection, POLL_WRITABLE);
  }

  /**
   * Goes on sending what a slow reader had not taken. True when it is all gone and the connection goes on. To be called
   * while nothing is queued, since it uses the reply memory from its beginning.
   */
  sendOn(connection: EpollConnection): boolean {
    const unsent = connection.unsent;
    if (unsent === undefined) return false;
    const length = unsent.length - connection.unsentStart;
    for (let i = 0; i < length; i++) this.reply.bytes[i] = unsent[connection.unsentStart + i];
    const sent = sendBytes(connection.fd, this.reply, 0, length);
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) this.connections.end(connection);
      return false;
    }
    this.counters[COUNT_BYTES_SENT] += sent;
    connection.unsentStart += sent;
    if (sent < length) return false;
    connection.unsent = undefined;
    connection.state = STATE_OPEN;
    if (!connection.closesAfterSending) return true;
    this.finish(connection);
    return false;
  }

  /** Closes, after the last answer has gone out. */
  private finish(connection: EpollConnection): void {
    if (!connection.lingersAfterSending || shutdownFd(connection.fd, SHUTDOWN_WRITE) < 0) {
      this.connections.end(connection);
      return;
    }
    connection.state = STATE_LINGERING;
    connection.pending = undefined;
    connection.pendingLength = 0;
    this.connections.setDeadline(connection, DEADLINE_LINGER, LINGER_MILLISECONDS);
    this.connections.watch(connection, POLL_READABLE);
  }
}
