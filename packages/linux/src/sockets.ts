/**
 * Opening sockets: the calls before the first packet. The main thread opens every socket and hands the file
 * descriptors to its workers, so that a failure is reported before anything starts.
 *
 * See socket(7), udp(7), ip(7), ipv6(7). Everything here throws SyscallError and leaves no descriptor behind.
 */
import { EADDRINUSE, EINPROGRESS } from "./errno.ts";
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import {
  addressFamily,
  describeSocketAddress,
  type IpFamily,
  readSocketPort,
  writeSocketAddress,
} from "./socket-address.ts";
import {
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./socket-numbers.ts";
import { SyscallError } from "./syscall-error.ts";
import { findTcpListener } from "./tcp-listeners.ts";

const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/** Where a socket listens. */
interface SocketPlace {
  readonly family: IpFamily;
  /** 4 or 16 bytes; all zero for every address of the machine. */
  readonly address: Uint8Array;
  /** 0 lets the kernel choose; the result says which. */
  readonly port: number;
  /** Several sockets of this user may share the port; the kernel spreads senders over them. Default false. */
  readonly reusePort?: boolean;
  /** An IPv6 socket takes no IPv4 (v4-mapped) traffic. Default true. */
  readonly onlyIpv6?: boolean;
}

export interface UdpSocketOptions extends SocketPlace {
  /** Wanted receive buffer; 0 or absent keeps the default of the system. */
  readonly receiveBufferBytes?: number;
  /** Report the local address of each datagram, so that replies leave from it. For wildcard addresses. Default false. */
  readonly packetInfo?: boolean;
  /**
   * Makes the socket a blocking one whose `DatagramBatch.receiveWaiting` ends after this time. Absent or 0: the socket
   * does not block at all.
   */
  readonly receiveTimeoutMilliseconds?: number;
}

export interface UdpSocket {
  readonly fd: number;
  readonly port: number;
  /**
   * The receive buffer granted, in the measure it is asked for: less than asked means net.core.rmem_max capped it.
   * (The kernel reports twice as much because it counts its own bookkeeping; that is taken off here.)
   */
  readonly receiveBufferBytes: number;
}

export interface TcpListenerOptions extends SocketPlace {
  /** Connections that may wait to be accepted; capped by net.core.somaxconn. */
  readonly backlog: number;
}

export interface TcpListener {
  readonly fd: number;
  readonly port: number;
}

/** A bound UDP socket. */
export function openUdpSocket(options: UdpSocketOptions): UdpSocket {
  const timeoutMilliseconds = options.receiveTimeoutMilliseconds ?? 0;
  const socket = new OpeningSocket(options, SOCK_DGRAM, timeoutMilliseconds === 0);
  return socket.finish(() => {
    if (timeoutMilliseconds > 0) socket.setReceiveTimeout(timeoutMilliseconds);
    socket.setPlaceOptions();
    if (options.receiveBufferBytes) socket.setReceiveBuffer(options.receiveBufferBytes);
    if (options.packetInfo) socket.setPacketInfo();
    socket.bind();
    return {
      fd: socket.fd,
      port: socket.boundPort(),
      receiveBufferBytes: socket.getOption(SOL_SOCKET, SO_RCVBUF) / 2,
    };
  });
}

/** What the kernel grants this process of a receive buffer, in the measure it is asked for. The socket that asks is never bound. */
export function grantedReceiveBufferBytes(wantedBytes: number): number {
  const socket = new OpeningSocket({ family: 4, address: new Uint8Array(4), port: 0 }, SOCK_DGRAM);
  try {
    socket.setReceiveBuffer(wantedBytes);
    return socket.getOption(SOL_SOCKET, SO_RCVBUF) / 2;
  } finally {
    libc().close(socket.fd);
  }
}

/**
 * A listening, non-blocking TCP socket whose connections send without delay (TCP_NODELAY). A port is taken over from a
 * program that has stopped while its connections linger (TIME-WAIT, a minute), our own (SO_REUSEADDR) and those of another
 * that shared its port and set no SO_REUSEADDR: the kernel lets those pass only where this socket shares too, which it does
 * once nobody listens there.
 */
export function openTcpListener(options: TcpListenerOptions): TcpListener {
  try {
    return listenAt(options);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== EADDRINUSE) throw error;
    const { family, address, port, reusePort } = options;
    const owner = findTcpListener(family, address, port);
    if (owner === undefined && reusePort !== true) return listenAt({ ...options, reusePort: true });
    if (owner?.pid === undefined) throw error;
    throw new SyscallError(error.call, error.errno, error.subject, {
      cause: `${owner.name ?? "a program"} (pid ${owner.pid}) listens on this address and port`,
      remedy: "stop it or configure another port",
    });
  }
}

