/**
 * Frames in and frames out of one AF_XDP socket: what `recvmmsg` and `sendmmsg` are to an ordinary one, without copying and
 * mostly without a system call. Owned by one worker thread; the socket was opened by `openXdpSocket`, whose comment
 * describes the rings. Documentation/networking/af_xdp.rst. No call allocates.
 *
 *     const count = queue.receive(64);
 *     for each i: read the frame at queue.frameAt(i), write a reply at queue.replyFrame(), queue.send(length)
 *     queue.finish();                     the frames go back to the kernel, the replies leave
 *
 * A producer index is written by who fills a ring, a consumer index by who empties it; both count up for ever modulo 2^32.
 * An entry of RX and TX is 16 bytes: 0 offset of the frame (64 bits), 8 length, 12 options; of the others 8: the offset.
 * Example: a packet of 58 bytes in the first frame, behind 256 + 2 bytes of headroom: 02 01 00 00 00 00 00 00 3a 00 00 00 …
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { viewMapped } from "../mapped-memory.ts";
import { NativeMemory } from "../native-memory.ts";
import {
  XDP_FRAME_BYTES,
  XDP_RECEIVE_FRAMES,
  XDP_SEND_FRAMES,
  type XdpRing,
  type XdpSocket,
} from "../xdp/open-xdp-socket.ts";

const MSG_DONTWAIT = 0x40;
/** The kernel sleeps and has to be called: bit 0 of a ring's flags. */
const NEED_WAKEUP = 1;
/** Calls to send what is in the ring: 32 frames each on older kernels, a batch of 64 in two. */
const SEND_CALLS_MAX = 4;
/** The frame's own bits of an offset, and the rest. */
const FRAME_MASK = ~(XDP_FRAME_BYTES - 1);
/** Where a reply begins in its frame, so that its IP header is aligned to 4 bytes. */
const REPLY_HEADROOM_BYTES = 2;
/** struct xdp_statistics: six 64-bit numbers; 0 receive dropped, 3 receive ring full, 4 fill ring empty. */
const STATISTICS_BYTES = 48;
const SOL_XDP = 283;
const XDP_STATISTICS = 7;

if (XDP_FRAME_BYTES <= 0 || (XDP_FRAME_BYTES & (XDP_FRAME_BYTES - 1)) !== 0)
  throw new Error("a frame's size is a power of two");

/** One ring as this thread sees it. */
class Ring {
  readonly words: Int32Array;
  readonly mask: number;
  readonly producer: number;
  readonly consumer: number;
  readonly descriptors: number;
  readonly flags: number;

  constructor(ring: XdpRing) {
    this.words = new Int32Array(viewMapped(ring.memory));
    this.mask = ring.entries - 1;
    this.producer = ring.producer;
    this.consumer = ring.consumer;
    this.descriptors = ring.descriptors;
    this.flags = ring.flags;
  }
}

export class XdpQueue {
  readonly fd: number;
  /** All frames, received and sent. */
  readonly bytes: Uint8Array;
  readonly halfwords: Uint16Array;
  readonly words: Int32Array;
  private readonly receiveRing: Ring;
  private readonly sendRing: Ring;
  private readonly fillRing: Ring;
  private readonly completionRing: Ring;
  /** Offsets of frames that no reply is in; the first `freeCount` are valid. */
  private readonly free = new Int32Array(XDP_SEND_FRAMES);
  private freeCount = 0;
  private taken = 0;
  private queued = 0;
  private readonly scratch = new NativeMemory(64);
  private readonly sendTo = libc().send;
  private readonly getOption = libc().getsockopt;
  private readonly lastErrno = foreignLibrary().lastErrno;

  constructor(socket: XdpSocket) {
    this.fd = socket.fd;
    const frames = viewMapped(socket.frames);
    this.bytes = new Uint8Array(frames);
    this.halfwords = new Uint16Array(frames);
    this.words = new Int32Array(frames);
    this.receiveRing = new Ring(socket.rings.receive);
    this.sendRing = new Ring(socket.rings.send);
    this.fillRing = new Ring(socket.rings.fill);
    this.completionRing = new Ring(socket.rings.completion);
    for (let i = 0; i < XDP_SEND_FRAMES; i++)
      this.free[this.freeCount++] = (XDP_RECEIVE_FRAMES + i) * XDP_FRAME_BYTES;
    for (let i = 0; i < XDP_RECEIVE_FRAMES; i++) this.putFrame(i, i * XDP_FRAME_BYTES);
    Atomics.store(this.fillRing.words, this.fillRing.producer, XDP_RECEIVE_FRAMES);
  }

