/**
 * Datagrams in and replies out through an io_uring: what DatagramBatch does with recvmmsg and sendmmsg, with one system call
 * for both. The kernel fills buffers as datagrams arrive (multishot receive); replies are submitted together, and the call
 * that submits them also waits for the next completions. Owned by one thread, which opened it. io_uring(7), io_uring_enter(2).
 *
 *     const count = datagrams.receive(wait)
 *     for each i: read the request at datagrams.requestAt(i), write reply j at j × replyStride, datagrams.queueReply(i, j, length)
 *
 * and again: the replies leave with the next call. uring-layout.ts draws submissions, completions and buffers.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc, syscallNumbers } from "../libc.ts";
import { viewMapped } from "../mapped-memory.ts";
import { NativeMemory, roundUpToCacheLine, storeAddress } from "../native-memory.ts";
import {
  type BufferRing,
  type IoRing,
  openIoRing,
  provideBuffers,
  registerFiles,
} from "../uring/open-ring.ts";
import {
  CONTROL_LENGTH_WORD,
  CONTROL_WORD,
  HEADER_WORDS,
  IOVEC_LENGTH_WORD,
  IOVEC_WORDS,
  MessageTable,
} from "./message-table.ts";
import { sourceAddressAt, sourceFamily, sourceHasPort } from "./source-address.ts";
import {
  BUFFER_COUNT,
  BUFFER_SELECT,
  CONTROL_AT,
  CONTROL_BYTES,
  ENTER_GETEVENTS,
  ENTER_SLEEPING,
  EXT_ARG_BYTES,
  FIXED_FILE,
  IPV4_CONTROL_BYTES,
  IPV4_INTERFACE_WORD,
  IPV6_INTERFACE_WORD,
  IPV6_SENT_BYTES,
  MORE,
  MSG_DONTWAIT,
  MSG_TRUNC,
  NAME_AT,
  NAME_BYTES,
  OP_RECVMSG,
  OP_SENDMSG,
  PAYLOAD_AT,
  RECEIVE_MULTISHOT,
  SEND_TAG,
  SKIP_SUCCESS,
} from "./uring-layout.ts";

export interface UringDatagramsOptions {
  readonly fds: readonly number[];
  readonly families: readonly (4 | 6)[];
  /** Datagrams taken at once. */
  readonly batchSize: number;
  readonly requestBytesMax: number;
  readonly replyBytesMax: number;
}

export class UringDatagrams {
  readonly replyStride: number;
  /** All buffers: requests with their senders. */
  readonly requestBytes: Uint8Array;
  readonly requestWords: Int32Array;
  readonly replyBytes: Uint8Array;
  readonly replyHalfwords: Uint16Array;
  /** Since these were set to 0: sends that failed, and receives that ended with an error; they are begun again. */
  sendFailures = 0;
  receiveFailures = 0;
  private readonly options: UringDatagramsOptions;
  private readonly ring: IoRing;
  private readonly buffers: BufferRing;
  private readonly bufferBytes: number;
  private readonly bufferAddress: number;
  private readonly replies: NativeMemory;
  private readonly replyTable: MessageTable;
  private readonly receiveHeader = new NativeMemory(64);
  private readonly waiting = new NativeMemory(64);
  /** Of each datagram taken: its buffer, and the place of its socket. */
  private readonly taken: Int32Array;
  private readonly takenFrom: Int32Array;
  private takenCount = 0;
  private submissionTail = 0;
  private bufferTail = BUFFER_COUNT;
  private readonly enter = libc().syscall6;
  private readonly enterNumber = syscallNumbers().ioUringEnter;
  private readonly lastErrno = foreignLibrary().lastErrno;

