/**
 * A UDP tracker client for tests (BEP 15). Writes and reads the bytes itself, as a witness against the tracker's own
 * codec, and asks again when nothing comes back, as clients do.
 */
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";

const RETRY_MILLISECONDS = 500;
const TRIES = 20;

/** What an announce reply says. Peers are `address:port` texts, of IPv6 peers 36 hex digits. */
export interface AnnounceAnswer {
  readonly interval: number;
  readonly leechers: number;
  readonly seeders: number;
  readonly peers: readonly string[];
}

export class UdpClient {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #host: string;
  #connectionId: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
  }

  /** A client with a connection id of the tracker at `127.0.0.1:3000` or `[::1]:3000`. */
  static async open(address: string): Promise<UdpClient> {
    const [, host = "", port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(address) ?? [];
    const client = new UdpClient(createSocket(isIPv6(host) ? "udp6" : "udp4"), host, Number(port));
    const reply = await client.ask(Buffer.from("0000041727101980", "hex"), 0, Buffer.alloc(0));
    client.#connectionId = reply.subarray(8, 16);
    return client;
  }

  /** Sends `head`, the action, a transaction id and `body` until the answer to it comes. */
  async ask(head: Buffer, action: number, body: Buffer): Promise<Buffer> {
    const transactionId = randomBytes(4);
    const request = Buffer.concat([head, Buffer.from([0, 0, 0, action]), transactionId, body]);
    for (let tries = 0; tries < TRIES; tries++) {
      this.#socket.send(request, this.#port, this.#host);
      try {
        const signal = AbortSignal.timeout(RETRY_MILLISECONDS);
        const [reply]: Buffer[] = await once(this.#socket, "message", { signal });
        if (reply?.subarray(4, 8).equals(transactionId)) return reply;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "AbortError") throw error;
      }
    }
    throw new Error(`no answer from ${this.#host}:${this.#port}`);
  }

  /** Announces; throws the tracker's message where it answers with an error. */
  async announce(infoHash: Buffer, port: number, left: bigint): Promise<AnnounceAnswer> {
    const body = Buffer.alloc(82);
    infoHash.copy(body, 0);
    randomBytes(20).copy(body, 20);
    body.writeBigUInt64BE(left, 48);
    body.writeInt32BE(-1, 76);
    body.writeUInt16BE(port, 80);
    const reply = await this.ask(this.#connectionId, 1, body);
    if (reply.readUInt32BE(0) === 3) throw new Error(reply.toString("latin1", 8));
    const peerBytes = isIPv6(this.#host) ? 18 : 6;
    const peers: string[] = [];
    for (let at = 20; at < reply.length; at += peerBytes) {
      const host = reply.subarray(at, at + peerBytes - 2);
      const name = peerBytes === 6 ? host.join(".") : host.toString("hex");
      peers.push(`${name}:${reply.readUInt16BE(at + peerBytes - 2)}`);
    }
    return {
      interval: reply.readUInt32BE(8),
      leechers: reply.readUInt32BE(12),
      seeders: reply.readUInt32BE(16),
      peers,
    };
  }

  close(): void {
    this.#socket.close();
  }
}
