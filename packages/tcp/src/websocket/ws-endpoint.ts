/**
 * The WebTorrent tracker of one web worker with its sockets: takes connections that asked for an upgrade, answers the
 * handshake, gives the tracker its clock and its rounds, carries batches to and from the other workers.
 *
 * Connections come from this thread's own `NetServer` (`adopt`) or as descriptors from the workers that serve plain HTTP
 * with the engine `epoll` (`adoptDescriptor`). Main thread or worker, whichever runs the `NetServer`.
 */
import { randomFillSync } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Cidr } from "@swarmtide/bittorrent";
import { peerAt } from "@swarmtide/http";
import { closeFd, limitUnsentBytes } from "@swarmtide/linux";
import { add } from "@swarmtide/metrics";
import { DRAIN_MILLISECONDS_MAX, LOOK_MILLISECONDS } from "@swarmtide/runtime";
import { type LimitsConfig, openServedClock } from "@swarmtide/swarm";
import { answerUpgrade, WebTorrentTracker, type WsConfig, wsColumns } from "@swarmtide/ws";
import {
  CLOSE_SERVICE_RESTART,
  messageMemory,
  READ_AT,
  READ_BYTES,
  UPGRADE_OK,
} from "@swarmtide/ws-protocol";
import type { ReloadedOptions } from "../conversation/conversation-options.ts";
import { countRefusal } from "../conversation/count-refusal.ts";
import { ConnectionLimits } from "../conversation/hot/connection-limits.ts";
import { CONNECTIONS_CLOSED, CONNECTIONS_TAKEN_OVER } from "../counters.ts";
import { descriptorOf } from "../engines/net/descriptor-of.ts";
import { MemoryReturn } from "../engines/net/memory-return.ts";
import { ReadMemory } from "../engines/net/read-memory.ts";
import { returnMemory } from "../engines/net/return-memory.ts";
import { clientAddressOf } from "./client-address.ts";
import { WsRounds } from "./hot/ws-rounds.ts";
import { type SessionOwner, WsSession } from "./hot/ws-session.ts";
import { OtherNodes } from "./other-nodes.ts";
import { noteRefusedUpgrade, socketOf } from "./sockets.ts";
import type { WsEndpointOptions } from "./ws-endpoint-options.ts";

/** The tracker looks after its connections this often. */
const TICK_MILLISECONDS = 1000;
/**
 * What is to be sent goes out at once if nothing did in the last millisecond; otherwise it waits that long for more to the
 * same connection. A client that is sent to message by message sends back message by message, and then system calls take
 * a third of a worker's time: 6.3 µs a message instead of 4.0 (`npm run bench:ws -- --tables mix`, Node 20).
 */
const FLUSH_MILLISECONDS = 1;
/**
 * So much that has not been sent may wait in the kernel for each connection, on Linux. The tracker gives a socket no more while
 * so much waits there and with Node (`HELD_BYTES`), so that answers overtake what is left, and what is worth less can still be
 * left out. Without it the kernel takes some 2 MiB for a client that does not read (`npm run bench:readers`).
 */
const UNSENT_IN_KERNEL_BYTES = 16 * 1024;

