/**
 * An HTTP client over one connection, plain or TLS: sends any bytes, keeps the connection, and cuts what comes back into
 * answers. For tests of keep-alive, pipelining, slow clients and what no HTTP library would send.
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { HttpResponse, latin1Text, parseHttpResponse, RESPONSE_OK } from "@swarmtide/http-protocol";
import { within } from "./until.ts";

export interface HttpConnectOptions {
  /** Shakes hands before `connect` is fulfilled; any certificate will do. */
  readonly isTls?: boolean;
  /** Sent first, before a handshake: a PROXY header. */
  readonly before?: Uint8Array;
  readonly localAddress?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export class HttpClient {
  readonly socket: Socket;
  /** Fulfilled once the connection has ended. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** Whether an answer said that the connection ends with it. */
  isToldToClose = false;
  readonly #answers: HttpAnswer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #onChange: () => void = () => {};

  /** Connects to a port of 127.0.0.1. */
  static async connect(
    port: number,
    { isTls = false, before, localAddress = "127.0.0.1" }: HttpConnectOptions = {},
  ): Promise<HttpClient> {
    const raw = connectPlain({ port, host: "127.0.0.1", noDelay: true, localAddress });
    await opened(raw, "connect");
    if (before !== undefined) raw.write(before);
    if (!isTls) return new HttpClient(raw);
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await opened(secure, "secureConnect");
    return new HttpClient(secure);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
      this.#onChange();
    });
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        this.#onChange();
        resolve();
      });
    });
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Statuses and bodies received so far. */
  answers(): readonly HttpAnswer[] {
    return this.#answers;
  }

  /** Waits until there are `count` answers; rejects when the connection ends before. */
  async receive(count: number): Promise<readonly HttpAnswer[]> {
    await within(`${count} HTTP answers have arrived`, this.#has(count));
    if (this.#answers.length < count)
      throw new Error(`closed after ${this.#answers.length} of ${count} answers: ${this.#rest}`);
    return this.#answers;
  }

  async #has(count: number): Promise<void> {
    while (!this.isClosed && this.#answers.length < count)
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const response = new HttpResponse();
    let at = 0;
    while (at < bytes.length) {
      if (parseHttpResponse(response, bytes, at, bytes.length) !== RESPONSE_OK) break;
      const end = response.bodyStart + response.contentLength;
      if (end > bytes.length) break;
      const text = latin1Text(bytes.subarray(response.bodyStart, end));
      this.#answers.push({ status: response.status, text });
      if (!response.keepAlive) this.isToldToClose = true;
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

async function opened(socket: Socket, event: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once(event, resolve);
  });
  socket.removeAllListeners("error");
}

/** One GET request of HTTP/1.1. */
export function httpGet(target: string, ...headers: string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: t\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
}

/** The target of an announce for the info hash of one letter, twenty times. */
export function announceTarget(letter: string, port: number, more = ""): string {
  return `/announce?info_hash=${letter.repeat(20)}&peer_id=-ST0001-abcdefghijkl&port=${port}${more}`;
}
