/**
 * Replies that the kernel refused for lack of buffers (-EAGAIN, -ENOBUFS), kept to be tried again: a ring of copies,
 * allocated once, so that the batch they came from can be used for the next requests. When it is full the newest
 * reply is the one to be dropped: a client that waited longer would ask again anyway.
 *
 * One object per worker and socket family, owned by the worker. sendmmsg(2).
 */
import { EAGAIN, ENOBUFS } from "../errno.ts";
import { foreignLibrary } from "../ffi.ts";
import { libc, syscallNumbers } from "../libc.ts";
import { NativeMemory, roundUpToCacheLine } from "../native-memory.ts";
import type { IpFamily } from "../socket-address.ts";
import type { DatagramBatch } from "./datagram-batch.ts";
import {
  CONTROL_LENGTH_WORD,
  HEADER_WORDS,
  IOVEC_LENGTH_WORD,
  IOVEC_WORDS,
  MessageTable,
  PACKET_INFO_BYTES,
  SOURCE_BYTES,
} from "./message-table.ts";

const MSG_DONTWAIT = 0x40;
const SOURCE_WORDS = SOURCE_BYTES / 4;
const PACKET_INFO_WORDS = PACKET_INFO_BYTES / 4;

export interface ResendQueueOptions {
  /** Replies kept at most; 0 keeps none. */
  readonly capacity: number;
  /** Longest reply kept. */
  readonly replyBytesMax: number;
  /** Family of the batches and sockets this queue is used with. */
  readonly family: IpFamily;
}

export class ResendQueue {
  /** Replies that wait. */
  length = 0;
  /** Replies dropped by `flush` because the kernel refused them for a reason that will not pass. */
  refusedCount = 0;
  private head = 0;
  private readonly capacity: number;
  private readonly replyBytesMax: number;
  private readonly stride: number;
  private readonly halfwords: Uint16Array;
  private readonly sources: NativeMemory;
  private readonly packetInfos: NativeMemory;
  private readonly table: MessageTable;
  private readonly call = libc().syscall;
  private readonly lastErrno = foreignLibrary().lastErrno;
  private readonly sendmmsgNumber = syscallNumbers().sendmmsg;

  constructor({ capacity, replyBytesMax, family }: ResendQueueOptions) {
    this.capacity = capacity;
    this.replyBytesMax = replyBytesMax;
    this.stride = roundUpToCacheLine(replyBytesMax);
    const replies = new NativeMemory(capacity * this.stride);
    this.halfwords = new Uint16Array(
      replies.bytes.buffer,
      replies.bytes.byteOffset,
      replies.bytes.length / 2,
    );
    this.sources = new NativeMemory(capacity * SOURCE_BYTES);
    this.packetInfos = new NativeMemory(capacity * PACKET_INFO_BYTES);
    this.table = new MessageTable(capacity, family, replies.address, this.stride);
    for (let i = 0; i < capacity; i++) {
      this.table.setPeer(i, this.sources.address + i * SOURCE_BYTES);
      this.table.setControl(i, this.packetInfos.address + i * PACKET_INFO_BYTES);
    }
  }

  /** Copies a queued reply of the batch with its destination. False when the queue is full or the reply too long. */
  push(batch: DatagramBatch, replyIndex: number): boolean {
    const lengthBytes = batch.replyVectors[replyIndex * IOVEC_WORDS + IOVEC_LENGTH_WORD];
    if (this.length === this.capacity || lengthBytes > this.replyBytesMax) return false;
    const slot = (this.head + this.length) % this.capacity;
    const header = replyIndex * HEADER_WORDS;
    // The reply's header points at the source slot of its request: the distance from slot 0 says which it is.
    const requestIndex =
      ((batch.replyHeaders[header] - batch.requestHeaders[0]) | 0) / SOURCE_BYTES;

    this.table.vectors[slot * IOVEC_WORDS + IOVEC_LENGTH_WORD] = lengthBytes;
    const halfwords = (lengthBytes + 1) >> 1;
    const from = (replyIndex * batch.replyStride) >> 1;
    const to = (slot * this.stride) >> 1;
    for (let i = 0; i < halfwords; i++) this.halfwords[to + i] = batch.replyHalfwords[from + i];
    for (let i = 0; i < SOURCE_WORDS; i++)
      this.sources.words[slot * SOURCE_WORDS + i] =
        batch.sourceWords[requestIndex * SOURCE_WORDS + i];

    const controlLength = batch.replyHeaders[header + CONTROL_LENGTH_WORD];
    this.table.headers[slot * HEADER_WORDS + CONTROL_LENGTH_WORD] = controlLength;
    for (let i = 0; i < controlLength >> 2; i++)
      this.packetInfos.words[slot * PACKET_INFO_WORDS + i] =
        batch.packetInfos.words[requestIndex * PACKET_INFO_WORDS + i];
    this.length++;
    return true;
  }

  /**
   * Sends what waits, oldest first, until all is sent or the kernel is out of buffers again. Returns how many it took,
   * or -EAGAIN or -ENOBUFS when it took none. Replies that it refuses for another reason are dropped and counted.
   */
  flush(fd: number): number {
    let sentCount = 0;
    while (this.length > 0) {
      const run = Math.min(this.length, this.capacity - this.head);
      const address = this.table.address + this.head * (HEADER_WORDS * 4);
      const sent = this.call(this.sendmmsgNumber, fd, address, run, MSG_DONTWAIT, 0);
      if (sent >= 0) {
        this.remove(sent);
        sentCount += sent;
        continue;
      }
      const errno = this.lastErrno();
      if (errno === EAGAIN || errno === ENOBUFS) return sentCount > 0 ? sentCount : -errno;
      this.remove(1);
      this.refusedCount++;
    }
    return sentCount;
  }

  private remove(count: number): void {
    this.head = (this.head + count) % this.capacity;
    this.length -= count;
  }
}