function listenAt(options: TcpListenerOptions): TcpListener {
  const socket = new OpeningSocket(options, SOCK_STREAM);
  return socket.finish(() => {
    socket.setOption("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
    // Linux hands it down to accepted connections: one call here instead of one for each.
    socket.setOption("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
    socket.setPlaceOptions();
    socket.bind();
    socket.listen(options.backlog);
    return { fd: socket.fd, port: socket.boundPort() };
  });
}

export interface TcpConnectionOptions {
  readonly family: IpFamily;
  /** The local address; all zeros leave it to the system. */
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly port: number;
}

/**
 * A non-blocking TCP connection that sends without delay and may still be under way: until it is there, sending returns
 * -EAGAIN; where it fails, reading tells. The local port is chosen with the target (IP_BIND_ADDRESS_NO_PORT), so that one
 * address has as many connections as ports to each target.
 */
export function openTcpConnection({ family, source, target, port }: TcpConnectionOptions): number {
  const socket = new OpeningSocket({ family, address: source, port: 0 }, SOCK_STREAM);
  return socket.finish(() => {
    socket.setOption("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
    if (source.some((byte) => byte !== 0)) {
      socket.setOption("IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
      socket.bind();
    }
    socket.connect(target, port);
    return socket.fd;
  });
}

/** Closes a descriptor of this package. Throws SyscallError EBADF when it is not open. */
export function closeFd(fd: number): void {
  if (libc().close(fd) < 0)
    throw new SyscallError("close", foreignLibrary().lastErrno(), `fd ${fd}`);
}

/** A second descriptor of the same open socket. Throws SyscallError. */
export function duplicateFd(fd: number): number {
  const copy = libc().dup(fd);
  if (copy < 0) throw new SyscallError("dup", foreignLibrary().lastErrno(), `fd ${fd}`);
  return copy;
}

/** A socket between `socket` and its hand-over; knows its address for the messages. */
class OpeningSocket {
  readonly fd: number;
  readonly #place: SocketPlace;
  readonly #subject: string;
  /** Bytes 0–27 hold an address or an option value, bytes 32–35 its length. */
  readonly #scratch = new NativeMemory(64);

  constructor(place: SocketPlace, type: number, nonBlocking = true) {
    this.#place = place;
    this.#subject = describeSocketAddress(place.address, place.port);
    const domain = addressFamily(place.family);
    const flags = (nonBlocking ? SOCK_NONBLOCK : 0) | SOCK_CLOEXEC;
    this.fd = this.#check("socket", libc().socket(domain, type | flags, 0));
  }

  /** Runs the rest of the opening and closes the socket if that throws. */
  finish<Result>(prepare: () => Result): Result {
    try {
      return prepare();
    } catch (error) {
      libc().close(this.fd);
      throw error;
    }
  }

  setPlaceOptions(): void {
    if (this.#place.reusePort) this.setOption("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1);
    if (this.#place.family === 6)
      this.setOption(
        "IPV6_V6ONLY",
        IPPROTO_IPV6,
        IPV6_V6ONLY,
        this.#place.onlyIpv6 === false ? 0 : 1,
      );
  }

  /** struct timeval: 8 bytes of seconds, 8 of microseconds. */
  setReceiveTimeout(milliseconds: number): void {
    const { address, words } = this.#scratch;
    words.fill(0, 0, 4);
    words[0] = Math.trunc(milliseconds / 1000);
    words[2] = (milliseconds % 1000) * 1000;
    const status = libc().setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, address, 16);
    this.#check("setsockopt SO_RCVTIMEO", status);
  }

  setPacketInfo(): void {
    if (this.#place.family === 4) this.setOption("IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 1);
    else this.setOption("IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }

  /** With CAP_NET_ADMIN the size is taken as it is, else it is capped by net.core.rmem_max. */
  setReceiveBuffer(lengthBytes: number): void {
    if (this.#trySetOption(SOL_SOCKET, SO_RCVBUFFORCE, lengthBytes) < 0)
      this.setOption("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, lengthBytes);
  }

  setOption(name: string, level: number, option: number, value: number): void {
    this.#check(`setsockopt ${name}`, this.#trySetOption(level, option, value));
  }

  getOption(level: number, option: number): number {
    const { address, words } = this.#scratch;
    words[8] = 4;
    const status = libc().getsockopt(this.fd, level, option, address, address + 32);
    this.#check("getsockopt", status);
    return words[0] ?? 0;
  }

  bind(): void {
    const { family, address, port } = this.#place;
    const name = writeSocketAddress(family, address, port);
    this.#scratch.bytes.set(name);
    this.#check("bind", libc().bind(this.fd, this.#scratch.address, name.length));
  }

  /** Begins to connect. */
  connect(target: Uint8Array, port: number): void {
    const name = writeSocketAddress(this.#place.family, target, port);
    this.#scratch.bytes.set(name);
    const status = libc().connect(this.fd, this.#scratch.address, name.length);
    if (status === 0 || foreignLibrary().lastErrno() === EINPROGRESS) return;
    const subject = describeSocketAddress(target, port);
    throw new SyscallError("connect", foreignLibrary().lastErrno(), subject);
  }

  listen(backlog: number): void {
    this.#check("listen", libc().listen(this.fd, backlog));
  }

  boundPort(): number {
    const { address, words, bytes } = this.#scratch;
    words[8] = 28;
    this.#check("getsockname", libc().getsockname(this.fd, address, address + 32));
    return readSocketPort(bytes);
  }

  #trySetOption(level: number, option: number, value: number): number {
    this.#scratch.words[0] = value;
    return libc().setsockopt(this.fd, level, option, this.#scratch.address, 4);
  }

  #check(call: string, status: number): number {
    if (status < 0) throw new SyscallError(call, foreignLibrary().lastErrno(), this.#subject);
    return status;
  }
}
