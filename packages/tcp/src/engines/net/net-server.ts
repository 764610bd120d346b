/**
 * Engine `net`: HTTP and HTTPS through node:net and node:tls, on an event loop. For TLS everywhere, and for plain HTTP
 * where the epoll engine does not work or is not wanted. It tells the conversation what its sockets tell, each with the
 * time; everything else is the conversation's.
 */
import { createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { type SecureContext, TLSSocket } from "node:tls";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { HttpHandler, setPeerAddress } from "@swarmtide/http";

import { add } from "@swarmtide/metrics";
import {
  DRAIN_MILLISECONDS_MAX,
  LOOK_MILLISECONDS,
  listenError,
  UNIX_SOCKET_CLIENTS,
} from "@swarmtide/runtime";
import { SWEEP_MILLISECONDS } from "../../conversation/conversation-options.ts";
import {
  STATE_HANDED_ON,
  STATE_HANDSHAKE,
  STATE_SENDING,
} from "../../conversation/hot/connection.ts";
import { Conversation } from "../../conversation/hot/conversation.ts";
import { ACCEPT_FAILURES, BUSY_SECONDS, TLS_FAILURES } from "../../counters.ts";
import { LoadMeter } from "../hot/load-meter.ts";
import { descriptorOf } from "./descriptor-of.ts";
import { NetConnection } from "./hot/net-connection.ts";
import { NetTransport } from "./hot/net-transport.ts";
import { MemoryReturn } from "./memory-return.ts";
import type { NetListener, NetServerOptions } from "./net-options.ts";
import { ReadMemory } from "./read-memory.ts";
import { returnMemory } from "./return-memory.ts";
import { readCopying, readInto } from "./shared-reading.ts";

/** As much as libuv reads at once. */
const READ_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

export class NetServer {
  readonly handler: HttpHandler;
  /** Where it listens, in the order of the listeners. */
  readonly ports: readonly number[];

  readonly #options: NetServerOptions;
  readonly #servers: readonly Server[];
  readonly #conversation: Conversation<NetConnection>;
  readonly #connections = new Set<NetConnection>();
  readonly #memory: ReadMemory;
  readonly #load = new LoadMeter();
  readonly #sleptMilliseconds: () => number;
  readonly #memoryReturn = new MemoryReturn();
  readonly #sweepTimer: NodeJS.Timeout;
  /** Between requests, so that a thread that stood still is noticed. */
  readonly #beatTimer: NodeJS.Timeout;
  #secureContext: SecureContext | undefined;
  #onEmpty: (() => void) | undefined;

  /** Starts listening. Rejects with OperatorError when a listener cannot. */
  static async start(options: NetServerOptions): Promise<NetServer> {
    const opened = options.listeners.map((listener) => ({
      listener,
      server: createServer({ noDelay: true }),
    }));
    const servers = opened.map(({ server }) => server);
    try {
      await Promise.all(opened.map(({ server, listener }) => listen(server, listener)));
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new NetServer(options, servers);
  }

  private constructor(options: NetServerOptions, servers: readonly Server[]) {
    const { counters, onUpgrade } = options;
    this.handler = new HttpHandler(options.handler);
    const transport = new NetTransport(
      this.handler.reply,
      counters,
      (connection, early) => this.#shakeHands(connection, early),
      onUpgrade,
    );
    this.#conversation = new Conversation(options, this.handler, transport);
    transport.conversation = this.#conversation;
    const { headBytes } = this.#conversation;
    this.#memory = new ReadMemory(new Uint8Array(headBytes + READ_BYTES), headBytes, READ_BYTES);
    this.#options = options;
    this.#sleptMilliseconds = options.sleptMilliseconds ?? loopSleptMilliseconds;
    this.#servers = servers;
    this.#secureContext = options.secureContext;
    this.ports = servers.map((server) => {
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    });
    servers.forEach((server, i) => {
      const isTls = options.listeners[i]?.isTls ?? false;
      const noAddress = options.listeners[i]?.isUnix === true ? UNIX_SOCKET_CLIENTS : "";
      server.on("connection", (socket) => this.#accept(socket, isTls, noAddress));
      server.on("error", () => add(counters, ACCEPT_FAILURES));
    });
    this.#sweepTimer = setInterval(() => this.sweep(), SWEEP_MILLISECONDS);
    const { rounds, nowMilliseconds } = options;
    this.#beatTimer = setInterval(() => rounds.beat(nowMilliseconds()), LOOK_MILLISECONDS);
  }

  get connectionCount(): number {
    return this.#conversation.limits.count;
  }

  /** See `Conversation.configure`. */
  configure(): void {
    this.#conversation.configure();
  }

  /** New connections get this context; those that are open keep theirs. */
  setSecureContext(secureContext: SecureContext): void {
    this.#secureContext = secureContext;
  }

  /** Closes the connections whose deadline has passed, and gives back the memory of many that have gone. */
  sweep(): void {
    this.#readClock();
    for (const connection of this.#connections) this.#conversation.checkDeadline(connection);
    const { nowMilliseconds } = this.#conversation.deadlines;
    if (this.#memoryReturn.isDue(this.connectionCount, nowMilliseconds)) returnMemory();
  }

  /** Stops accepting, and serves who is there while `goesOn`. Connections end with their next answer. */
  async drain(goesOn: () => boolean): Promise<void> {
    this.handler.isStopping = true;
    for (const server of this.#servers) server.close();
    while (this.#connections.size > 0 && goesOn()) await pause(LOOK_MILLISECONDS);
  }

  /** Stops accepting, lets what is in flight end, and closes the rest. Fulfilled when all is closed. */
  async stop(): Promise<void> {
    this.handler.isStopping = true;
    for (const server of this.#servers) server.close();
    this.#readClock();
    for (const connection of this.#connections) this.#conversation.stop(connection);
    if (this.#connections.size > 0) {
      const patience = setTimeout(() => {
        for (const connection of this.#connections) connection.socket.destroy();
      }, DRAIN_MILLISECONDS_MAX);
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      clearTimeout(patience);
    }
    clearInterval(this.#sweepTimer);
    clearInterval(this.#beatTimer);
  }

  #accept(socket: Socket, isTls: boolean, noAddress: string): void {
    const { counters, refusals, trustedProxies, fdsEnd } = this.#options;
    // A link-local address carries its interface behind a percent sign.
    const address = parseIpAddress((socket.remoteAddress ?? noAddress).replace(/%.*$/, ""));
    if (descriptorOf(socket) >= fdsEnd) {
      add(counters, ACCEPT_FAILURES);
      refusals.noteUnknown(ACCEPT_FAILURES, 0);
      socket.destroy();
      return;
    }
    const connection = new NetConnection(socket, isTls);
    if (address === undefined || (isTls && this.#secureContext === undefined)) {
      socket.destroy();
      return;
    }
    setPeerAddress(connection.peer, address, trustedProxies);
    this.#readClock();
    if (!this.#conversation.admit(connection)) {
      socket.destroy();
      return;
    }
    this.#connections.add(connection);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#conversation.ended(connection);
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
    if (!isTls) this.#serve(connection);
    else if (connection.state === STATE_HANDSHAKE) this.#shakeHands(connection, NOTHING);
    else readCopying(socket, this.#memory, (length) => this.#arrived(connection, length));
  }

  /** `early` has arrived behind a PROXY header. */
  #shakeHands(connection: NetConnection, early: Uint8Array): void {
    const { counters, refusals } = this.#options;
    const raw = connection.socket;
    // From here on the TLS socket reads, what has arrived already first.
    raw.removeAllListeners("data");
    raw.pause();
    if (early.length > 0) raw.unshift(early);
    const secure = new TLSSocket(raw, {
      isServer: true,
      ...(this.#secureContext === undefined ? {} : { secureContext: this.#secureContext }),
    });
    connection.socket = secure;
    secure.on("error", () => {
      if (connection.state === STATE_HANDSHAKE) {
        add(counters, TLS_FAILURES);
        refusals.notePeer(TLS_FAILURES, 0, connection.peer);
      }
      secure.destroy();
      raw.destroy();
    });
    secure.on("close", () => raw.destroy());
    secure.once("secure", () => {
      if (connection.state !== STATE_HANDSHAKE) return;
      this.#readClock();
      this.#conversation.secured(connection);
      this.#serve(connection);
    });
  }

  #serve(connection: NetConnection): void {
    const { socket } = connection;
    socket.on("drain", () => {
      this.#readClock();
      this.#conversation.writable(connection);
    });
    readInto(socket, this.#memory, (length) => this.#arrived(connection, length));
    // With what was there already it may have been handed on, or paused for a reader that takes nothing.
    const { state } = connection;
    if (state !== STATE_HANDED_ON && state !== STATE_SENDING) socket.resume();
  }

  #arrived(connection: NetConnection, length: number): void {
    const { bytes, start } = this.#memory;
    const { counters, rounds, nowMilliseconds } = this.#options;
    this.#readClock();
    const arrivedAt = this.#conversation.deadlines.nowMilliseconds;
    rounds.begin(arrivedAt);
    // Before the answer: the first request after a quiet time finds a worker that keeps up.
    if (this.#load.isDue(arrivedAt)) {
      this.#load.look(arrivedAt, this.#sleptMilliseconds());
      this.handler.isBehind = this.#load.isBehind;
    }
    this.#conversation.arrived(connection, bytes, start, start + length);
    add(counters, BUSY_SECONDS, rounds.end(1, nowMilliseconds()) / 1000);
  }

  #readClock(): void {
    this.#conversation.deadlines.nowMilliseconds = this.#options.nowMilliseconds();
  }
}

/** In the kernel, waiting for events: all the time that the thread had nothing to do. */
const loopSleptMilliseconds = (): number => performance.eventLoopUtilization().idle;

function listen(server: Server, listener: NetListener): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(listener, error, error.code));
    server.once("error", fail);
    server.listen(listener.at, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
