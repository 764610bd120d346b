/**
 * What conversations ask of the epoll engine: sending, pausing, closing, handing on. Owned by the worker's `EpollServer`.
 *
 * Answers on connections that go on are collected and sent one right after the other, with one send(2) each. A client on
 * the same machine falls asleep between two sends that follow requests, and to wake it costs the sender 1 to 4 µs; in a
 * burst it is awake after the first (6.9 µs an answer instead of 7.0 to 8.4 with `bench:http -- --tables keep-wrk`). At
 * most 64 are collected, so that none waits longer than the work on 63 others, some 150 µs. The last answer of a
 * connection goes out at once: what accept(2) has touched is still in the caches (27.7 µs instead of 30).
 *
 * What a slow reader does not take is kept in its record until the poller reports room to write.
 */
import { peerAddressBytes } from "@swarmtide/http";
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
import type { CounterRow } from "@swarmtide/metrics";
import { STATE_FREE } from "../../../conversation/hot/connection.ts";
import type { Conversation } from "../../../conversation/hot/conversation.ts";
import type { Transport } from "../../../conversation/transport.ts";
import { CONNECTIONS_HANDED_ON, SENT_BYTES_IPV4, SENT_BYTES_IPV6 } from "../../../counters.ts";
import type { FdUpgrade } from "../epoll-options.ts";
import { type EpollConnection, NOT_QUEUED } from "./epoll-connection.ts";
import type { EpollConnections } from "./epoll-connections.ts";

/** Answers sent together. */
const QUEUE_MAX = 64;

export class EpollTransport implements Transport<EpollConnection> {
  /** Set once, before the first connection: each of the two tells the other. */
  conversation: Conversation<EpollConnection> | undefined = undefined;

  private readonly connections: EpollConnections;
  private readonly reply: NativeMemory;
  private readonly counters: CounterRow<"tcp">;
  private readonly onUpgrade: FdUpgrade | undefined;
  private replyStart = 0;
  private queueLength = 0;
  private readonly slots = new Int32Array(QUEUE_MAX);
  private readonly starts = new Int32Array(QUEUE_MAX);
  private readonly ends = new Int32Array(QUEUE_MAX);

  constructor(
    connections: EpollConnections,
    reply: NativeMemory,
    counters: CounterRow<"tcp">,
    onUpgrade: FdUpgrade | undefined,
  ) {
    this.connections = connections;
    this.reply = reply;
    this.counters = counters;
    this.onUpgrade = onUpgrade;
  }

  /** Behind the answers that are queued. */
  nextReplyStart(): number {
    if (this.queueLength === QUEUE_MAX) this.flush();
    return this.replyStart;
  }

  /** Queues the answers. The connection must not be queued already. */
  send(connection: EpollConnection, start: number, end: number): void {
    const index = this.queueLength++;
    this.slots[index] = connection.slot;
    this.starts[index] = start;
    this.ends[index] = end;
    this.replyStart = end;
    connection.queuedAt = index;
  }

  sendLast(connection: EpollConnection, start: number, end: number): void {
    this.sendNow(connection, start, end);
  }

  flush(): void {
    const length = this.queueLength;
    this.queueLength = 0;
    this.replyStart = 0;
    for (let index = 0; index < length; index++) {
      const connection = this.connections.all[this.slots[index]];
      // One that ended since, its record perhaps used by another already, has nothing to be sent.
      if (connection.queuedAt !== index) continue;
      connection.queuedAt = NOT_QUEUED;
      this.sendNow(connection, this.starts[index], this.ends[index]);
    }
  }

  /**
   * Goes on sending what a slow reader had not taken, and tells the conversation when that is all gone. Flushes first,
   * since it uses the reply memory from its beginning.
   */
  sendOn(connection: EpollConnection): void {
    this.flush();
    const { unsent, unsentStart } = connection;
    if (unsent === undefined) return;
    const length = unsent.length - unsentStart;
    for (let i = 0; i < length; i++) this.reply.bytes[i] = unsent[unsentStart + i];
    const sent = sendBytes(connection.fd, this.reply, 0, length);
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) this.abort(connection);
      return;
    }
    this.countSent(connection, sent);
    connection.unsentStart = unsentStart + sent;
    if (sent < length) return;
    connection.unsent = undefined;
    this.conversation?.writable(connection);
  }

  /** Watches for room to write instead. */
  pauseReading(connection: EpollConnection): void {
    if (this.connections.watch(connection, POLL_WRITABLE) < 0) this.abort(connection);
  }

  resumeReading(connection: EpollConnection): void {
    if (this.connections.watch(connection, POLL_READABLE) < 0) this.abort(connection);
  }

  halfClose(connection: EpollConnection): boolean {
    return shutdownFd(connection.fd, SHUTDOWN_WRITE) >= 0;
  }

  /** What was sent is with the kernel, which goes on with it. */
  close(connection: EpollConnection): void {
    this.abort(connection);
  }

  abort(connection: EpollConnection): void {
    if (connection.state === STATE_FREE) return;
    this.conversation?.ended(connection);
    this.connections.close(connection);
  }

  shakeHands(connection: EpollConnection): void {
    // Its listeners are plain.
    this.abort(connection);
  }

  handOn(connection: EpollConnection, bytes: Uint8Array): void {
    const { fd, peer } = connection;
    this.connections.unwatch(connection);
    this.conversation?.forget(connection);
    this.connections.free(connection);
    this.counters[CONNECTIONS_HANDED_ON]++;
    this.onUpgrade?.(fd, peerAddressBytes(peer), bytes);
  }

  private countSent({ peer }: EpollConnection, bytes: number): void {
    this.counters[peer.family === 6 ? SENT_BYTES_IPV6 : SENT_BYTES_IPV4] += bytes;
  }

  private sendNow(connection: EpollConnection, start: number, end: number): void {
    const length = end - start;
    let sent = sendBytes(connection.fd, this.reply, start, length);
    if (sent === length) {
      this.countSent(connection, length);
      return;
    }
    if (sent < 0) {
      if (sent !== -EAGAIN && sent !== -EINTR) {
        this.abort(connection);
        return;
      }
      sent = 0;
    }
    this.countSent(connection, sent);
    connection.unsent = this.reply.bytes.slice(start + sent, end); // hot-allow: for a slow reader only
    connection.unsentStart = 0;
    this.conversation?.delayed(connection);
  }
}