  /** `waitMilliseconds`: how long `receive` sleeps at most. */
  constructor(options: UringDatagramsOptions, waitMilliseconds: number) {
    const { batchSize, fds, replyBytesMax, requestBytesMax } = options;
    this.options = options;
    this.taken = new Int32Array(batchSize);
    this.takenFrom = new Int32Array(batchSize);
    // A send for each reply, and a new receive for each socket.
    const submissions = 2 ** Math.ceil(Math.log2(batchSize + fds.length));
    this.ring = openIoRing({ submissions, completions: 4 * BUFFER_COUNT });
    registerFiles(this.ring, fds);
    // One byte more than a request may have shows that a datagram was longer.
    this.bufferBytes = roundUpToCacheLine(PAYLOAD_AT + requestBytesMax + 1);
    this.buffers = provideBuffers(this.ring, 0, BUFFER_COUNT, this.bufferBytes);
    this.bufferAddress = this.buffers.memory.address;
    const requests = viewMapped(this.buffers.memory);
    this.requestBytes = new Uint8Array(requests);
    this.requestWords = new Int32Array(requests);
    this.replyStride = roundUpToCacheLine(replyBytesMax);
    this.replies = new NativeMemory(batchSize * this.replyStride);
    this.replyBytes = this.replies.bytes;
    const { buffer, byteOffset, length } = this.replyBytes;
    this.replyHalfwords = new Uint16Array(buffer, byteOffset, length / 2);
    this.replyTable = new MessageTable(batchSize, 6, this.replies.address, this.replyStride);
    // struct msghdr: only the lengths count, words 2 (address) and 10 (packet info).
    this.receiveHeader.words[2] = NAME_BYTES;
    this.receiveHeader.words[10] = CONTROL_BYTES;
    // struct io_uring_getevents_arg, whose word 4 leads to a timespec of seconds and nanoseconds.
    storeAddress(this.waiting.words, 4, this.waiting.address + 32);
    storeAddress(this.waiting.words, 8, Math.trunc(waitMilliseconds / 1000));
    storeAddress(this.waiting.words, 10, (waitMilliseconds % 1000) * 1_000_000);
    for (let i = 0; i < fds.length; i++) this.beginReceive(i);
  }

  /**
   * Sends the replies queued since, gives the buffers of the batch before back and takes what has come, at most a batch; waits
   * for a first datagram if `isWaiting`. Returns how many, or a negative errno: then nothing has changed.
   */
  receive(isWaiting: boolean): number {
    const completion = this.ring.completion;
    const isEmpty =
      Atomics.load(completion.words, completion.tail) === completion.words[completion.head];
    const result = this.submit(isEmpty, isEmpty && isWaiting);
    // A reply that is not sent yet still needs its request's buffer.
    if (this.queued() > 0) return result < 0 ? result : 0;
    this.giveBack();
    this.take();
    return result < 0 && this.takenCount === 0 ? result : this.takenCount;
  }

  private queued(): number {
    const { words, head } = this.ring.submission;
    return (this.submissionTail - Atomics.load(words, head)) | 0;
  }

  /** The one system call of a batch. 0 or a negative errno: -ETIME when nothing came in time. */
  private submit(isEmpty: boolean, isSleeping: boolean): number {
    const queued = this.queued();
    if (queued === 0 && !isEmpty) return 0;
    const { enterNumber, waiting } = this;
    const { fd } = this.ring;
    const result = isSleeping
      ? this.enter(enterNumber, fd, queued, 1, ENTER_SLEEPING, waiting.address, EXT_ARG_BYTES)
      : this.enter(enterNumber, fd, queued, 0, ENTER_GETEVENTS, 0, 0);
    return result < 0 ? -this.lastErrno() : 0;
  }

  /** The byte at which request `index` begins, a multiple of 4. */
  requestAt(index: number): number {
    return this.taken[index] * this.bufferBytes + PAYLOAD_AT;
  }

  /** Its bytes, or -1 for a datagram that was longer than any request. */
  lengthOf(index: number): number {
    const at = (this.taken[index] * this.bufferBytes) >> 2;
    const length = this.requestWords[at + 2];
    const isCut = (this.requestWords[at + 3] & MSG_TRUNC) !== 0;
    return isCut || length > this.options.requestBytesMax ? -1 : length;
  }

  /** The word of `requestWords` at which its sender's address begins. */
  addressAt(index: number): number {
    return sourceAddressAt(this.requestWords, this.nameWord(index));
  }

  familyAt(index: number): 4 | 6 {
    return sourceFamily(this.requestWords, this.nameWord(index));
  }

  /** Whether the sender's port is not 0. */
  hasPort(index: number): boolean {
    return sourceHasPort(this.requestWords, this.nameWord(index));
  }

  private nameWord(index: number): number {
    return (this.taken[index] * this.bufferBytes + NAME_AT) >> 2;
  }