  /** How many packets wait, at most `countMax`; 0 to `finish` they are this thread's. */
  receive(countMax: number): number {
    const { words, producer, consumer } = this.receiveRing;
    const waiting = (Atomics.load(words, producer) - words[consumer]) | 0;
    this.taken = waiting < countMax ? waiting : countMax;
    this.queued = 0;
    if (this.taken > 0) this.collectSent();
    return this.taken;
  }

  /** The byte at which packet `index` begins, with its Ethernet header. */
  frameAt(index: number): number {
    return this.receiveRing.words[this.entry(index)];
  }

  /** Bytes of packet `index`. */
  lengthOf(index: number): number {
    return this.receiveRing.words[this.entry(index) + 2];
  }

  private entry(index: number): number {
    const { words, consumer, descriptors, mask } = this.receiveRing;
    return descriptors + ((words[consumer] + index) & mask) * 4;
  }

  /** The byte at which the next reply may be written, up to XDP_FRAME_BYTES - 2; -1 while all frames are being sent. */
  replyFrame(): number {
    if (this.freeCount === 0) return -1;
    return this.free[this.freeCount - 1] + REPLY_HEADROOM_BYTES;
  }

  /** Sends what was written at `replyFrame`, with the others of this batch. */
  send(lengthBytes: number): void {
    const { words, producer, descriptors, mask } = this.sendRing;
    const at = descriptors + ((words[producer] + this.queued) & mask) * 4;
    words[at] = this.free[--this.freeCount] + REPLY_HEADROOM_BYTES;
    words[at + 1] = 0;
    words[at + 2] = lengthBytes;
    words[at + 3] = 0;
    this.queued++;
  }

  /** Ends a batch: its frames go back to the kernel, its replies leave. */
  finish(): void {
    this.refill();
    if (this.queued === 0) return;
    const { words, producer, consumer, flags } = this.sendRing;
    Atomics.store(words, producer, (words[producer] + this.queued) | 0);
    for (let call = 0; call < SEND_CALLS_MAX; call++) {
      if ((Atomics.load(words, flags) & NEED_WAKEUP) === 0) return;
      if (Atomics.load(words, consumer) === words[producer]) return;
      // -EAGAIN: more than it takes at once. -ENOBUFS: the card is full. Either way they stay in the ring, for the next call.
      this.sendTo(this.fd, 0, 0, MSG_DONTWAIT);
    }
  }

  /** Whether the kernel is out of frames for packets and sleeps until it is called (by poll, too). */
  get isFillStalled(): boolean {
    return (Atomics.load(this.fillRing.words, this.fillRing.flags) & NEED_WAKEUP) !== 0;
  }

  /** Packets that the kernel dropped since it was opened, modulo 2^32: no frame was free, or the ring was full. */
  drops(): number {
    const { words, address } = this.scratch;
    words[12] = STATISTICS_BYTES;
    if (this.getOption(this.fd, SOL_XDP, XDP_STATISTICS, address, address + 48) < 0)
      return -this.lastErrno();
    return (words[0] + words[6] + words[8]) >>> 0;
  }

  private refill(): void {
    const count = this.taken;
    if (count === 0) return;
    const { words, producer } = this.fillRing;
    const from = words[producer];
    for (let i = 0; i < count; i++) this.putFrame(from + i, this.frameAt(i) & FRAME_MASK);
    Atomics.store(words, producer, (from + count) | 0);
    const received = this.receiveRing;
    Atomics.store(
      received.words,
      received.consumer,
      (received.words[received.consumer] + count) | 0,
    );
    this.taken = 0;
  }

  private putFrame(position: number, offset: number): void {
    const { words, descriptors, mask } = this.fillRing;
    const at = descriptors + (position & mask) * 2;
    words[at] = offset;
    words[at + 1] = 0;
  }

  /** Takes back the frames of replies that have left. */
  private collectSent(): void {
    const { words, producer, consumer, descriptors, mask } = this.completionRing;
    const end = Atomics.load(words, producer);
    let at = words[consumer];
    for (; at !== end; at = (at + 1) | 0)
      this.free[this.freeCount++] = words[descriptors + (at & mask) * 2] & FRAME_MASK;
    Atomics.store(words, consumer, at);
  }
}
