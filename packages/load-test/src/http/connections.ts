/**
 * Connections of HTTP clients: of Node, or of the kernel itself where that can be (Linux, no TLS). The latter are read and
 * written by `PolledConnections.poll`, one system call each, and fill a tracker that Node's do not. One load owns them.
 */
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  ConnectionPoller,
  closeConnection,
  EAGAIN,
  ENOTCONN,
  type IpFamily,
  NativeMemory,
  openTcpConnection,
  POLL_READABLE,
  POLL_WRITABLE,
  receiveBytes,
  SyscallError,
  sendBytes,
} from "@swarmtide/linux";

/** What a connection tells its client. */
export interface ConnectionEvents {
  /** The bytes are the client's until it returns. */
  readonly onData: (bytes: Buffer) => void;
  /** Once, whoever ended it. */
  readonly onClose: () => void;
}

export interface ClientConnection {
  /** The bytes have to stay as they are until the next `poll`. */
  write(bytes: Uint8Array): void;
  destroy(): void;
}

/** Over Node, plain or TLS. */
export interface NodeConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly tls:
    | {
        readonly session: Buffer | undefined;
        readonly onSession: (session: Buffer) => void;
        readonly onHandshake: (isResumed: boolean) => void;
      }
    | undefined;
}

export function openNodeConnection(
  { host, port, localAddress, tls }: NodeConnectionOptions,
  { onData, onClose }: ConnectionEvents,
): ClientConnection {
  const target = { host, port, localAddress };
  const connectSecured = () => {
    const session = tls?.session;
    const secured = connectTls({
      ...target,
      rejectUnauthorized: false,
      ...(session && { session }),
    });
    secured.once("secureConnect", () => tls?.onHandshake(secured.isSessionReused()));
    secured.on("session", (ticket: Buffer) => tls?.onSession(ticket));
    return secured;
  };
  const socket = tls === undefined ? connectPlain(target) : connectSecured();
  socket.setNoDelay(true);
  socket.on("data", onData);
  socket.on("error", () => {}); // "close" follows, and counts
  socket.on("close", onClose);
  return {
    write: (bytes) => void socket.write(Buffer.from(bytes)),
    destroy: () => void socket.destroy(),
  };
}

const EVENTS_MAX = 256;
const RECEIVE_BYTES = 1 << 16;
const SEND_BYTES_MAX = 1 << 16;

export interface PolledTarget {
  readonly family: IpFamily;
  readonly address: Uint8Array;
  readonly port: number;
}

export class PolledConnections {
  readonly #target: PolledTarget;
  readonly #poller = new ConnectionPoller(EVENTS_MAX);
  readonly #incoming = new NativeMemory(RECEIVE_BYTES);
  readonly #outgoing = new NativeMemory(SEND_BYTES_MAX);
  readonly #received = Buffer.from(
    this.#incoming.bytes.buffer,
    this.#incoming.bytes.byteOffset,
    RECEIVE_BYTES,
  );
  readonly #connections: (PolledConnection | undefined)[] = [];
  readonly #outbox = new Outbox();

  constructor(target: PolledTarget) {
    this.#target = target;
  }

  /** Opens one from this address; all zeros leave the choice to the system. A failure is told by `onClose`. */
  open(source: Uint8Array, events: ConnectionEvents): ClientConnection {
    const { family, address, port } = this.#target;
    const fd = openTcpConnection({ family, source, target: address, port });
    const connection = new PolledConnection(fd, this.#poller, this.#outgoing, this.#outbox, events);
    this.#connections[fd] = connection;
    return connection;
  }

  /** Reads what has come on all of them, then sends what their clients ask next. */
  poll(timeoutMilliseconds: number): void {
    const count = this.#poller.wait(timeoutMilliseconds);
    this.#outbox.isOpen = true;
    for (let index = 0; index < count; index++) {
      const fd = this.#poller.eventData(index);
      const connection = this.#connections[fd];
      if (connection === undefined || !connection.isOpen) continue;
      if (connection.isUnsent && (this.#poller.eventFlags(index) & POLL_WRITABLE) !== 0)
        connection.flush();
      if (connection.isOpen && (this.#poller.eventFlags(index) & ~POLL_WRITABLE) !== 0)
        this.#receive(fd, connection);
    }
    this.#outbox.send();
  }

  close(): void {
    this.#poller.close();
  }

  #receive(fd: number, connection: PolledConnection): void {
    const count = receiveBytes(fd, this.#incoming, 0, RECEIVE_BYTES);
    if (count > 0) connection.events.onData(this.#received.subarray(0, count));
    else if (count !== -EAGAIN) connection.end();
  }
}

/**
 * What clients write while answers are read. Sent one after the other they wake the tracker once for many: 122,000 answers a
 * second out of the floor of `npm run bench:testers` instead of 109,000 (medians of four runs in turns, aquatic's tester beside them
 * 114,000 and 117,000).
 */
class Outbox {
  /** Whether what is written waits here. */
  isOpen = false;
  readonly #connections: PolledConnection[] = [];
  readonly #requests: Uint8Array[] = [];

  add(connection: PolledConnection, bytes: Uint8Array): void {
    this.#connections.push(connection);
    this.#requests.push(bytes);
  }

  send(): void {
    this.isOpen = false;
    for (let index = 0; index < this.#connections.length; index++) {
      const bytes = this.#requests[index];
      if (bytes !== undefined) this.#connections[index]?.write(bytes);
    }
    this.#connections.length = 0;
    this.#requests.length = 0;
  }
}

class PolledConnection implements ClientConnection {
  readonly events: ConnectionEvents;
  isOpen = true;
  /** What waits for the connection to be there. */
  #unsent: Uint8Array | undefined;
  readonly #fd: number;
  readonly #poller: ConnectionPoller;
  readonly #outgoing: NativeMemory;
  readonly #outbox: Outbox;

  constructor(
    fd: number,
    poller: ConnectionPoller,
    outgoing: NativeMemory,
    outbox: Outbox,
    events: ConnectionEvents,
  ) {
    this.#fd = fd;
    this.#poller = poller;
    this.#outgoing = outgoing;
    this.#outbox = outbox;
    this.events = events;
    const status = poller.add(fd, fd, POLL_READABLE);
    if (status < 0) throw new SyscallError("epoll_ctl", -status);
  }

  get isUnsent(): boolean {
    return this.#unsent !== undefined;
  }

  write(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#outbox.isOpen) {
      this.#outbox.add(this, bytes);
      return;
    }
    this.#outgoing.bytes.set(bytes);
    const sent = sendBytes(this.#fd, this.#outgoing, 0, bytes.length);
    if (sent === bytes.length) return;
    // A request is shorter than any send buffer: either the connection is not there yet, or it is over.
    if (sent === -EAGAIN || sent === -ENOTCONN) {
      this.#unsent = Uint8Array.from(bytes);
      this.#poller.modify(this.#fd, this.#fd, POLL_READABLE | POLL_WRITABLE);
    } else queueMicrotask(() => this.end());
  }

  /** The connection is there: sends what waited. */
  flush(): void {
    const bytes = this.#unsent;
    this.#unsent = undefined;
    this.#poller.modify(this.#fd, this.#fd, POLL_READABLE);
    if (bytes !== undefined) this.write(bytes);
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeConnection(this.#fd);
  }

  /** The other side has ended it. */
  end(): void {
    if (!this.isOpen) return;
    this.destroy();
    this.events.onClose();
  }
}
