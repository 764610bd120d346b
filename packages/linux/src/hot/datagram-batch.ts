/**
 * A batch of datagrams in and a batch of replies out: one `recvmmsg` and one `sendmmsg` per batch, and between them
 * nothing but stores into memory allocated once. See recvmmsg(2), sendmmsg(2), ip(7) and ipv6(7) on packet info.
 *
 * One object per worker and socket family; the worker that made it owns the memory. No thread may share it.
 * Budget: a call through the foreign function library costs about 50 ns beside the kernel's own time, a datagram 2 to
 * 5 ns in `receive` and 8 to 13 in `queueReply` (`bench/calls.bench.ts`). No call allocates.
 *
 * message-table.ts describes the message headers, packet-infos.ts the packet info that goes back with a reply.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc, syscallNumbers } from "../libc.ts";
import { NativeMemory, roundUpToCacheLine } from "../native-memory.ts";
import { type IpFamily, writeSocketAddress } from "../socket-address.ts";
import {
  CONTROL_LENGTH_WORD,
  CONTROL_WORD,
  FLAGS_WORD,
  HEADER_WORDS,
  IOVEC_LENGTH_WORD,
  IOVEC_WORDS,
  LENGTH_WORD,
  MessageTable,
  PACKET_INFO_BYTES,
  SOURCE_BYTES,
} from "./message-table.ts";
import { PacketInfos } from "./packet-infos.ts";
import { sourceAddressAt, sourceFamily, sourceHasPort } from "./source-address.ts";

const SOURCE_WORDS = SOURCE_BYTES / 4;

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;

export interface DatagramBatchOptions {
  /** Datagrams per call, 1 to 1024 (the kernel's UIO_MAXIOV). */
  readonly batchSize: number;
  /** Longest request taken; a longer datagram is reported with length -1. */
  readonly requestBytesMax: number;
  /** Longest reply. */
  readonly replyBytesMax: number;
  /** Family of the sockets this batch is used with. */
  readonly family: IpFamily;
  /** The sockets were opened with `packetInfo`: replies leave from the address the request was sent to. */
  readonly packetInfo: boolean;
}

export class DatagramBatch {
  readonly batchSize: number;
  readonly family: IpFamily;
  readonly packetInfo: boolean;
  readonly requestBytesMax: number;
  readonly replyBytesMax: number;
  /** Bytes from one request slot to the next, a multiple of 64. */
  readonly requestStride: number;
  /** Bytes from one reply slot to the next, a multiple of 64. */
  readonly replyStride: number;
  /** Request i starts at i × requestStride. */
  readonly requestBytes: Uint8Array;
  /** The same memory as `requestBytes` in 32-bit words. */
  readonly requestWords: Int32Array;
  /** After `receive`: bytes of request i, or -1 for a datagram that was truncated and is to be dropped. */
  readonly requestLengths: Int32Array;
  /** @internal sockaddr_in or sockaddr_in6 of request i at i × SOURCE_BYTES. */
  readonly sourceBytes: Uint8Array;
  /** The same memory as `sourceBytes` in 32-bit words: addresses stand where `addressAt` says. */
  readonly sourceWords: Int32Array;
  /** Reply i starts at i × replyStride. */
  readonly replyBytes: Uint8Array;
  /** The same memory as `replyBytes` in 16-bit words. */
  readonly replyHalfwords: Uint16Array;

  /** @internal Headers of the requests, HEADER_WORDS each. */
  readonly requestHeaders: Int32Array;
  /** @internal One iovec per request; held here because only the kernel reads it. */
  readonly requestVectors: Int32Array;
  /** @internal Headers of the replies, HEADER_WORDS each. */
  readonly replyHeaders: Int32Array;
  /** @internal One iovec per reply, IOVEC_WORDS each. */
  readonly replyVectors: Int32Array;
  /** @internal Packet info blocks of the requests, PACKET_INFO_BYTES each. */
  readonly packetInfos: PacketInfos;
  private readonly requestHeadersAddress: number;
  private readonly replyHeadersAddress: number;
  private receivedCount: number;
  private readonly call = libc().syscall;
  private readonly lastErrno = foreignLibrary().lastErrno;
  private readonly recvmmsgNumber = syscallNumbers().recvmmsg;
  private readonly sendmmsgNumber = syscallNumbers().sendmmsg;

