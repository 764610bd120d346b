/** A client over a real socket, for tests: one request at a time, resent like a client's until an answer comes. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** UDP may lose a datagram even on loopback, when a buffer is full: as BEP 15 wants it, clients ask again. */
const RESEND_MILLISECONDS = 500;

export class UdpClient {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #host: string;

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
  }

  /** A client of the tracker at `address`, "127.0.0.1:3000" or "[::1]:3000". */
  static async open(address: string): Promise<UdpClient> {
    const colon = address.lastIndexOf(":");
    const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.bind(0, host.includes(":") ? "::1" : "127.0.0.1");
    await once(socket, "listening");
    return new UdpClient(socket, host, Number(address.slice(colon + 1)));
  }

  /** The answer to a request. */
  async ask(request: Uint8Array): Promise<Buffer> {
    const send = () => this.#socket.send(request, this.#port, this.#host);
    const timer = setInterval(send, RESEND_MILLISECONDS);
    try {
      send();
      const [reply] = await once(this.#socket, "message");
      return reply as Buffer;
    } finally {
      clearInterval(timer);
    }
  }

  /** Sends what no answer is expected to. */
  send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, this.#host);
  }

  /** The next datagram that arrives. */
  async next(): Promise<Buffer> {
    const [datagram] = await once(this.#socket, "message");
    return datagram as Buffer;
  }

  close(): void {
    this.#socket.close();
  }
}
