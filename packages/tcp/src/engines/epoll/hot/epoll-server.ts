/**
 * Engine `epoll`: plain HTTP on Linux. One per worker thread, which calls `serveRound` in a loop and sleeps inside it.
 *
 * A round waits for events, accepts, reads each readable connection once, lets the conversation answer all whole requests
 * in what was read, and sends the answers of all connections together, with one call each (epoll-transport.ts). A fresh
 * connection is read at once, since its request has mostly arrived with it; if it is closed after the answer, it is
 * never added to epoll. epoll(7) level-triggered, recv(2), send(2).
 */
import { HttpHandler, replyBytesMin } from "@swarmtide/http";
import {
  AcceptBatch,
  ConnectionPoller,
  closeConnection,
  EAGAIN,
  EINTR,
  NativeMemory,
  POLL_READABLE,
  receiveBytes,
} from "@swarmtide/linux";
import { SWEEP_MILLISECONDS } from "../../../conversation/conversation-options.ts";
import { STATE_FREE, STATE_SENDING } from "../../../conversation/hot/connection.ts";
import { Conversation } from "../../../conversation/hot/conversation.ts";
import { ACCEPT_FAILURES, BUSY_SECONDS } from "../../../counters.ts";
import { LoadMeter } from "../../hot/load-meter.ts";
import type { EpollServerOptions } from "../epoll-options.ts";
import { type EpollConnection, NOT_QUEUED } from "./epoll-connection.ts";
import { EpollConnections } from "./epoll-connections.ts";
import { EpollTransport } from "./epoll-transport.ts";

/** Events taken in one round. */
const EVENTS_MAX = 512;
/** Connections accepted from one listener in one round. */
const ACCEPT_MAX = 64;
/** Read at once from one connection. */
const RECEIVE_BYTES = 24_576;
/** How long nobody is accepted after descriptors were found to be scarce, or accept(2) failed for lack of them. */
const ACCEPT_PAUSE_MILLISECONDS = 100;

export class EpollServer {
  readonly handler: HttpHandler;

  private readonly options: EpollServerOptions;
  private readonly poller = new ConnectionPoller(EVENTS_MAX);
  private readonly accepted = new AcceptBatch(ACCEPT_MAX);
  private readonly connections = new EpollConnections(this.poller);
  private readonly receive: NativeMemory;
  private readonly transport: EpollTransport;
  private readonly conversation: Conversation<EpollConnection>;
  private readonly listenerFds: Int32Array;
  private readonly load = new LoadMeter();
  private nextSweep = 0;
  private acceptsAgainAt = 0;
  private isAccepting = false;

  /** Throws SyscallError when there can be no epoll instance. */
  constructor(options: EpollServerOptions) {
    const { counters, onUpgrade } = options;
    const reply = new NativeMemory(replyBytesMin(options.handler));
    this.options = options;
    this.handler = new HttpHandler(options.handler, reply.bytes);
    this.transport = new EpollTransport(this.connections, reply, counters, onUpgrade);
    this.conversation = new Conversation(options, this.handler, this.transport);
    this.transport.conversation = this.conversation;
    this.receive = new NativeMemory(this.conversation.headBytes + RECEIVE_BYTES);
    this.listenerFds = Int32Array.from(options.listenerFds);
    this.watchListeners();
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.conversation.limits.count;
  }

  /** See `Conversation.configure`. */
  configure(): void {
    this.conversation.configure();
  }

  /** Waits up to `timeoutMilliseconds` for events and serves them. `nowMilliseconds` is read after the wait. */
  serveRound(timeoutMilliseconds: number): void {
    const count = this.poller.wait(timeoutMilliseconds);
    const { connections, conversation, load, transport } = this;
    const { counters, nowMilliseconds, rounds } = this.options;
    conversation.deadlines.nowMilliseconds = nowMilliseconds();
    load.woke(conversation.deadlines.nowMilliseconds);
    if (count > 0) rounds.begin(conversation.deadlines.nowMilliseconds);
    else rounds.beat(conversation.deadlines.nowMilliseconds);
    for (let i = 0; i < count; i++) {
      const data = this.poller.eventData(i);
      if (data < 0) {
        if (this.isAccepting) this.acceptFrom(this.listenerFds[-data - 1]);
        continue;
      }
      const connection = connections.all[data];
      if (connection.state === STATE_SENDING) transport.sendOn(connection);
      else if (connection.state !== STATE_FREE) this.read(connection);
    }
    transport.flush();
    const ended = count > 0 ? nowMilliseconds() : conversation.deadlines.nowMilliseconds;
    if (count > 0) counters[BUSY_SECONDS] += rounds.end(count, ended) / 1000;
    load.ended(ended);
    this.handler.isBehind = load.isBehind;
    if (conversation.deadlines.nowMilliseconds >= this.nextSweep) this.sweep();
  }