  constructor(options: DatagramBatchOptions) {
    const { batchSize, family, packetInfo } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1024)
      throw new RangeError("batchSize must be an integer from 1 to 1024");
    this.batchSize = batchSize;
    this.family = family;
    this.requestBytesMax = options.requestBytesMax;
    this.replyBytesMax = options.replyBytesMax;
    this.packetInfo = packetInfo;
    this.requestStride = roundUpToCacheLine(options.requestBytesMax);
    this.replyStride = roundUpToCacheLine(options.replyBytesMax);

    const requests = new NativeMemory(batchSize * this.requestStride);
    const replies = new NativeMemory(batchSize * this.replyStride);
    const sources = new NativeMemory(batchSize * SOURCE_BYTES);
    this.packetInfos = new PacketInfos(batchSize, family);
    this.requestBytes = requests.bytes;
    this.requestWords = requests.words;
    this.requestLengths = new Int32Array(batchSize);
    this.sourceBytes = sources.bytes;
    this.sourceWords = sources.words;
    this.replyBytes = replies.bytes;
    this.replyHalfwords = new Uint16Array(
      replies.bytes.buffer,
      replies.bytes.byteOffset,
      replies.bytes.length / 2,
    );

    const requestTable = new MessageTable(batchSize, family, requests.address, this.requestStride);
    const replyTable = new MessageTable(batchSize, family, replies.address, this.replyStride);
    for (let i = 0; i < batchSize; i++) {
      requestTable.setPeer(i, sources.address + i * SOURCE_BYTES);
      if (packetInfo) requestTable.setControl(i, this.packetInfos.address + i * PACKET_INFO_BYTES);
      requestTable.vectors[i * IOVEC_WORDS + IOVEC_LENGTH_WORD] = options.requestBytesMax;
    }
    this.receivedCount = batchSize;
    this.requestHeaders = requestTable.headers;
    this.requestHeadersAddress = requestTable.address;
    this.requestVectors = requestTable.vectors;
    this.replyHeaders = replyTable.headers;
    this.replyHeadersAddress = replyTable.address;
    this.replyVectors = replyTable.vectors;
  }

  /**
   * Takes what waits on the socket, without blocking: 1 to `batchSize` datagrams, or a negative errno (-EAGAIN when
   * nothing waits). Overwrites the requests, sources and packet infos of the call before.
   */
  receive(fd: number): number {
    return this.receiveWith(fd, MSG_DONTWAIT);
  }

  /**
   * As `receive`, but waits for the first datagram until the socket's receive timeout, then takes what else is there.
   * One call does the work of a poll and a receive; for a worker with a single socket.
   */
  receiveWaiting(fd: number): number {
    return this.receiveWith(fd, MSG_WAITFORONE);
  }

  private receiveWith(fd: number, flags: number): number {
    const headers = this.requestHeaders;
    // The kernel shortened these to what it delivered.
    if (this.packetInfo)
      for (let i = 0, h = CONTROL_LENGTH_WORD; i < this.receivedCount; i++, h += HEADER_WORDS)
        headers[h] = this.packetInfos.receivedBytes;
    const count = this.call(
      this.recvmmsgNumber,
      fd,
      this.requestHeadersAddress,
      this.batchSize,
      flags,
      0,
    );
    if (count < 0) {
      this.receivedCount = this.batchSize;
      return -this.lastErrno();
    }
    this.receivedCount = count;
    const lengths = this.requestLengths;
    for (let i = 0, h = 0; i < count; i++, h += HEADER_WORDS)
      lengths[i] = (headers[h + FLAGS_WORD] & MSG_TRUNC) !== 0 ? -1 : headers[h + LENGTH_WORD];
    return count;
  }

  /** After `receive`: the word of `sourceWords` at which the sender's address begins, 1 word of IPv4 or 4 of IPv6. */
  addressAt(requestIndex: number): number {
    return sourceAddressAt(this.sourceWords, requestIndex * SOURCE_WORDS);
  }

  /** The family of that address: 4 for an IPv4 client of an IPv6 socket, too. */
  familyAt(requestIndex: number): IpFamily {
    return sourceFamily(this.sourceWords, requestIndex * SOURCE_WORDS);
  }

  /** Whether the sender's port is not 0. */
  hasPort(requestIndex: number): boolean {
    return sourceHasPort(this.sourceWords, requestIndex * SOURCE_WORDS);
  }

  /**
   * Makes request slot 0 look as if it came from there, so that a client queues its requests as replies to it. For a
   * batch that only sends: `receive` overwrites it. Not per packet.
   */
  aimAt(address: Uint8Array, port: number): void {
    this.sourceBytes.set(writeSocketAddress(this.family, address, port));
  }

  /**
   * Addresses reply slot `replyIndex`, whose first `lengthBytes` bytes are written, to the sender of request
   * `requestIndex`. Copies nothing: the request's source must stay as it is until `send`. Throws a RangeError for a
   * length beyond `replyBytesMax`, which would send memory that belongs to somebody else.
   */
  queueReply(requestIndex: number, replyIndex: number, lengthBytes: number): void {
    if (lengthBytes >>> 0 > this.replyBytesMax)
      throw new RangeError("A reply longer than its slot"); // hot-allow: a bug of the caller
    const requests = this.requestHeaders;
    const replies = this.replyHeaders;
    const from = requestIndex * HEADER_WORDS;
    const to = replyIndex * HEADER_WORDS;
    replies[to] = requests[from];
    replies[to + 1] = requests[from + 1];
    this.replyVectors[replyIndex * IOVEC_WORDS + IOVEC_LENGTH_WORD] = lengthBytes;
    if (this.packetInfo) this.queuePacketInfo(requestIndex, from, to);
  }

  private queuePacketInfo(requestIndex: number, from: number, to: number): void {
    const requests = this.requestHeaders;
    const replies = this.replyHeaders;
    const delivered = requests[from + CONTROL_LENGTH_WORD] !== 0;
    const peer = this.sourceWords[this.addressAt(requestIndex)];
    if (!delivered || !this.packetInfos.isNeeded(requestIndex, peer)) {
      replies[to + CONTROL_LENGTH_WORD] = 0;
      return;
    }
    replies[to + CONTROL_WORD] = requests[from + CONTROL_WORD];
    replies[to + CONTROL_WORD + 1] = requests[from + CONTROL_WORD + 1];
    replies[to + CONTROL_LENGTH_WORD] = this.packetInfos.sentBytes;
  }

  /**
   * Tells the batch the IPv4 addresses of this machine, in the form of `localIpv4Addresses()`, so that it can leave out
   * the packet info (0.1 µs a reply) where the kernel has no other source to choose: the machine has one address
   * beside 127.0.0.1. Call it again every few seconds; without it every reply carries packet info.
   */
  learnLocalAddresses(addresses: Int32Array): void {
    this.packetInfos.learnLocalAddresses(addresses);
  }

  /**
   * Sends the reply slots `fromReply` to `fromReply + count - 1`, without blocking. Returns how many the kernel took,
   * counted from `fromReply`, at least 1; or the negative errno of the first one alone.
   *
   * The kernel stops at the first datagram it refuses and tells why only when that one comes first. So after a short
   * count call again from there. After a negative errno the datagram at `fromReply` is the culprit: with -EAGAIN or
   * -ENOBUFS all that follow would fare alike (keep them in a ResendQueue or drop them), with any other errno (-EINVAL
   * for port 0, -ENETUNREACH, -EPERM from a firewall …) drop this one and go on at `fromReply + 1`.
   */
  send(fd: number, fromReply: number, count: number): number {
    if (fromReply < 0 || fromReply + count > this.batchSize)
      throw new RangeError("More replies than slots"); // hot-allow: a bug of the caller
    const sent = this.call(
      this.sendmmsgNumber,
      fd,
      this.replyHeadersAddress + fromReply * (HEADER_WORDS * 4),
      count,
      MSG_DONTWAIT,
      0,
    );
    return sent < 0 ? -this.lastErrno() : sent;
  }
}
