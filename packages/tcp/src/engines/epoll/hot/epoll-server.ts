/**
 * Engine `epoll`: plain HTTP on Linux. One per worker thread, which calls `serveRound` in a loop and sleeps inside it.
 *
 * A round waits for events, accepts, reads each readable connection once, has the handler answer all whole requests in
 * what was read, and sends the answers of all connections together, with one call each (epoll-sender.ts). A fresh connection is read at once, since its request has mostly
 * arrived with it; if it is closed after the answer, epoll never hears of it. epoll(7) level-triggered, recv(2), send(2).
 *
 * Limits: a connection keeps at most one unfinished request and one reply buffer of unsent answers; it is not read while
 * it does not take its answers; each phase has a deadline.
 */
import type { HttpHandler } from "@swarmtide/http";
import {
  type AcceptBatch,
  type ConnectionPoller,
  closeConnection,
  EAGAIN,
  EINTR,
  POLL_READABLE,
} from "@swarmtide/linux";
import type { ConnectionLimits } from "../../../conversation/connection-limits.ts";
import {
  COUNT_ACCEPT_FAILURES,
  COUNT_ACCEPTED,
  COUNT_IDLE_TIMEOUTS,
  COUNT_PROXY_PROTOCOL_ERRORS,
  COUNT_REQUEST_TIMEOUTS,
} from "../../../counters.ts";
import { countRefusal, type EpollServerOptions, makeEpollParts } from "../epoll-parts.ts";
import {
  DEADLINE_IDLE,
  DEADLINE_REQUEST,
  STATE_FREE,
  STATE_OPEN,
  STATE_PROXY_HEADER,
  STATE_SENDING,
} from "./epoll-connection.ts";
import type { EpollConnections } from "./epoll-connections.ts";
import { EpollConversations } from "./epoll-conversations.ts";
import type { EpollSender } from "./epoll-sender.ts";

/** Deadlines are looked at this often. */
const SWEEP_MILLISECONDS = 500;
/** How long nobody is accepted after descriptors were found to be scarce, or accept(2) failed for lack of them. */
const ACCEPT_PAUSE_MILLISECONDS = 100;

export class EpollServer {
  readonly handler: HttpHandler;

  private readonly options: EpollServerOptions;
  private readonly limits: ConnectionLimits;
  private readonly counters: Float64Array;
  private readonly poller: ConnectionPoller;
  private readonly accepted: AcceptBatch;
  private readonly listenerFds: Int32Array;
  private readonly connections: EpollConnections;
  private readonly sender: EpollSender;
  private readonly conversations: EpollConversations;
  private nowMilliseconds = 0;
  private nextSweep = 0;
  private acceptsAgainAt = 0;
  private isAccepting = false;

  constructor(options: EpollServerOptions) {
    const parts = makeEpollParts(options);
    this.options = options;
    this.handler = parts.handler;
    this.limits = parts.limits;
    this.counters = options.counters;
    this.poller = parts.poller;
    this.accepted = parts.accepted;
    this.connections = parts.connections;
    this.sender = parts.sender;
    this.conversations = new EpollConversations(options, parts);
    this.listenerFds = Int32Array.from(options.listenerFds);
    this.watchListeners();
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.limits.count;
  }

  /** Waits up to `timeoutMilliseconds` for events and serves them. `nowMilliseconds` is read after the wait. */
  serveRound(timeoutMilliseconds: number): void {
    const count = this.poller.wait(timeoutMilliseconds);
    const { connections, conversations } = this;
    this.nowMilliseconds = this.options.nowMilliseconds();
    connections.nowMilliseconds = this.nowMilliseconds;
    for (let i = 0; i < count; i++) {
      const data = this.poller.eventData(i);
      if (data < 0) {
        if (this.isAccepting) this.acceptFrom(this.listenerFds[-data - 1]);
        continue;
      }
      const connection = connections.all[data];
      if (connection.state === STATE_SENDING) conversations.sendOn(connection);
      else if (connection.state !== STATE_FREE) conversations.read(connection);
    }
    this.sender.flush();
    if (this.nowMilliseconds >= this.nextSweep) this.sweep();
  }

  /**
   * Stops accepting and closes every connection that has nothing in flight; the others end with their next answer.
   * Go on calling `serveRound` until `connectionCount` is 0 or patience ends, then call `close`.
   */
  stop(): void {
    this.handler.isStopping = true;
    this.unwatchListeners();
    this.acceptsAgainAt = Number.POSITIVE_INFINITY;
    for (const connection of this.connections.all)
      if (connection.state === STATE_OPEN && connection.pendingLength === 0)
        this.connections.end(connection);
  }

  /** Closes all connections and the poller. */
  close(): void {
    for (const connection of this.connections.all)
      if (connection.state !== STATE_FREE) this.connections.end(connection);
    this.poller.close();
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
    this.counters[COUNT_ACCEPT_FAILURES]++;
    this.unwatchListeners();
    this.acceptsAgainAt = this.nowMilliseconds + ACCEPT_PAUSE_MILLISECONDS;
    this.nextSweep = Math.min(this.nextSweep, this.acceptsAgainAt);
  }

  private open(fd: number, index: number): void {
    if (fd >= this.options.fdsEnd) {
      closeConnection(fd);
      this.pauseAccepting();
      return;
    }
    const { accepted } = this;
    const connection = this.connections.takeFree();
    const { peer, counted } = connection;
    const family = accepted.familyAt(index);
    const at = accepted.addressAt(index);
    peer.setAddress(accepted.sourceWords, at, family, this.options.trustedProxies);
    counted.copyFrom(peer);
    const refusal = this.limits.open(counted);
    const wantsHeader = this.options.proxyProtocol;
    if (refusal !== 0 || (wantsHeader && !peer.isTrustedProxy)) {
      if (refusal !== 0) countRefusal(this.counters, refusal);
      else {
        this.counters[COUNT_PROXY_PROTOCOL_ERRORS]++;
        this.limits.close(counted);
      }
      closeConnection(fd);
      this.connections.giveBack(connection);
      return;
    }
    this.counters[COUNT_ACCEPTED]++;
    connection.fd = fd;
    connection.watched = 0;
    connection.state = wantsHeader ? STATE_PROXY_HEADER : STATE_OPEN;
    this.connections.setDeadline(
      connection,
      DEADLINE_REQUEST,
      this.options.requestTimeoutMilliseconds,
    );
    this.conversations.read(connection);
    if (connection.watched === 0 && connection.state !== STATE_FREE)
      this.connections.watch(connection, POLL_READABLE);
  }

  /** Closes the connections whose deadline has passed, and accepts again after a pause. */
  private sweep(): void {
    const now = this.nowMilliseconds;
    this.nextSweep = now + SWEEP_MILLISECONDS;
    const connections = this.connections.all;
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i];
      if (connection.state === STATE_FREE || connection.deadline > now) continue;
      if (connection.deadlineKind === DEADLINE_REQUEST) this.counters[COUNT_REQUEST_TIMEOUTS]++;
      else if (connection.deadlineKind === DEADLINE_IDLE) this.counters[COUNT_IDLE_TIMEOUTS]++;
      this.connections.end(connection);
    }
    if (!this.isAccepting && now >= this.acceptsAgainAt) this.watchListeners();
  }
}
