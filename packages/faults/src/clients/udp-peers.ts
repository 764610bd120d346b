/**
 * Announces and scrapes of many UDP peers over one socket (BEP 15), as many at a time as wanted, and datagrams that nobody
 * answers. Writes and reads the bytes itself, as a witness against the tracker's own codec.
 */
import { randomFillSync } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

const PROTOCOL_ID = Buffer.from("0000041727101980", "hex");
const CONNECT = 0;
const ANNOUNCE = 1;
const SCRAPE = 2;
const ERROR = 3;
const ANNOUNCE_BYTES = 98;
const RECEIVE_BUFFER_BYTES = 8 << 20;
/** Each try waits for so long; a peer that is to be patient sends the same datagram again, as clients do (BEP 15). */
const TRY_MILLISECONDS = 2000;
/** The tracker keeps an id valid for two minutes. */
const CONNECTION_MILLISECONDS = 60_000;
const STOPPED = 3;
const TOGETHER = 200;

export interface UdpAnnounce {
  readonly infoHash: Uint8Array;
  readonly port: number;
  readonly left?: number;
  readonly isStopped?: boolean;
}

/** What is heard: undefined where no reply came in time. */
export type UdpReply =
  | { readonly kind: "reply"; readonly bytes: Buffer }
  | { readonly kind: "error"; readonly message: string }
  | undefined;

export class UdpPeers {
  /** Requests without a reply in time. */
  lost = 0;
  answered = 0;
  /** Requests that were sent again before they were answered or given up. */
  sentAgain = 0;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #tries: number;
  readonly #waiting = new Map<number, (reply: UdpReply) => void>();
  #transaction = 1;
  #connectionId = Buffer.alloc(8);
  #connectedAt = Number.NEGATIVE_INFINITY;

  private constructor(socket: Socket, port: number, tries: number) {
    this.#socket = socket;
    this.#port = port;
    this.#tries = tries;
    socket.on("message", (bytes) => this.#take(bytes));
  }

  /** Peers of the tracker at a port of 127.0.0.1, from another address where `from` says so. */
  static async open(port: number, from = "127.0.0.1", tries = 1): Promise<UdpPeers> {
    const socket = createSocket({ type: "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
    socket.bind(0, from);
    await once(socket, "listening");
    return new UdpPeers(socket, port, tries);
  }

  close(): void {
    this.#socket.close();
  }

  /** Leechers and seeders that the reply counts; undefined without one, a text where it is an error. */
  async announce(announce: UdpAnnounce) {
    const reply = await this.#ask(ANNOUNCE, await this.#announceBytes(announce));
    if (reply?.kind !== "reply") return reply?.message;
    return { leechers: reply.bytes.readUInt32BE(12), seeders: reply.bytes.readUInt32BE(16) };
  }

  /** How many peers the reply lists; -1 without one. */
  async announcedPeers(announce: UdpAnnounce): Promise<number> {
    const reply = await this.#ask(ANNOUNCE, await this.#announceBytes(announce));
    return reply?.kind === "reply" ? (reply.bytes.length - 20) / 6 : -1;
  }

  async scrape(infoHash: Uint8Array) {
    await this.#connect();
    const reply = await this.#ask(SCRAPE, this.#request(SCRAPE, infoHash));
    if (reply?.kind !== "reply") return undefined;
    return { seeders: reply.bytes.readUInt32BE(8), leechers: reply.bytes.readUInt32BE(16) };
  }

  /** Announces of a new peer for each info hash, twenty bytes each, that nobody waits for. */
  async flood(infoHashes: Uint8Array): Promise<void> {
    const template = await this.#announceBytes({
      infoHash: infoHashes.subarray(0, 20),
      port: 6881,
    });
    for (let at = 0; at < infoHashes.length; at += 20) {
      const datagram = Buffer.from(template);
      datagram.set(infoHashes.subarray(at, at + 20), 16);
      this.#socket.send(datagram, this.#port, "127.0.0.1");
    }
  }

  /** So many peers of one torrent, with one port each; each is asked for until it is answered, some hundred at a time. */
  async announceAll(infoHash: Uint8Array, firstPort: number, count: number): Promise<void> {
    let next = 0;
    const one = async () => {
      while (next < count) {
        const port = firstPort + next++;
        while (typeof (await this.announce({ infoHash, port })) !== "object");
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, one));
  }

  /** Bytes that mean nothing. */
  sendGarbage(bytes: number): void {
    this.#socket.send(randomFillSync(Buffer.alloc(bytes)), this.#port, "127.0.0.1");
  }

  async #announceBytes({ infoHash, port, left = 1, isStopped = false }: UdpAnnounce) {
    await this.#connect();
    const body = Buffer.alloc(ANNOUNCE_BYTES - 16);
    body.set(infoHash, 0);
    body.write(`-ST0001-${String(port).padStart(12, "0")}`, 20, "latin1");
    body.writeBigUInt64BE(BigInt(left), 48);
    body.writeInt32BE(isStopped ? STOPPED : 0, 64);
    body.writeInt32BE(-1, 76);
    body.writeUInt16BE(port, 80);
    return this.#request(ANNOUNCE, body);
  }

  #request(action: number, body: Uint8Array, head: Uint8Array = this.#connectionId): Buffer {
    const request = Buffer.alloc(16 + body.length);
    request.set(head, 0);
    request.writeUInt32BE(action, 8);
    this.#transaction = (this.#transaction + 1) >>> 0;
    request.writeUInt32BE(this.#transaction, 12);
    request.set(body, 16);
    return request;
  }

  async #connect(): Promise<void> {
    const now = performance.now();
    if (now - this.#connectedAt < CONNECTION_MILLISECONDS) return;
    const reply = await this.#ask(CONNECT, this.#request(CONNECT, Buffer.alloc(0), PROTOCOL_ID));
    if (reply?.kind !== "reply") return;
    this.#connectionId = Buffer.from(reply.bytes.subarray(8, 16));
    this.#connectedAt = now;
  }

  #ask(action: number, request: Buffer): Promise<UdpReply> {
    const transaction = request.readUInt32BE(12);
    return new Promise((resolve) => {
      let tries = 0;
      const settle = (reply: UdpReply) => {
        clearInterval(timer);
        this.#waiting.delete(transaction);
        if (reply === undefined) this.lost++;
        else this.answered++;
        const isExpected = reply?.kind !== "reply" || reply.bytes.readUInt32BE(0) === action;
        resolve(isExpected ? reply : { kind: "error", message: "a reply of another kind" });
      };
      const send = () => this.#socket.send(request, this.#port, "127.0.0.1");
      const timer = setInterval(() => {
        if (++tries >= this.#tries) return settle(undefined);
        this.sentAgain++;
        send();
      }, TRY_MILLISECONDS);
      this.#waiting.set(transaction, settle);
      send();
    });
  }

  #take(bytes: Buffer): void {
    const settle = this.#waiting.get(bytes.readUInt32BE(4));
    if (bytes.readUInt32BE(0) !== ERROR) settle?.({ kind: "reply", bytes });
    else settle?.({ kind: "error", message: bytes.toString("latin1", 8) });
  }
}
