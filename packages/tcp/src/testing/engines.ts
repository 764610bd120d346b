/** Each engine of this package behind one interface, on a free port with a clock that tests move. For tests only. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { type Cidr, parseCidr } from "@swarmtide/bittorrent";
import { type HttpHandlerOptions, httpColumns } from "@swarmtide/http";
import { HttpResponse, latin1Text, parseHttpResponse, RESPONSE_OK } from "@swarmtide/http-protocol";
import { closeFd, linuxSupported, openTcpListener } from "@swarmtide/linux";
import { type Column, CounterTable, Histogram, RoundTimer } from "@swarmtide/metrics";
import {
  AccessList,
  Admission,
  AnnounceInterval,
  createSwarmStore,
  type SwarmStore,
} from "@swarmtide/swarm";
import { tcpCounters } from "../counters.ts";
import { EpollServer } from "../engines/epoll/hot/epoll-server.ts";
import { NetServer } from "../engines/net/net-server.ts";
import { makeSecureContext, readTlsFiles } from "../tls-files.ts";

export type EngineName = "epoll" | "net" | "tls";

export const ENGINES: readonly EngineName[] = linuxSupported()
  ? ["epoll", "net", "tls"]
  : ["net", "tls"];

export interface EngineSettings {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly trusted?: readonly string[];
  readonly proxyProtocol?: boolean;
  readonly connectionsMax?: number;
  readonly connectionsPerAddressMax?: number;
  /** Descriptors from this number on are not for connections. */
  readonly fdsEnd?: number;
  readonly handler?: Partial<HttpHandlerOptions>;
  readonly onUpgrade?: (target: number | Socket, address: Uint8Array, bytes: Uint8Array) => void;
}

export interface RunningEngine {
  readonly port: number;
  readonly store: SwarmStore;
  count(column: Column<"tcp">): number;
  connectionCount(): number;
  /** Moves the clock and lets the engine look at its deadlines. */
  advance(milliseconds: number): void;
  stop(): Promise<void>;
  readonly server: EpollServer | NetServer;
}

export const REQUEST_TIMEOUT = 10_000;
export const IDLE_TIMEOUT = 120_000;
export const HANDSHAKE_TIMEOUT = 5_000;

export const testdata = (name: string) =>
  fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));

export const testContext = () =>
  makeSecureContext(readTlsFiles(testdata("ec.crt"), testdata("ec-pkcs8.key")), undefined);

export async function startEngine(
  name: EngineName,
  settings: EngineSettings = {},
): Promise<RunningEngine> {
  const store = createSwarmStore({ memoryBytesMax: 16 << 20 });
  const counters = CounterTable.create(tcpCounters, 1);
  const latency = Histogram.create({ rows: 1 });
  let now = 1000;
  const trustedProxies = (settings.trusted ?? [])
    .map(parseCidr)
    .filter((cidr): cidr is Cidr => cidr !== undefined);
  const options = {
    handler: handlerOptions(store, trustedProxies, settings),
    requestBytesMax: 8192,
    trustedProxies,
    proxyProtocol: settings.proxyProtocol ?? false,
    connectionsMax: settings.connectionsMax ?? 10_000,
    connectionsPerAddressMax: settings.connectionsPerAddressMax ?? 10_000,
    fdsEnd: settings.fdsEnd ?? Number.POSITIVE_INFINITY,
    requestTimeoutMilliseconds: REQUEST_TIMEOUT,
    idleTimeoutMilliseconds: IDLE_TIMEOUT,
    handshakeTimeoutMilliseconds: HANDSHAKE_TIMEOUT,
    counters: counters.row(0),
    rounds: new RoundTimer(latency.row(0), 50, now),
    nowMilliseconds: () => now,
    ...(settings.onUpgrade === undefined ? {} : { onUpgrade: settings.onUpgrade }),
  };
  const common = {
    store,
    count: (column: Column<"tcp">) => counters.sum(column),
  };
  if (name === "epoll") {
    const listener = openTcpListener({
      family: 4,
      address: Uint8Array.of(127, 0, 0, 1),
      port: settings.port ?? 0,
      backlog: 1024,
    });
    const server = new EpollServer({ ...options, listenerFds: [listener.fd] });
    const pump = startPump(server);
    return {
      ...common,
      server,
      port: listener.port,
      connectionCount: () => server.connectionCount,
      advance: (milliseconds) => {
        now += milliseconds;
      },
      stop: async () => {
        await pump.stop();
        server.close();
        closeFd(listener.fd);
      },
    };
  }
  const server = await NetServer.start({
    ...options,
    listeners: [
      {
        key: "web.address_ipv4",
        isTls: name === "tls",
        at: { host: "127.0.0.1", port: settings.port ?? 0, backlog: 1024 },
      },
    ],
    secureContext: name === "tls" ? testContext() : undefined,
  });
  return {
    ...common,
    server,
    port: server.ports[0],
    connectionCount: () => server.connectionCount,
    advance: (milliseconds) => {
      now += milliseconds;
      server.sweep();
    },
    stop: () => server.stop(),
  };
}