  /** Queues reply `replyIndex` to the sender of request `requestIndex`: it leaves with the next `receive`. */
  queueReply(requestIndex: number, replyIndex: number, lengthBytes: number): void {
    const buffer = this.taken[requestIndex] * this.bufferBytes;
    const { headers, vectors } = this.replyTable;
    const header = replyIndex * HEADER_WORDS;
    storeAddress(headers, header, this.bufferAddress + buffer + NAME_AT);
    headers[header + 2] = this.requestWords[buffer >> 2];
    vectors[replyIndex * IOVEC_WORDS + IOVEC_LENGTH_WORD] = lengthBytes;
    this.queuePacketInfo(requestIndex, buffer, header);
    const entry = this.nextSubmission();
    const submissions = this.ring.submissions;
    submissions[entry] = OP_SENDMSG | ((FIXED_FILE | SKIP_SUCCESS) << 8);
    submissions[entry + 1] = this.takenFrom[requestIndex];
    storeAddress(submissions, entry + 4, this.replyTable.address + header * 4);
    submissions[entry + 6] = 1;
    submissions[entry + 7] = MSG_DONTWAIT;
    submissions[entry + 8] = SEND_TAG;
  }

  /** The reply leaves from the address that was asked, by whichever interface leads there. */
  private queuePacketInfo(requestIndex: number, buffer: number, header: number): void {
    const { headers } = this.replyTable;
    const words = this.requestWords;
    const block = (buffer + CONTROL_AT) >> 2;
    headers[header + CONTROL_LENGTH_WORD] = 0;
    if (words[(buffer >> 2) + 1] === 0) return;
    if (this.options.families[this.takenFrom[requestIndex]] === 4) {
      words[block + IPV4_INTERFACE_WORD] = 0;
      headers[header + CONTROL_LENGTH_WORD] = IPV4_CONTROL_BYTES;
    } else {
      const first = words[block + 4] & 0xff;
      // A multicast address cannot be a source, and a link-local one means nothing without its interface.
      if (first === 0xff) return;
      if (first !== 0xfe) words[block + IPV6_INTERFACE_WORD] = 0;
      headers[header + CONTROL_LENGTH_WORD] = IPV6_SENT_BYTES;
    }
    storeAddress(headers, header + CONTROL_WORD, this.bufferAddress + buffer + CONTROL_AT);
  }

  /** The buffers of the last batch are the kernel's again. */
  private giveBack(): void {
    const { entries, tail } = this.buffers;
    for (let i = 0; i < this.takenCount; i++) {
      const entry = (this.bufferTail & (BUFFER_COUNT - 1)) * 4;
      const buffer = this.taken[i];
      storeAddress(entries, entry, this.bufferAddress + buffer * this.bufferBytes);
      entries[entry + 2] = this.bufferBytes;
      // Word 3: the number in the lower half; the upper half of the first one is the tail and must stay.
      entries[entry + 3] = (entries[entry + 3] & 0xffff0000) | buffer;
      this.bufferTail = (this.bufferTail + 1) & 0xffff;
    }
    Atomics.store(tail, 7, this.bufferTail);
    this.takenCount = 0;
  }

  /** No thread may use it any more. */
  close(): void {
    this.ring.close();
  }

  private beginReceive(socket: number): void {
    const entry = this.nextSubmission();
    const submissions = this.ring.submissions;
    submissions[entry] =
      OP_RECVMSG | ((FIXED_FILE | BUFFER_SELECT) << 8) | (RECEIVE_MULTISHOT << 16);
    submissions[entry + 1] = socket;
    storeAddress(submissions, entry + 4, this.receiveHeader.address);
    submissions[entry + 6] = 1;
    submissions[entry + 8] = socket;
  }

  /** The words of a fresh submission. There is always one: no more are queued than a batch has. */
  private nextSubmission(): number {
    const { words, tail, mask } = this.ring.submission;
    const entry = (this.submissionTail & mask) * 16;
    this.ring.submissions.fill(0, entry, entry + 16);
    this.submissionTail = (this.submissionTail + 1) | 0;
    // Seen by the kernel only when it is called: the entry is filled by then.
    Atomics.store(words, tail, this.submissionTail);
    return entry;
  }

  /** Takes completions until the batch is full. */
  private take(): void {
    const { words, head, tail, mask, entries } = this.ring.completion;
    const end = Atomics.load(words, tail);
    let at = words[head];
    for (; at !== end && this.takenCount < this.options.batchSize; at = (at + 1) | 0) {
      const entry = entries + (at & mask) * 4;
      const result = words[entry + 2];
      const tag = words[entry];
      if (tag === SEND_TAG) {
        if (result < 0) this.sendFailures++;
        continue;
      }
      const flags = words[entry + 3];
      if (result >= 0) {
        this.taken[this.takenCount] = flags >>> 16;
        this.takenFrom[this.takenCount++] = tag;
      }
      // -ENOBUFS: all buffers are full; they come back with this batch.
      else this.receiveFailures++;
      if ((flags & MORE) === 0) this.beginReceive(tag);
    }
    Atomics.store(words, head, at);
  }
}