  /** Stops accepting. Connections end with their next answer, or when they have been idle for long. */
  drain(): void {
    this.handler.isStopping = true;
    this.unwatchListeners();
    this.acceptsAgainAt = Number.POSITIVE_INFINITY;
  }

  /**
   * Stops accepting and closes every connection that has nothing in flight; the others end with their next answer.
   * Go on calling `serveRound` until `connectionCount` is 0 or patience ends, then call `close`.
   */
  stop(): void {
    this.drain();
    for (const connection of this.connections.all) this.conversation.stop(connection);
  }

  /** Closes all connections and the poller. */
  close(): void {
    for (const connection of this.connections.all)
      if (connection.state !== STATE_FREE) this.transport.abort(connection);
    this.poller.close();
  }

  /** Reads once. What comes while answers are queued is read in the next round. */
  private read(connection: EpollConnection): void {
    if (connection.queuedAt !== NOT_QUEUED) return;
    const { conversation, receive } = this;
    const at = conversation.headBytes;
    const count = receiveBytes(connection.fd, receive, at, RECEIVE_BYTES);
    if (count > 0) conversation.arrived(connection, receive.bytes, at, at + count);
    else if (count !== -EAGAIN && count !== -EINTR) this.transport.abort(connection);
  }

  private watchListeners(): void {
    for (let i = 0; i < this.listenerFds.length; i++)
      this.poller.add(this.listenerFds[i], -i - 1, POLL_READABLE);
    this.isAccepting = true;
  }

  private unwatchListeners(): void {
    if (!this.isAccepting) return;
    for (let i = 0; i < this.listenerFds.length; i++) this.poller.remove(this.listenerFds[i]);
    this.isAccepting = false;
  }

  private acceptFrom(listenerFd: number): void {
    const accepted = this.accepted;
    const count = accepted.accept(listenerFd);
    if (count < 0) {
      if (count === -EAGAIN || count === -EINTR) return;
      this.pauseAccepting();
      return;
    }
    for (let i = 0; i < count; i++) this.open(accepted.fds[i], i);
  }

  /** What waits stays in the queue of the listener, which would wake the poller again and again. */
  private pauseAccepting(): void {
    this.options.counters[ACCEPT_FAILURES]++;
    this.options.refusals.noteUnknown(ACCEPT_FAILURES, 0);
    this.unwatchListeners();
    this.acceptsAgainAt = this.conversation.deadlines.nowMilliseconds + ACCEPT_PAUSE_MILLISECONDS;
    this.nextSweep = Math.min(this.nextSweep, this.acceptsAgainAt);
  }

  private open(fd: number, index: number): void {
    const { fdsEnd, trustedProxies } = this.options;
    if (fd >= fdsEnd) {
      closeConnection(fd);
      this.pauseAccepting();
      return;
    }
    const { accepted } = this;
    const connection = this.connections.take(fd);
    const family = accepted.familyAt(index);
    connection.peer.setAddress(
      accepted.sourceWords,
      accepted.addressAt(index),
      family,
      trustedProxies,
    );
    if (!this.conversation.admit(connection)) {
      this.connections.close(connection);
      return;
    }
    this.read(connection);
    if (connection.watched === 0 && connection.state !== STATE_FREE)
      this.transport.resumeReading(connection);
  }

  /** Closes the connections whose deadline has passed, and accepts again after a pause. */
  private sweep(): void {
    const { conversation } = this;
    const now = conversation.deadlines.nowMilliseconds;
    this.nextSweep = now + SWEEP_MILLISECONDS;
    const connections = this.connections.all;
    for (let i = 0; i < connections.length; i++) conversation.checkDeadline(connections[i]);
    if (!this.isAccepting && now >= this.acceptsAgainAt) this.watchListeners();
  }
}
