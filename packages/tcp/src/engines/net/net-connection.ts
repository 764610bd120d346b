/**
 * One connection of the net engine: plain or TLS, from its first byte to its last. Owned by its `NetServer`.
 *
 * Bytes come in memory that all connections share. Whole requests are answered together and written with one call; the
 * reply is copied, since the handler's buffer is needed again before the socket has taken it. While a reader does not take
 * its answers, the socket is paused.
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import {
  type HttpHandler,
  type HttpPeer,
  OUTCOME_CLOSES,
  OUTCOME_FULL,
  OUTCOME_UPGRADES,
  peerAddressBytes,
  setPeerAddress,
} from "@swarmtide/http";
import { PROXY_BAD, PROXY_MORE, parseProxyHeader } from "../../conversation/proxy-header.ts";
import {
  COUNT_BYTES_RECEIVED,
  COUNT_BYTES_SENT,
  COUNT_IDLE_TIMEOUTS,
  COUNT_PROXY_PROTOCOL_ERRORS,
  COUNT_REQUEST_TIMEOUTS,
  COUNT_SEND_DELAYED,
  COUNT_TLS_FAILURES,
  COUNT_TLS_HANDSHAKES,
} from "../../counters.ts";
import type { NetServerOptions } from "./net-server.ts";
import { readInto } from "./shared-reading.ts";

/** How long a closed connection may go on sending before it is dropped. */
const LINGER_MILLISECONDS = 2000;

const NOTHING = Buffer.alloc(0);

type Deadline = "handshake" | "request" | "idle" | "linger";

export class NetConnection {
  readonly peer: HttpPeer;
  readonly #options: NetServerOptions;
  readonly #handler: HttpHandler;
  readonly #readMemory: Uint8Array;
  #socket: Socket;
  #pending: Buffer | undefined;
  #deadline = 0;
  #deadlineKind: Deadline = "request";
  #isClosing = false;
  #isHandedOn = false;

  /** `socket` is fresh and is read into `readMemory`; `secureContext` is undefined for plain HTTP. */
  constructor(
    socket: Socket,
    peer: HttpPeer,
    secureContext: SecureContext | undefined,
    handler: HttpHandler,
    options: NetServerOptions,
    readMemory: Uint8Array,
  ) {
    this.#readMemory = readMemory;
    this.peer = peer;
    this.#socket = socket;
    this.#handler = handler;
    this.#options = options;
    socket.on("error", () => socket.destroy());
    this.#setDeadline("request", options.requestTimeoutMilliseconds);
    if (options.proxyProtocol) this.#readProxyHeader(secureContext);
    else this.#begin(secureContext);
  }

  /** Whether nothing of a request has arrived and nothing of an answer waits. */
  get isIdle(): boolean {
    return (
      this.#pending === undefined &&
      !this.#isClosing &&
      !this.#isHandedOn &&
      this.#socket.writableLength === 0
    );
  }

