/** One HTTP client of a load: a connection, one request at a time. Owned by the load that made it. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { nowMicroseconds, type Tally } from "../tally.ts";
import type { HttpLoadConfig } from "./config.ts";
import type { HttpRequest, HttpRequests } from "./http-requests.ts";

const HEAD_BYTES_MAX = 16_384;
const BODY_BYTES_MAX = 1 << 22;
const HEAD_END = "\r\n\r\n";
const NOTHING = Buffer.alloc(0);

interface Waiting {
  readonly request: HttpRequest;
  readonly sinceMicros: number;
  readonly deadlineMicros: number;
}

interface Head {
  readonly bytes: number;
  readonly status: number;
  /** Undefined: until the connection ends. */
  readonly bodyBytes: number | undefined;
  readonly closes: boolean;
}

/** The head of an answer; undefined while it has not come whole, "malformed" for what is none. */
export function readHead(bytes: Buffer): Head | "malformed" | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return bytes.length > HEAD_BYTES_MAX ? "malformed" : undefined;
  const text = bytes.toString("latin1", 0, end);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(text)?.[1];
  if (status === undefined) return "malformed";
  const length = /^content-length: *(\d+) *$/im.exec(text)?.[1];
  const bodyBytes = length === undefined ? undefined : Number(length);
  if (bodyBytes !== undefined && bodyBytes > BODY_BYTES_MAX) return "malformed";
  const closes = bodyBytes === undefined || /^connection: *close *$/im.test(text);
  return { bytes: end + HEAD_END.length, status: Number(status), bodyBytes, closes };
}

export class HttpClient {
  readonly #config: HttpLoadConfig;
  readonly #requests: HttpRequests;
  readonly #tally: Tally;
  readonly #localAddress: string | undefined;
  readonly #onIdle: (client: HttpClient) => void;
  #socket: Socket | undefined;
  #session: Buffer | undefined;
  #received: Buffer = NOTHING;
  #waiting: Waiting | undefined;

  constructor(
    config: HttpLoadConfig,
    requests: HttpRequests,
    tally: Tally,
    localAddress: string | undefined,
    onIdle: (client: HttpClient) => void,
  ) {
    this.#config = config;
    this.#requests = requests;
    this.#tally = tally;
    this.#localAddress = localAddress;
    this.#onIdle = onIdle;
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Sends a request, over a new connection where there is none. Its latency begins at `sinceMicros`. */
  ask(request: HttpRequest, sinceMicros: number): void {
    const deadlineMicros = nowMicroseconds() + this.#config.timeout * 1000;
    this.#waiting = { request, sinceMicros, deadlineMicros };
    this.#tally.sent[request.kind] = (this.#tally.sent[request.kind] ?? 0) + 1;
    this.#socket ??= this.#open();
    this.#socket.write(request.bytes);
  }

  /** Gives the request up where its time is over. */
  expire(nowMicros: number): void {
    if (this.#waiting !== undefined && this.#waiting.deadlineMicros <= nowMicros) this.#lose();
  }

  close(): void {
    this.#drop();
  }

  #open(): Socket {
    const { serverAddress, enableTls, tlsResumeShare } = this.#config;
    const target = { ...serverAddress, localAddress: this.#localAddress };
    const session = Math.random() < tlsResumeShare ? this.#session : undefined;
    const socket = enableTls
      ? this.#countHandshake(
          connectTls({ ...target, rejectUnauthorized: false, ...(session && { session }) }),
        )
      : connectPlain(target);
    socket.setNoDelay(true);
    socket.on("session", (ticket: Buffer) => {
      this.#session = ticket;
    });
    socket.on("data", (chunk: Buffer) => {
      if (socket === this.#socket) this.#read(chunk);
    });
    socket.on("error", () => {}); // "close" follows, and counts
    socket.on("close", () => {
      if (socket === this.#socket) this.#closed();
    });
    return socket;
  }

  #countHandshake(socket: TLSSocket): TLSSocket {
    socket.once("secureConnect", () => {
      if (socket.isSessionReused()) this.#tally.resumedHandshakes++;
      else this.#tally.fullHandshakes++;
    });
    return socket;
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#received = NOTHING;
    socket?.destroy();
  }

  #lose(): void {
    this.#tally.lost++;
    this.#waiting = undefined;
    this.#drop();
    this.#onIdle(this);
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    if (this.#waiting === undefined) {
      // Nobody asked.
      this.#tally.unknown++;
      this.#drop();
      return;
    }
    const head = readHead(this.#received);
    if (head === "malformed") this.#finish(undefined, 0);
    else if (head?.bodyBytes !== undefined && this.#received.length >= head.bytes + head.bodyBytes)
      this.#finish(head, head.bodyBytes);
    else if (this.#received.length > HEAD_BYTES_MAX + BODY_BYTES_MAX) this.#finish(undefined, 0);
  }

  /** The other side ended the connection: the end of an answer without a length, of an idle connection, or of a request. */
  #closed(): void {
    const head = readHead(this.#received);
    if (this.#waiting === undefined) this.#drop();
    else if (head !== undefined && head !== "malformed" && head.bodyBytes === undefined)
      this.#finish(head, this.#received.length - head.bytes);
    else this.#lose();
  }

  /** The answer is whole, or not an answer at all. */
  #finish(head: Head | undefined, bodyBytes: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    const received = this.#received;
    this.#received = NOTHING;
    const latency = Math.max(0, Math.round(nowMicroseconds() - waiting.sinceMicros));
    this.#tally.latencies.record(latency);
    if (head === undefined) this.#tally.malformed++;
    else {
      const end = head.bytes + bodyBytes;
      this.#requests.check(waiting.request, head.status, received.subarray(head.bytes, end));
      if (received.length > end) this.#tally.unknown++;
    }
    const isOver = head === undefined || head.closes || received.length > head.bytes + bodyBytes;
    if (isOver || !this.#config.keepAlive) this.#drop();
    this.#onIdle(this);
  }
}
