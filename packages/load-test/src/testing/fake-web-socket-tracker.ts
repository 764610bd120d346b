/** A WebTorrent tracker for tests that replies to every announce and scrape, late or after a pause if it is told to. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { makeCertificate, temporaryFolder } from "@swarmtide/test-kit";
import {
  BytePool,
  formatUpgradeReply,
  MessageReader,
  OPCODE_TEXT,
  parseUpgradeRequest,
  READ_MORE,
  writeFrameHeader,
} from "@swarmtide/ws-protocol";

export interface FakeOptions {
  readonly isTls?: boolean;
  /** How long each reply takes. */
  readonly delayMilliseconds?: number;
  /** At this request nothing is answered for a while, then everything. */
  readonly pauseAt?: number;
  readonly pauseMilliseconds?: number;
  /** Every other client gets its replies late, and offers of the quick ones, whose answers then fail. */
  readonly refusesAnswers?: boolean;
}

/** How late the replies and failures of `refusesAnswers` are: long enough for a quick client to have its own and leave. */
const SLOW_MILLISECONDS = 100;

export class FakeWebSocketTracker {
  port = 0;
  readonly requests = { announce: 0, scrape: 0 };
  readonly sources = new Set<string>();
  readonly peers = new Set<unknown>();
  connections = 0;
  /** Connections that resumed a TLS session. */
  resumed = 0;
  onRequest: (count: number) => void = () => {};
  readonly #slow = new Set<Socket>();
  readonly #options: FakeOptions;
  #pause: Promise<void> | undefined;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  accept(socket: Socket): void {
    this.connections++;
    if (socket instanceof TLSSocket && socket.isSessionReused()) this.resumed++;
    this.sources.add(socket.remoteAddress ?? "");
    if (this.connections % 2 === 0) {
      this.#slow.add(socket);
      socket.once("close", () => this.#slow.delete(socket));
    }
    const reader = new MessageReader(new BytePool(), true, 1 << 20, true);
    let isOpen = false;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (!isOpen) {
        isOpen = true;
        socket.write(formatUpgradeReply(parseUpgradeRequest(chunk, 0, chunk.length).key));
        return;
      }
      reader.push(chunk, 0, chunk.length);
      while (reader.next() !== READ_MORE) {
        const { bytes, offset, length } = reader;
        const text = Buffer.from(bytes).toString("utf8", offset, offset + length);
        void this.#reply(socket, JSON.parse(text));
      }
    });
  }

  async #reply(socket: Socket, message: Readonly<Record<string, unknown>>): Promise<void> {
    const { delayMilliseconds = 0, pauseAt, pauseMilliseconds = 0 } = this.#options;
    if (this.#options.refusesAnswers && (await this.#isSlowExchange(socket, message))) return;
    const isScrape = message.action === "scrape";
    this.requests[isScrape ? "scrape" : "announce"]++;
    if (!isScrape) this.peers.add(message.peer_id);
    const count = this.requests.announce + this.requests.scrape;
    this.onRequest(count);
    if (count === pauseAt) this.#pause = delay(pauseMilliseconds);
    await this.#pause;
    if (delayMilliseconds > 0) await delay(delayMilliseconds);
    const { info_hash } = message;
    const counts = { complete: 1, incomplete: 1, interval: 120 };
    const reply = isScrape
      ? { action: "scrape", files: {} }
      : { action: "announce", info_hash, ...counts };
    send(socket, reply);
  }

  /** Relays offers of quick clients to slow ones; whether the message was an answer, which fails. */
  async #isSlowExchange(socket: Socket, message: Readonly<Record<string, unknown>>) {
    const { info_hash, peer_id, offers, answer } = message;
    const isSlow = this.#slow.has(socket);
    if (!isSlow && Array.isArray(offers) && offers[0] !== undefined)
      for (const slow of this.#slow)
        send(slow, { action: "announce", info_hash, peer_id, ...offers[0] });
    if (isSlow) await delay(SLOW_MILLISECONDS);
    if (answer !== undefined)
      send(socket, { action: "announce", info_hash, "failure reason": "No such offer" });
    return answer !== undefined;
  }
}

function send(socket: Socket, message: Readonly<Record<string, unknown>>): void {
  const payload = Buffer.from(JSON.stringify(message), "utf8");
  const frame = Buffer.alloc(payload.length + 10);
  const start = writeFrameHeader(frame, 0, OPCODE_TEXT, payload.length);
  frame.set(payload, start);
  socket.write(frame.subarray(0, start + payload.length));
}

/** Serves on a port of 127.0.0.1 until the test ends. */
export async function startServer(
  context: TestContext,
  options: FakeOptions,
): Promise<FakeWebSocketTracker> {
  const tracker = new FakeWebSocketTracker(options);
  const accept = (socket: Socket): void => tracker.accept(socket);
  const secured = () => {
    const { certificate, privateKey } = makeCertificate(temporaryFolder(context), "tracker");
    return { cert: readFileSync(certificate), key: readFileSync(privateKey) };
  };
  const server = options.isTls ? createTlsServer(secured(), accept) : createServer(accept);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  tracker.port = address.port;
  return tracker;
}