export class WsEndpoint implements SessionOwner {
  readonly tracker: WebTorrentTracker;
  /** Within what WebAssembly reaches. */
  readonly readMemory = new ReadMemory(messageMemory().bytes, READ_AT, READ_BYTES);
  readonly rounds: WsRounds;
  readonly #options: WsEndpointOptions;
  #allowedOrigins: readonly string[];
  #trustedProxies: readonly Cidr[];
  #forwardedHeader: string;
  readonly #limits: ConnectionLimits;
  readonly #sessions = new Set<WsSession>();
  readonly #closing = new Set<WsSession>();
  /** For those that came as descriptors: `NetServer` does not count them. */
  readonly #memoryReturn = new MemoryReturn();
  readonly #tickTimer: NodeJS.Timeout;
  readonly #beatTimer: NodeJS.Timeout;
  readonly #nodes: OtherNodes | undefined;
  #isFlushScheduled = false;
  #flushedMilliseconds = 0;
  #isStopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: WsEndpointOptions) {
    this.#options = options;
    this.rounds = new WsRounds(options.rounds, options.counters);
    this.#allowedOrigins = options.config.allowedOrigins;
    this.#trustedProxies = options.trustedProxies;
    this.#forwardedHeader = options.forwardedHeaderName.toLowerCase();
    this.#limits = new ConnectionLimits(options.connectionsMax, options.connectionsPerAddressMax);
    const nodes =
      options.channel &&
      new OtherNodes(options.channel, (what) =>
        this.#work(({ remotePeers }) => remotePeers && what(remotePeers)),
      );
    this.#nodes = nodes;
    this.tracker = new WebTorrentTracker({
      worker: options.worker,
      workers: options.workers,
      config: options.config,
      ownerSecret: options.ownerSecret,
      seed: randomFillSync(new Int32Array(4)),
      counters: options.counters,
      clockMilliseconds: openServedClock(),
      sendBatch: (worker, bytes) => this.#sendBatch(worker, bytes),
      sendRemote: nodes && ((node, lane, bytes) => nodes.send(node, lane, bytes)),
      ...{
        admission: options.admission,
        store: options.store,
        limits: options.limits,
        peersByAddress: options.peersByAddress,
      },
      ...{ refusals: options.refusals, peerIds: options.peerIds },
    });
    options.peers.forEach((port, worker) => {
      port?.on("message", (bytes: Uint8Array) => {
        this.#work((tracker) => tracker.receiveBatch(worker, bytes));
      });
    });
    this.#tickTimer = setInterval(() => this.#tick(), TICK_MILLISECONDS);
    this.#beatTimer = setInterval(() => this.rounds.beat(performance.now()), LOOK_MILLISECONDS);
  }

  /** Open WebSocket connections. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Takes what a reload has changed into use, and the lists of its `admission`. */
  configure(
    config: WsConfig,
    conversation: ReloadedOptions,
    forwardedHeaderName: string,
    limits: LimitsConfig | undefined,
  ): void {
    this.#allowedOrigins = config.allowedOrigins;
    this.#trustedProxies = conversation.trustedProxies;
    this.#forwardedHeader = forwardedHeaderName.toLowerCase();
    this.#limits.perAddressMax = conversation.connectionsPerAddressMax;
    this.tracker.configure(config, limits);
    this.tracker.checkAdmission();
  }

  /** Takes a paused socket of a connection from `address`, whose upgrade request is the beginning of `bytes`. */
  adopt(socket: Socket, address: Uint8Array, bytes: Uint8Array): void {
    const answer = answerUpgrade(bytes, 0, bytes.length, this.#allowedOrigins);
    const forwarded = answer.headers.get(this.#forwardedHeader);
    const client = clientAddressOf(address, forwarded, this.#trustedProxies);
    if (answer.status !== UPGRADE_OK || this.#isStopping) {
      add(this.#options.counters, wsColumns.UPGRADES_REFUSED);
      noteRefusedUpgrade(this.#options.refusals, client, socket);
      socket.end(answer.status === UPGRADE_OK ? "" : answer.reply, "latin1");
      socket.resume();
      return;
    }
    const { unsentInKernelBytes = UNSENT_IN_KERNEL_BYTES } = this.#options;
    if (unsentInKernelBytes > 0) limitUnsentBytes(descriptorOf(socket), unsentInKernelBytes);
    socket.write(answer.reply, "latin1");
    this.#sessions.add(new WsSession(socket, this, bytes.subarray(answer.headBytes), client));
  }

  /** As `adopt`, for the descriptor of a connection from `address`; closes it where a limit forbids. */
  adoptDescriptor(fd: number, address: Uint8Array, bytes: Uint8Array): void {
    const { tcpCounters, tcpRefusals } = this.#options;
    add(tcpCounters, CONNECTIONS_TAKEN_OVER);
    const counted = peerAt(address, this.#trustedProxies);
    const place = this.#limits.open(counted, counted.isTrustedProxy);
    const socket = place >= 0 ? socketOf(fd) : undefined;
    if (socket === undefined) {
      if (place >= 0) this.#limits.close(place);
      else countRefusal({ counters: tcpCounters, refusals: tcpRefusals }, place, counted);
      add(tcpCounters, CONNECTIONS_CLOSED);
      closeFd(fd);
      return;
    }
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      add(tcpCounters, CONNECTIONS_CLOSED);
      this.#limits.close(place);
    });
    this.adopt(socket, address, bytes);
  }

  scheduleFlush(): void {
    const now = performance.now();
    if (!this.#isFlushScheduled && !this.tracker.needsFlush) {
      this.rounds.end(now);
      return;
    }
    this.rounds.pause(now);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    const isQuiet = now - this.#flushedMilliseconds >= FLUSH_MILLISECONDS;
    if (isQuiet) setImmediate(this.#flush);
    else setTimeout(this.#flush, FLUSH_MILLISECONDS);
  }

  closing(session: WsSession): void {
    this.#closing.add(session);
  }

  ended(session: WsSession): void {
    this.#sessions.delete(session);
    this.#closing.delete(session);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  /**
   * Ends the connections one after another, all of them within `milliseconds`, while `goesOn`: clients come back at once or
   * within minutes, and should not all come together.
   */
  async drain(milliseconds: number, goesOn: () => boolean): Promise<void> {
    const total = this.#sessions.size;
    const start = performance.now();
    let handedOff = 0;
    while (this.#sessions.size > 0 && goesOn()) {
      const share = Math.min(1, (performance.now() - start) / milliseconds);
      // Those that came while it lasts have their turn with the last.
      const due = share === 1 ? this.#sessions.size : Math.ceil(total * share) - handedOff;
      handedOff += due;
      this.tracker.stop(due, CLOSE_SERVICE_RESTART);
      await pause(LOOK_MILLISECONDS);
    }
  }

  /** Says goodbye to every client and waits for their connections to end, a few seconds at most. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.tracker.stop();
    if (this.#sessions.size > 0) {
      const patience = setTimeout(() => {
        for (const session of this.#sessions) session.destroy();
      }, DRAIN_MILLISECONDS_MAX);
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      clearTimeout(patience);
    }
    clearInterval(this.#tickTimer);
    clearInterval(this.#beatTimer);
    for (const port of this.#options.peers) port?.close();
    this.#nodes?.close();
  }

  /** A round of what others than clients have for the tracker. */
  #work(what: (tracker: WebTorrentTracker) => void): void {
    this.rounds.work(performance.now());
    what(this.tracker);
    this.scheduleFlush();
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false;
    this.rounds.work(performance.now());
    this.tracker.flush();
    this.#flushedMilliseconds = performance.now();
    this.rounds.end(this.#flushedMilliseconds);
  };

  #tick(): void {
    this.tracker.tick();
    const now = performance.now();
    if (this.#memoryReturn.isDue(this.#sessions.size, now)) returnMemory();
    for (const session of this.#closing)
      if (session.closeDeadlineMilliseconds <= now) session.destroy();
  }

  #sendBatch(worker: number, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#options.peers[worker]?.postMessage(copy, [copy.buffer]);
  }
}
