/** A small WebTorrent client over the `ws` package, for tests of the whole tracker. */
import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";
import { within } from "./until.ts";

export interface TrackerMessage {
  readonly action?: string;
  readonly info_hash?: string;
  readonly peer_id?: string;
  readonly offer?: { readonly type: string; readonly sdp: string };
  readonly answer?: { readonly type: string; readonly sdp: string };
  readonly offer_id?: string;
  readonly complete?: number;
  readonly incomplete?: number;
  readonly interval?: number;
  readonly "failure reason"?: string;
  readonly files?: Readonly<Record<string, { readonly complete: number; incomplete: number }>>;
}

/** Twenty characters that begin with the name. */
export const idOf = (name: string): string => name.padEnd(20, "_");

export class WebTorrentClient {
  readonly socket: WebSocket;
  readonly #peerId: string;
  readonly #messages: TrackerMessage[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket, name: string) {
    this.socket = socket;
    this.#peerId = idOf(name);
    socket.on("message", (data) => {
      this.#messages.push(JSON.parse(String(data)));
      this.#wake();
    });
  }

  /** Connects; rejects where the handshake is refused. */
  static async connect(url: string, name: string, options: ClientOptions = {}) {
    const socket = new WebSocket(url, { rejectUnauthorized: false, ...options });
    const client = new WebTorrentClient(socket, name);
    await once(socket, "open");
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Announces with `offers` offers whose ids begin with the client's name. */
  announce(torrent: string, { left = 1, offers = 0, event = "started" } = {}): void {
    this.send({
      action: "announce",
      info_hash: idOf(torrent),
      peer_id: this.#peerId,
      uploaded: 0,
      downloaded: 0,
      left,
      event,
      numwant: offers,
      offers: Array.from({ length: offers }, (_, i) => ({
        offer_id: idOf(`${this.#peerId.slice(0, 8)}${i}`),
        offer: { type: "offer", sdp: `offer of ${this.#peerId}` },
      })),
    });
  }

  answer(torrent: string, { peer_id, offer_id }: TrackerMessage): void {
    this.send({
      action: "announce",
      info_hash: idOf(torrent),
      peer_id: this.#peerId,
      to_peer_id: peer_id,
      offer_id,
      answer: { type: "answer", sdp: `answer of ${this.#peerId}` },
    });
  }

  /** The first message, from those come or to come, that fits; it is taken out. */
  async take(fits: (message: TrackerMessage) => boolean): Promise<TrackerMessage> {
    for (;;) {
      const index = this.#messages.findIndex(fits);
      const [message] = index < 0 ? [] : this.#messages.splice(index, 1);
      if (message !== undefined) return message;
      await within("the tracker has sent the message that fits", this.#arrival());
    }
  }

  #arrival(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const fail = (code: number) => reject(new Error(`closed with ${code}`));
      this.#wake = () => {
        this.socket.off("close", fail);
        resolve();
      };
      this.socket.once("close", fail);
    });
  }

  /** The reply to an announce. */
  reply(): Promise<TrackerMessage> {
    return this.take(({ complete }) => complete !== undefined);
  }

  /** The code with which the tracker closes, or has closed. */
  async closeCode(): Promise<number> {
    const [code] = await within("the tracker has closed the socket", once(this.socket, "close"));
    return Number(code);
  }
}
