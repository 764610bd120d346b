/**
 * A UDP tracker client (BEP 15) over a real socket. Writes and reads the bytes itself, as a witness against the tracker's
 * own codec, and asks again when nothing comes back, as clients do.
 */
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { within } from "./until.ts";

/** UDP may lose a datagram even on loopback, when a buffer is full. */
const RESEND_MILLISECONDS = 500;

const PROTOCOL_ID = Buffer.from("0000041727101980", "hex");
const ACTION_CONNECT = 0;
const ACTION_ANNOUNCE = 1;
const ACTION_ERROR = 3;

/** Where the transaction id stands: of a request, of a reply. */
const REQUEST_TRANSACTION_AT = 12;
const REPLY_TRANSACTION_AT = 4;

/** What an announce reply says. Peers are `address:port` texts, of IPv6 peers 32 hex digits and the port. */
export interface UdpAnnounceReply {
  readonly interval: number;
  readonly leechers: number;
  readonly seeders: number;
  readonly peers: readonly string[];
}

export class UdpClient {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #host: string;
  #connectionId: Buffer | undefined;

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
  }

  /** A client of the tracker at `127.0.0.1:3000` or `[::1]:3000`. */
  static async open(address: string): Promise<UdpClient> {
    const [, host = "", port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(address) ?? [];
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    socket.bind(0, isIPv6(host) ? "::1" : "127.0.0.1");
    await once(socket, "listening");
    return new UdpClient(socket, host, Number(port));
  }

  /** The reply to a request, which is sent until one with its transaction id comes. */
  async ask(request: Uint8Array): Promise<Buffer> {
    const id = Buffer.from(request.subarray(REQUEST_TRANSACTION_AT, REQUEST_TRANSACTION_AT + 4));
    const send = () => this.send(request);
    const timer = setInterval(send, RESEND_MILLISECONDS);
    try {
      send();
      for (;;) {
        const reply = await this.next();
        if (reply.subarray(REPLY_TRANSACTION_AT, REPLY_TRANSACTION_AT + 4).equals(id)) return reply;
      }
    } finally {
      clearInterval(timer);
    }
  }

  /** Sends what no reply is expected to. */
  send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, this.#host);
  }

  /** The next datagram that arrives. */
  async next(): Promise<Buffer> {
    const arrival = once(this.#socket, "message") as Promise<Buffer[]>;
    const [datagram] = await within(`${this.#host}:${this.#port} has sent a datagram`, arrival);
    return datagram ?? Buffer.alloc(0);
  }

  /** Announces, with a connection id asked for once; throws the tracker's message where it replies with an error. */
  async announce(infoHash: Buffer, port: number, left: bigint): Promise<UdpAnnounceReply> {
    this.#connectionId ??= (await this.#askFor(PROTOCOL_ID, ACTION_CONNECT)).subarray(8, 16);
    const body = Buffer.alloc(82);
    infoHash.copy(body, 0);
    randomBytes(20).copy(body, 20);
    body.writeBigUInt64BE(left, 48);
    body.writeInt32BE(-1, 76);
    body.writeUInt16BE(port, 80);
    const reply = await this.#askFor(this.#connectionId, ACTION_ANNOUNCE, body);
    if (reply.readUInt32BE(0) === ACTION_ERROR) throw new Error(reply.toString("latin1", 8));
    return {
      interval: reply.readUInt32BE(8),
      leechers: reply.readUInt32BE(12),
      seeders: reply.readUInt32BE(16),
      peers: readPeers(reply.subarray(20), isIPv6(this.#host) ? 16 : 4),
    };
  }

  close(): void {
    this.#socket.close();
  }

  #askFor(head: Buffer, action: number, body: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    return this.ask(Buffer.concat([head, Buffer.from([0, 0, 0, action]), randomBytes(4), body]));
  }
}

function readPeers(list: Buffer, addressBytes: 4 | 16): string[] {
  const peers: string[] = [];
  for (let at = 0; at < list.length; at += addressBytes + 2) {
    const address = list.subarray(at, at + addressBytes);
    const name = addressBytes === 4 ? address.join(".") : address.toString("hex");
    peers.push(`${name}:${list.readUInt16BE(at + addressBytes)}`);
  }
  return peers;
}
