/**
 * Clients of the overload bench, on its own thread: connections that are kept, each with one request at a time, and connections
 * for one request. Who is not answered for some steps gives up.
 */
import type { Socket } from "node:net";

/** Of each family; a request that finds all of them waiting is not sent: its client has to wait for its turn. */
const KEPT = { 4: 400, 6: 100 };
const HOST = { 4: "127.0.0.1", 6: "::1" };

/** What is known of a request. */
export interface Ask {
  /** The row it counts in; -1 for none. */
  readonly row: number;
  readonly atMilliseconds: number;
}

interface Kept {
  readonly socket: Socket;
  ask: Ask | undefined;
}

export interface OverloadClientsOptions {
  readonly ports: Readonly<Record<4 | 6, number>>;
  /** Opens a connection: over TCP, or with TLS on it. */
  readonly open: (target: { readonly host: string; readonly port: number }) => Socket;
  /** Steps after which a client of one request gives up. */
  readonly patienceSteps: number;
  /** Called with each answer. */
  readonly take: (ask: Ask, isRefused: boolean) => void;
}

export class OverloadClients {
  /** Requests that are sent and not answered. */
  waiting = 0;
  readonly #options: OverloadClientsOptions;
  readonly #kept: Record<4 | 6, Kept[]> = { 4: [], 6: [] };
  /** Kept connections without a request. */
  readonly #idle: Record<4 | 6, Kept[]> = { 4: [], 6: [] };
  /** Connections for one request, by the step they began in. */
  readonly #fresh: Set<Socket>[] = [new Set()];

  constructor(options: OverloadClientsOptions) {
    this.#options = options;
    for (const family of [4, 6] as const)
      while (this.#kept[family].length < KEPT[family]) this.#keep(family);
  }

  ask(family: 4 | 6, isKept: boolean, target: string, ask: Ask): void {
    if (!isKept) {
      this.#askOnce(family, target, ask);
      return;
    }
    const kept = this.#idle[family].shift();
    if (kept === undefined) return;
    kept.ask = ask;
    this.waiting++;
    kept.socket.write(`GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`);
  }

  /** Lets those give up that have waited for too long. */
  endStep(): void {
    this.#fresh.push(new Set());
    if (this.#fresh.length <= this.#options.patienceSteps) return;
    for (const socket of this.#fresh.shift() ?? []) socket.destroy();
  }

  close(): void {
    for (const sockets of this.#fresh) for (const socket of sockets) socket.destroy();
    for (const family of [4, 6] as const)
      for (const { socket } of this.#kept[family]) socket.destroy();
  }

  #open(family: 4 | 6): Socket {
    const { open, ports } = this.#options;
    return open({ host: HOST[family], port: ports[family] });
  }

  #keep(family: 4 | 6): void {
    const socket = this.#open(family);
    const kept: Kept = { socket, ask: undefined };
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      const { ask } = kept;
      kept.ask = undefined;
      if (ask === undefined) return;
      this.waiting--;
      this.#options.take(ask, isRefusal(bytes));
      this.#idle[family].push(kept);
    });
    this.#kept[family].push(kept);
    this.#idle[family].push(kept);
  }

  #askOnce(family: 4 | 6, target: string, ask: Ask): void {
    const sockets = this.#fresh.at(-1);
    const socket = this.#open(family);
    sockets?.add(socket);
    this.waiting++;
    let isAnswered = false;
    socket.on("error", () => socket.destroy());
    socket.once("data", (bytes) => {
      isAnswered = true;
      this.#options.take(ask, isRefusal(bytes));
      socket.destroy();
    });
    socket.once("close", () => {
      this.waiting--;
      sockets?.delete(socket);
      if (!isAnswered) socket.removeAllListeners();
    });
    socket.write(`GET ${target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`);
  }
}

/** Whether an answer is the failure of a worker that is behind. */
const isRefusal = (bytes: Buffer): boolean => bytes.includes("tracker is busy");