export function handlerOptions(
  store: SwarmStore,
  trustedProxies: readonly Cidr[],
  settings: EngineSettings,
): HttpHandlerOptions {
  return {
    store,
    admission: new Admission(AccessList.attach(AccessList.build({ mode: "off" }))),
    counters: CounterTable.create(httpColumns.httpCounters, 1).familyRows(0),
    responsePeersMax: 50,
    scrapeTorrentsMax: 100,
    interval: new AnnounceInterval(900, 1, 0),
    minIntervalSeconds: 300,
    requestBytesMax: 8192,
    headersMax: 64,
    requestsPerConnectionMax: 1_000_000,
    trustedProxies,
    forwardedHeaderName: "X-Forwarded-For",
    upgradesWebSockets: settings.onUpgrade !== undefined,
    ...settings.handler,
  };
}

/** Serves rounds between the turns of this thread's event loop, on which the test's clients live. */
function startPump(server: EpollServer): { stop(): Promise<void> } {
  let isRunning = true;
  const ended = (async () => {
    while (isRunning) {
      server.serveRound(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    stop: () => {
      isRunning = false;
      return ended;
    },
  };
}

/** A client that keeps what it receives. */
export class TestClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  readonly #answers: { status: number; text: string }[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #onChange: (() => void) | undefined;

  /** Connects; for "tls" the promise is fulfilled after the handshake. */
  static async connect(
    engine: EngineName,
    port: number,
    before?: Uint8Array,
    localAddress = "127.0.0.1",
  ): Promise<TestClient> {
    const raw = connectPlain({ port, host: "127.0.0.1", noDelay: true, localAddress });
    await new Promise<void>((resolve, reject) => {
      raw.once("error", reject);
      raw.once("connect", resolve);
    });
    raw.removeAllListeners("error");
    if (before !== undefined) raw.write(before);
    if (engine !== "tls") return new TestClient(raw);
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once("error", reject);
      secure.once("secureConnect", resolve);
    });
    secure.removeAllListeners("error");
    return new TestClient(secure);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#take(chunk);
      this.#onChange?.();
    });
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isClosed = true;
        this.#onChange?.();
        resolve();
      });
    });
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Bodies and statuses received so far. */
  answers(): readonly { status: number; text: string }[] {
    return this.#answers;
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
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  /** Waits until there are `count` answers; rejects when the connection ends before. */
  async receive(count: number): Promise<readonly { status: number; text: string }[]> {
    await this.#until(() => this.isClosed || this.answers().length >= count);
    const answers = this.answers();
    if (answers.length < count)
      throw new Error(`closed after ${answers.length} of ${count} answers: ${this.#rest}`);
    return answers;
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue())
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
  }
}

/** Turns of the event loop until something holds. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

export function get(target: string, ...headers: string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: t\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;
}

export function announce(letter: string, port: number, more = ""): string {
  return `/announce?info_hash=${letter.repeat(20)}&peer_id=${"p".repeat(20)}&port=${port}${more}`;
}
