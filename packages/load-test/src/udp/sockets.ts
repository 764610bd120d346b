/** The sockets of the UDP clients, over recvmmsg and sendmmsg: Linux only. Owned by the load's thread. */
import { isIP } from "node:net";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { closeFd, DatagramBatch, linuxSupported, openUdpSocket } from "@swarmtide/linux";
import { OperatorError } from "@swarmtide/runtime";
import type { UdpLoadConfig } from "./config.ts";
import { type ClientAddresses, REQUEST_BYTES_MAX } from "./hot/udp-clients.ts";

const BATCH = 64;
/** 250 IPv6 peers and their header, with room to spare. */
const REPLY_BYTES_MAX = 8192;
const LOOPBACK_IPV6 = "::1";

export class UdpSockets {
  /** Requests are written at multiples of its `replyStride`, and queued as answers to request 0, the tracker. */
  readonly outgoing: DatagramBatch;
  /** What came last. */
  readonly incoming: DatagramBatch;
  readonly addresses: ClientAddresses;
  readonly #fds: readonly number[];

  /** Opens them. Throws OperatorError or SyscallError. */
  constructor(config: UdpLoadConfig) {
    if (!linuxSupported())
      throw new OperatorError("load-test udp needs Linux: it sends with sendmmsg", {
        code: "SWARMTIDE_LINUX_ONLY",
      });
    const { host, port } = config.serverAddress;
    const target = parseIpAddress(host);
    if (target === undefined)
      throw new OperatorError(`server_address: ${JSON.stringify(host)}: expected an IP address`, {
        code: "SWARMTIDE_CONFIG_INVALID",
      });
    const family = isIP(host) === 6 ? 6 : 4;
    const { sourceAddresses, sockets, recvBuffer } = config.network;
    const isLoopback = family === 4 ? host.startsWith("127.") : host === LOOPBACK_IPV6;
    const sources = family === 4 && isLoopback ? sourceAddresses : 1;
    this.addresses = { family, loopbackAddresses: isLoopback ? sources : 0 };
    const options = { batchSize: BATCH, family, packetInfo: false } as const;
    this.outgoing = new DatagramBatch({
      ...options,
      requestBytesMax: 64,
      replyBytesMax: REQUEST_BYTES_MAX,
    });
    this.outgoing.aimAt(target, port);
    this.incoming = new DatagramBatch({
      ...options,
      requestBytesMax: REPLY_BYTES_MAX,
      replyBytesMax: 64,
    });
    const addressOf = (index: number): Uint8Array => {
      if (!isLoopback) return new Uint8Array(family === 4 ? 4 : 16);
      return family === 4 ? Uint8Array.of(127, 0, 0, 1 + (index % sources)) : target;
    };
    this.#fds = Array.from(
      { length: Math.max(sockets, sources) },
      (_, index) =>
        openUdpSocket({
          ...{ family, address: addressOf(index), port: 0, receiveBufferBytes: recvBuffer },
        }).fd,
    );
  }

  get count(): number {
    return this.#fds.length;
  }

  /** Sends the first `count` requests that were queued; returns how many, or a negative errno of the first. */
  send(socket: number, from: number, count: number): number {
    return this.outgoing.send(this.#fds[socket] ?? -1, from, count);
  }

  /** Takes what waits on a socket; returns how many datagrams are in `incoming`, 0 for none. */
  receive(socket: number): number {
    return Math.max(0, this.incoming.receive(this.#fds[socket] ?? -1));
  }

  close(): void {
    for (const fd of this.#fds) closeFd(fd);
  }
}
