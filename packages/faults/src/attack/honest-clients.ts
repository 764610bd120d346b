/**
 * WebTorrent clients that keep the rules while others attack: each second one makes an offer and another answers it, and every
 * few seconds a newcomer joins another of their torrents and leaves. Whatever does not come within the patience of a client is lost.
 */
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";

const INTERVAL_MILLISECONDS = 1000;
const NEWCOMER_EVERY = 5;
const PATIENCE_MILLISECONDS = 10_000;

export interface HonestReport {
  /** Replies, answers and newcomers' replies that were due, and those that have not come. */
  readonly due: number;
  readonly lost: number;
  readonly longestMilliseconds: number;
  /** The names of what is lost. */
  readonly missing: readonly string[];
}

interface Message {
  readonly offer?: unknown;
  readonly offer_id?: string;
  readonly peer_id?: string;
  readonly answer?: unknown;
  readonly complete?: number;
}

const idOf = (name: string): string => name.padEnd(20, "_");
/** Offers and answers go through the one; into the other newcomers come, who answer nothing. */
const MEETING = idOf("meeting");
const LOBBY = idOf("lobby");

class HonestClient {
  readonly socket: WebSocket;
  readonly #name: string;

  constructor(url: string, name: string, take: (message: Message) => void) {
    this.#name = name;
    this.socket = new WebSocket(url);
    this.socket.on("error", () => this.socket.terminate());
    this.socket.on("message", (data) => take(JSON.parse(String(data))));
  }

  announce(more: object): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const ids = { info_hash: MEETING, peer_id: idOf(this.#name) };
    this.socket.send(JSON.stringify({ action: "announce", ...ids, left: 1, ...more }));
  }
}

export class HonestClients {
  readonly #url: string;
  readonly #maker: HonestClient;
  readonly #answerer: HonestClient;
  /** What is due, by a name of its own, and since when. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #rounds = 0;
  #due = 0;
  #longestMilliseconds = 0;

  constructor(url: string) {
    this.#url = url;
    this.#maker = new HonestClient(url, "maker", ({ answer, offer_id, complete }) => {
      if (answer !== undefined) this.#come(`answer ${offer_id}`);
      if (complete !== undefined) this.#come("reply");
    });
    this.#answerer = new HonestClient(url, "answerer", ({ offer, offer_id, peer_id }) => {
      if (offer === undefined) return;
      const answer = { type: "answer", sdp: "v=0" };
      this.#answerer.announce({ offer_id, to_peer_id: peer_id, answer });
    });
  }

  async start(): Promise<void> {
    const sockets = [this.#maker.socket, this.#answerer.socket];
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    // Two from the beginning: who is alone in a torrent gives way where the budget is full.
    this.#answerer.announce({});
    this.#answerer.announce({ info_hash: LOBBY });
    this.#maker.announce({ event: "started" });
    this.#maker.announce({ info_hash: LOBBY });
    this.#expect("reply");
    this.#expect("reply");
    this.#timer = setInterval(() => this.#round(), INTERVAL_MILLISECONDS);
  }

  #round(): void {
    const number = this.#rounds++;
    const offer_id = idOf(`offer ${number}`);
    this.#expect("reply");
    this.#expect(`answer ${offer_id}`);
    const offers = [{ offer_id, offer: { type: "offer", sdp: "v=0" } }];
    this.#maker.announce({ numwant: 1, offers });
    if (number % NEWCOMER_EVERY === 0) void this.#newcomer(`newcomer ${number}`);
  }

  async #newcomer(name: string): Promise<void> {
    this.#expect(name);
    const client = new HonestClient(this.#url, name, ({ complete }) => {
      if (complete === undefined) return;
      this.#come(name);
      client.socket.terminate();
    });
    await once(client.socket, "open").catch(() => undefined);
    client.announce({ info_hash: LOBBY });
  }

  #expect(what: string): void {
    this.#due++;
    // A reply that has not come while the next is due is lost, unless both come.
    this.#waiting.set(this.#waiting.has(what) ? `${what} #${this.#due}` : what, performance.now());
  }

  #come(what: string): void {
    const key = [...this.#waiting.keys()].find(
      (name) => name === what || name.startsWith(`${what} #`),
    );
    const since = key === undefined ? undefined : this.#waiting.get(key);
    if (key === undefined || since === undefined) return;
    this.#waiting.delete(key);
    const milliseconds = Math.round(performance.now() - since);
    this.#longestMilliseconds = Math.max(this.#longestMilliseconds, milliseconds);
  }

  /** Waits for what is still due. */
  async stop(): Promise<HonestReport> {
    clearInterval(this.#timer);
    const end = performance.now() + PATIENCE_MILLISECONDS;
    while (this.#waiting.size > 0 && performance.now() < end) await wait(20);
    this.#maker.socket.terminate();
    this.#answerer.socket.terminate();
    return {
      due: this.#due,
      lost: this.#waiting.size,
      longestMilliseconds: this.#longestMilliseconds,
      missing: [...this.#waiting.keys()],
    };
  }
}
