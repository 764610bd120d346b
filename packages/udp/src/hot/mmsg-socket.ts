/**
 * One socket of a UDP worker on Linux: takes a batch of datagrams, has each answered, sends the answers as one batch.
 * Owned by one worker thread; recvmmsg(2), sendmmsg(2).
 *
 * Answers are written to the slots of the batch in the order of the requests that get one, so the kernel is handed a
 * dense array whatever was dropped.
 */
import {
  DatagramBatch,
  EAGAIN,
  EBADF,
  EINTR,
  ENOBUFS,
  ResendQueue,
  SyscallError,
} from "@swarmtide/linux";
import {
  COUNT_BYTES_RECEIVED,
  COUNT_BYTES_SENT,
  COUNT_DROP_SOURCE_PORT,
  COUNT_DROP_TRUNCATED,
  COUNT_RECEIVE_FAILED,
  COUNT_SEND_DELAYED,
  COUNT_SEND_FAILED,
  familyColumns,
} from "../counters.ts";
import type { DatagramHandler } from "./datagram-handler.ts";

/** Datagrams a system call carries. Beyond 64 the kernel's share no longer falls (measured 16, 64, 256). */
const BATCH_SIZE = 64;
/** The longest request: an announce with URL data, or a scrape of 74 info hashes (1496 bytes). */
const REQUEST_BYTES_MAX = 2048;

/** Below this many requests reading ahead costs as much as it saves. */
const PREFETCH_BATCH_MIN = 8;

/** sockaddr_in: family, port, address. sockaddr_in6: family, port, flow, 4 words of address. In words of 4 bytes. */
const SOURCE_WORDS = 8;
const SOURCE_ADDRESS_4 = 1;
const SOURCE_ADDRESS_6 = 2;
/** Third word of ::ffff:0:0/96, as it lies in a packet. */
const MAPPED_WORD = 0xffff0000 | 0;

export interface MmsgSocketOptions {
  readonly fd: number;
  readonly family: 4 | 6;
  /** The socket has packet info turned on: replies leave from the address they were asked at. */
  readonly packetInfo: boolean;
  readonly handler: DatagramHandler;
  readonly counters: Float64Array;
  readonly replyBytesMax: number;
  readonly resendRepliesMax: number;
}

export class MmsgSocket {
  readonly fd: number;
  private readonly family: 4 | 6;
  private readonly handler: DatagramHandler;
  private readonly counters: Float64Array;
  private readonly batch: DatagramBatch;
  private readonly resends: ResendQueue;

  constructor(options: MmsgSocketOptions) {
    const { fd, family, packetInfo, replyBytesMax } = options;
    this.fd = fd;
    this.family = family;
    this.handler = options.handler;
    this.counters = options.counters;
    this.batch = new DatagramBatch({
      batchSize: BATCH_SIZE,
      requestBytesMax: REQUEST_BYTES_MAX,
      replyBytesMax,
      family,
      packetInfo,
    });
    this.resends = new ResendQueue({ capacity: options.resendRepliesMax, replyBytesMax, family });
  }

  /** Answers one batch, if there is one: returns the number of datagrams taken, 0 when none waited. */
  serve(): number {
    return this.answerBatch(this.batch.receive(this.fd));
  }

  /** As `serve`, but waits for a datagram until the socket's receive timeout. */
  serveWaiting(): number {
    return this.answerBatch(this.batch.receiveWaiting(this.fd));
  }

  /** Lets an IPv4 reply go without packet info where the kernel has a single source to choose. */
  learnLocalAddresses(addresses: Int32Array): void {
    this.batch.learnLocalAddresses(addresses);
  }

  /** Whether a full batch was taken, so that more is likely to wait. */
  isFull(datagrams: number): boolean {
    return datagrams === BATCH_SIZE;
  }

