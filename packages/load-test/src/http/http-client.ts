/** One HTTP client of a load: a connection, one request at a time. Owned by the load that made it. */
import { SyscallError } from "@swarmtide/linux";
import { nowMicroseconds, type Tally } from "../tally.ts";
import { BODY_BYTES_MAX, HEAD_BYTES_MAX, type Head, readHead } from "./answer-head.ts";
import type { HttpLoadConfig } from "./config.ts";
import type { ClientConnection, ConnectionEvents } from "./connections.ts";
import type { HttpRequest, HttpRequests } from "./http-requests.ts";

const NOTHING = Buffer.alloc(0);

interface Waiting {
  readonly request: HttpRequest;
  readonly sinceMicros: number;
  readonly deadlineMicros: number;
}

/** Opens a connection for a client, which may come back with a TLS session. Throws where that fails at once. */
export type OpenConnection = (
  events: ConnectionEvents,
  session: Buffer | undefined,
  onSession: (session: Buffer) => void,
) => ClientConnection;

export class HttpClient {
  readonly #config: HttpLoadConfig;
  readonly #requests: HttpRequests;
  readonly #tally: Tally;
  readonly #open: OpenConnection;
  readonly #onIdle: (client: HttpClient, wasAnswered: boolean) => void;
  #connection: ClientConnection | undefined;
  #session: Buffer | undefined;
  #received: Buffer = NOTHING;
  #waiting: Waiting | undefined;

  constructor(
    config: HttpLoadConfig,
    requests: HttpRequests,
    tally: Tally,
    open: OpenConnection,
    onIdle: (client: HttpClient, wasAnswered: boolean) => void,
  ) {
    this.#config = config;
    this.#requests = requests;
    this.#tally = tally;
    this.#open = open;
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
    this.#connection ??= this.#connect();
    if (this.#connection === undefined) this.#lose();
    else this.#connection.write(request.bytes);
  }

  /** Gives the request up where its time is over. */
  expire(nowMicros: number): void {
    if (this.#waiting !== undefined && this.#waiting.deadlineMicros <= nowMicros) this.#lose();
  }

  close(): void {
    this.#drop();
  }

  /** Undefined where it fails at once. */
  #connect(): ClientConnection | undefined {
    const isResuming = Math.random() < this.#config.tlsResumeShare;
    try {
      const connection: ClientConnection = this.#open(
        {
          onData: (bytes) => {
            if (connection === this.#connection) this.#read(bytes);
          },
          onClose: () => {
            if (connection === this.#connection) this.#closed();
          },
        },
        isResuming ? this.#session : undefined,
        (session) => {
          this.#session = session;
        },
      );
      return connection;
    } catch (error) {
      if (error instanceof SyscallError) return undefined;
      throw error;
    }
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#received = NOTHING;
    connection?.destroy();
  }

  #lose(): void {
    this.#tally.lost++;
    this.#waiting = undefined;
    this.#drop();
    this.#onIdle(this, false);
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
    // The chunk is lent: what is to be kept is copied.
    else if (this.#received === chunk) this.#received = Buffer.from(chunk);
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
    this.#onIdle(this, true);
  }
}