  /** Closes the connection if its deadline has passed. */
  checkDeadline(nowMilliseconds: number): void {
    if (this.#deadline > nowMilliseconds || this.#isHandedOn) return;
    const { counters } = this.#options;
    if (this.#deadlineKind === "handshake") counters[COUNT_TLS_FAILURES]++;
    else if (this.#deadlineKind === "request") counters[COUNT_REQUEST_TIMEOUTS]++;
    else if (this.#deadlineKind === "idle") counters[COUNT_IDLE_TIMEOUTS]++;
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #readProxyHeader(secureContext: SecureContext | undefined): void {
    const socket = this.#socket;
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const header = parseProxyHeader(bytes);
      if (header.status === PROXY_MORE) return;
      socket.off("data", onData);
      if (header.status === PROXY_BAD) {
        this.#options.counters[COUNT_PROXY_PROTOCOL_ERRORS]++;
        socket.destroy();
        return;
      }
      if (header.address === undefined) this.peer.isTrustedProxy = false;
      else setPeerAddress(this.peer, header.address, this.#options.trustedProxies);
      socket.pause();
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      this.#begin(secureContext);
    };
    socket.on("data", onData);
  }

  #begin(secureContext: SecureContext | undefined): void {
    if (secureContext === undefined) this.#serve();
    else this.#shakeHands(secureContext);
  }

  #shakeHands(secureContext: SecureContext): void {
    const { counters, handshakeTimeoutMilliseconds } = this.#options;
    const raw = this.#socket;
    const secure = new TLSSocket(raw, { isServer: true, secureContext });
    let isSecure = false;
    this.#socket = secure;
    this.#setDeadline("handshake", handshakeTimeoutMilliseconds);
    secure.on("error", () => {
      if (!isSecure) counters[COUNT_TLS_FAILURES]++;
      secure.destroy();
      raw.destroy();
    });
    secure.on("close", () => raw.destroy());
    secure.once("secure", () => {
      isSecure = true;
      counters[COUNT_TLS_HANDSHAKES]++;
      this.#setDeadline("request", this.#options.requestTimeoutMilliseconds);
      this.#serve();
    });
  }

  #serve(): void {
    const socket = this.#socket;
    socket.on("drain", this.#onDrain);
    readInto(socket, this.#readMemory, this.#take);
    // With what was there already it may have been handed on, or paused for a reader that takes nothing.
    if (!this.#isHandedOn && !socket.writableNeedDrain) socket.resume();
  }

  readonly #take = (length: number, bytes: Uint8Array): void => {
    if (this.#isHandedOn) return;
    this.#options.counters[COUNT_BYTES_RECEIVED] += length;
    if (this.#isClosing) return;
    const pending = this.#pending;
    const isWaiting = this.#socket.writableNeedDrain;
    if (pending === undefined && !isWaiting) {
      this.#answer(bytes, length, true);
      return;
    }
    const chunk = bytes.subarray(0, length);
    const all = Buffer.concat([pending ?? NOTHING, chunk]);
    // A request cannot end without a line feed: without one, a slow sender is not parsed again and again. And of what was
    // on its way when the socket was paused nothing is answered before the reader has taken what it was sent.
    const isShort = all.length < this.#options.requestBytesMax && !chunk.includes(10);
    if (isShort || isWaiting) this.#pending = all;
    else this.#answer(all, all.length, false);
  };

  /** The reader has taken its answers: go on with the requests that waited. */
  readonly #onDrain = (): void => {
    if (this.#isClosing) return;
    const pending = this.#pending;
    this.#setDeadline("idle", this.#options.idleTimeoutMilliseconds);
    if (pending !== undefined) this.#answer(pending, pending.length, true);
    if (!this.#socket.writableNeedDrain) this.#socket.resume();
  };

  /** Answers the whole requests in the first bytes; `isFresh` says that they begin one. What is kept is copied. */
  #answer(bytes: Uint8Array, end: number, isFresh: boolean): void {
    const handler = this.#handler;
    const socket = this.#socket;
    let at = 0;
    for (;;) {
      const from = at;
      at = handler.answer(this.peer, bytes, at, end);
      const { outcome, lingers } = handler;
      const canGoOn = handler.replyLength === 0 || this.#write();
      if (outcome === OUTCOME_CLOSES) {
        this.#finish(lingers);
      } else if (outcome === OUTCOME_UPGRADES) {
        this.#handOn(bytes.subarray(at, end));
      } else if (!canGoOn) {
        this.#waitForReader(bytes.subarray(at, end));
      } else if (outcome === OUTCOME_FULL) {
        continue;
      } else {
        this.#pending = at === end ? undefined : Buffer.from(bytes.subarray(at, end));
        if (this.#pending === undefined)
          this.#setDeadline("idle", this.#options.idleTimeoutMilliseconds);
        else if (from !== at || (isFresh && this.#deadlineKind === "idle"))
          this.#setDeadline("request", this.#options.requestTimeoutMilliseconds);
      }
      if (socket.destroyed) this.#pending = undefined;
      return;
    }
  }

  /** Writes the handler's reply. False when the reader should take it before more is answered. */
  #write(): boolean {
    const { reply, replyLength } = this.#handler;
    this.#options.counters[COUNT_BYTES_SENT] += replyLength;
    return this.#socket.write(Buffer.from(reply.subarray(0, replyLength)));
  }

  #waitForReader(rest: Uint8Array): void {
    this.#options.counters[COUNT_SEND_DELAYED]++;
    this.#pending = rest.length === 0 ? undefined : Buffer.from(rest);
    this.#setDeadline("request", this.#options.requestTimeoutMilliseconds);
    this.#socket.pause();
  }

  /** Closes, after the last answer has gone out. */
  #finish(lingers: boolean): void {
    this.#isClosing = true;
    this.#pending = undefined;
    if (!lingers) {
      this.#setDeadline("request", this.#options.requestTimeoutMilliseconds);
      this.#socket.destroySoon();
      return;
    }
    this.#setDeadline("linger", LINGER_MILLISECONDS);
    this.#socket.end();
    this.#socket.resume();
  }

  /** Gives the socket and the bytes of a WebSocket upgrade to whoever serves those. */
  #handOn(bytes: Uint8Array): void {
    const socket = this.#socket;
    this.#isHandedOn = true;
    this.#pending = undefined;
    socket.pause();
    socket.off("drain", this.#onDrain);
    this.#options.onUpgrade?.(socket, peerAddressBytes(this.peer), Buffer.from(bytes));
  }

  #setDeadline(kind: Deadline, milliseconds: number): void {
    this.#deadlineKind = kind;
    this.#deadline = this.#options.nowMilliseconds() + milliseconds;
  }
}