  private answerBatch(received: number): number {
    if (this.resends.length > 0) this.sendAgain();
    if (received <= 0) {
      // A descriptor that is no socket any more is our own mistake, and asking again would spin for ever.
      if (received === -EBADF) throw new SyscallError("recvmmsg", EBADF, `fd ${this.fd}`); // hot-allow: ends the worker
      if (received !== -EAGAIN && received !== -EINTR)
        this.counters[familyColumns(this.family) + COUNT_RECEIVE_FAILED]++;
      return 0;
    }
    if (received >= PREFETCH_BATCH_MIN) this.prefetch(received);
    const batch = this.batch;
    const lengths = batch.requestLengths;
    let replies = 0;
    for (let i = 0; i < received; i++) {
      const length = this.answer(i, lengths[i], replies);
      if (length > 0) batch.queueReply(i, replies++, length);
    }
    if (replies > 0) this.send(replies);
    return received;
  }

  private prefetch(received: number): void {
    const batch = this.batch;
    for (let i = 0; i < received; i++) {
      const addressAt = this.addressOf(i);
      this.handler.prefetch(
        batch.requestWords,
        i * batch.requestStride,
        batch.requestLengths[i],
        batch.sourceWords,
        addressAt,
        this.familyAt(i, addressAt),
      );
    }
    this.handler.prefetchBatch();
  }

  /** Where the address of a request's sender stands; of an IPv4 sender on an IPv6 socket, its last word. */
  private addressOf(index: number): number {
    const source = index * SOURCE_WORDS;
    if (this.family === 4) return source + SOURCE_ADDRESS_4;
    const sources = this.batch.sourceWords;
    const at = source + SOURCE_ADDRESS_6;
    const isMapped = sources[at + 2] === MAPPED_WORD && sources[at + 1] === 0 && sources[at] === 0;
    return isMapped ? at + 3 : at;
  }

  private familyAt(index: number, addressAt: number): 4 | 6 {
    return addressAt === index * SOURCE_WORDS + SOURCE_ADDRESS_6 ? 6 : 4;
  }

  private answer(index: number, length: number, replyIndex: number): number {
    const batch = this.batch;
    const sources = batch.sourceWords;
    const addressAt = this.addressOf(index);
    const family = this.familyAt(index, addressAt);
    const counters = this.counters;
    const columns = familyColumns(family);
    if (length < 0) {
      counters[columns + COUNT_DROP_TRUNCATED]++;
      return 0;
    }
    counters[columns + COUNT_BYTES_RECEIVED] += length;
    if (sources[index * SOURCE_WORDS] >>> 16 === 0) {
      // Nobody can be answered at port 0; such datagrams are forged.
      counters[columns + COUNT_DROP_SOURCE_PORT]++;
      return 0;
    }
    const replyLength = this.handler.handle(
      batch.requestBytes,
      batch.requestWords,
      index * batch.requestStride,
      length,
      sources,
      addressAt,
      family,
      batch.replyBytes,
      batch.replyHalfwords,
      replyIndex * batch.replyStride,
    );
    counters[columns + COUNT_BYTES_SENT] += replyLength;
    return replyLength;
  }

  private send(replies: number): void {
    const batch = this.batch;
    let from = 0;
    while (from < replies) {
      const sent = batch.send(this.fd, from, replies - from);
      if (sent > 0) from += sent;
      else if (sent === -EAGAIN || sent === -ENOBUFS) {
        this.keep(from, replies);
        return;
      } else if (sent !== -EINTR) {
        // This one alone is refused, by a firewall or for want of a route; the others may go.
        this.counters[familyColumns(this.family) + COUNT_SEND_FAILED]++;
        from++;
      }
    }
  }

  /** The kernel has no room: replies wait for the next round, or are dropped when no queue is configured or it is full. */
  private keep(from: number, replies: number): void {
    const columns = familyColumns(this.family);
    for (let i = from; i < replies; i++) {
      if (this.resends.push(this.batch, i)) this.counters[columns + COUNT_SEND_DELAYED]++;
      else this.counters[columns + COUNT_SEND_FAILED]++;
    }
  }

  private sendAgain(): void {
    const refusedBefore = this.resends.refusedCount;
    this.resends.flush(this.fd);
    this.counters[familyColumns(this.family) + COUNT_SEND_FAILED] +=
      this.resends.refusedCount - refusedBefore;
  }
}
