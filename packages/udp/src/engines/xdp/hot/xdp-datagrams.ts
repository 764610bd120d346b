/**
 * One receive queue of the engine `xdp`: takes a batch of frames that the program in the kernel let through, has each
 * answered, sends the answers as frames. Owned by one worker thread. Documentation/networking/af_xdp.rst.
 *
 * A request is read where the card or the kernel wrote it and its reply is written where it leaves from: nothing is copied.
 */
import type { XdpQueue } from "@swarmtide/linux";
import type { CounterRow, RoundTimer } from "@swarmtide/metrics";
import {
  BUSY_SECONDS,
  DROPPED_QUEUE_FULL,
  RECEIVED_BYTES,
  SEND_FAILURES,
  SENT_BYTES,
} from "../../../counters.ts";
import { DatagramHandler } from "../../../hot/datagram-handler.ts";
import type { UdpTracker } from "../../../hot/udp-tracker.ts";
import { BATCH_SIZE, BEHIND_BATCHES, PREFETCH_BATCH_MIN } from "../../batches.ts";
import { ETHERNET_BYTES, FRAMES, UDP_HEADER_BYTES } from "../frame-layout.ts";
import { PacketHeaders } from "./packet-headers.ts";

/** Where a frame begins so that its IP header is aligned to 4 bytes. */
const ALIGNED = 2;
/** First byte of the IP header of version 6, upper half. */
const IPV6 = 0x60;

export interface XdpDatagramsOptions {
  readonly queue: XdpQueue;
  readonly tracker: UdpTracker;
  /** Of the worker. */
  readonly rounds: RoundTimer;
}

export class XdpDatagrams {
  readonly queue: XdpQueue;
  private readonly tracker: UdpTracker;
  private readonly rounds: RoundTimer;
  private readonly handler: DatagramHandler;
  private readonly headers: PacketHeaders;
  private readonly countersIpv4: CounterRow<"udp">;
  private readonly countersIpv6: CounterRow<"udp">;
  /** Of each frame of the batch: where it begins. */
  private readonly frames = new Int32Array(BATCH_SIZE);
  private fullBatches = 0;
  private drops = 0;

  constructor({ queue, tracker, rounds }: XdpDatagramsOptions) {
    this.queue = queue;
    this.tracker = tracker;
    this.rounds = rounds;
    const { bytes, words, halfwords } = queue;
    this.handler = new DatagramHandler(tracker, {
      ...{ requestBytes: bytes, requestWords: words, sourceWords: words },
      ...{ replyBytes: bytes, replyHalfwords: halfwords },
    });
    this.headers = new PacketHeaders(bytes, halfwords, words);
    this.countersIpv4 = tracker.counters.ipv4;
    this.countersIpv6 = tracker.counters.ipv6;
  }

  /** Answers one batch, if there is one: whether it was full, so that more waits. */
  serve(): boolean {
    const queue = this.queue;
    const received = queue.receive(BATCH_SIZE);
    if (received === 0) {
      this.rounds.beat(performance.now());
      this.fullBatches = 0;
      return false;
    }
    this.rounds.begin(performance.now());
    this.fullBatches = received === BATCH_SIZE ? this.fullBatches + 1 : 0;
    this.tracker.isBehind = this.fullBatches > BEHIND_BATCHES;
    for (let i = 0; i < received; i++) this.frames[i] = this.align(queue.frameAt(i), i);
    if (received >= PREFETCH_BATCH_MIN) this.prefetch(received);
    for (let i = 0; i < received; i++) this.answer(this.frames[i]);
    queue.finish();
    this.countersIpv4[BUSY_SECONDS] += this.rounds.end(received, performance.now()) / 1000;
    return received === BATCH_SIZE;
  }

  /** Adds what the kernel dropped for lack of room since it was asked last; of which family it does not say. */
  countDrops(): void {
    const drops = this.queue.drops();
    if (drops < 0) return;
    this.countersIpv4[DROPPED_QUEUE_FULL] += (drops - this.drops) >>> 0;
    this.drops = drops;
  }

  /** Where frame `index` begins, moved if a driver put it elsewhere than asked: the handler reads words. */
  private align(frame: number, index: number): number {
    if ((frame & 3) === ALIGNED) return frame;
    const aligned = (frame & ~3) - 4 + ALIGNED;
    this.queue.bytes.copyWithin(aligned, frame, frame + this.queue.lengthOf(index));
    return aligned;
  }

  private prefetch(received: number): void {
    for (let i = 0; i < received; i++) {
      const frame = this.frames[i];
      const family = this.familyAt(frame);
      const { sourceAt, payloadAt } = family === 4 ? FRAMES[4] : FRAMES[6];
      const length = this.payloadLength(frame, family);
      this.handler.prefetch(frame + payloadAt, length, (frame + sourceAt) >> 2, family);
    }
    this.handler.prefetchBatch();
  }

  private answer(frame: number): void {
    const family = this.familyAt(frame);
    const { sourceAt, payloadAt } = family === 4 ? FRAMES[4] : FRAMES[6];
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    const length = this.payloadLength(frame, family);
    counters[RECEIVED_BYTES] += length;
    const reply = this.queue.replyFrame();
    if (reply < 0) {
      // The card sends slower than requests come: this one could not be answered.
      counters[SEND_FAILURES]++;
      return;
    }
    const replyLength = this.handler.answer(
      frame + payloadAt,
      length,
      (frame + sourceAt) >> 2,
      family,
      reply + payloadAt,
    );
    if (replyLength === 0) return;
    counters[SENT_BYTES] += replyLength;
    this.queue.send(this.headers.write(frame, reply, replyLength, family));
  }

  private familyAt(frame: number): 4 | 6 {
    return (this.queue.bytes[frame + ETHERNET_BYTES] & 0xf0) === IPV6 ? 6 : 4;
  }

  /** As the UDP header says; the program has compared it with the frame's length. */
  private payloadLength(frame: number, family: 4 | 6): number {
    const bytes = this.queue.bytes;
    const at = frame + (family === 4 ? FRAMES[4].udpAt : FRAMES[6].udpAt) + 4;
    return ((bytes[at] << 8) | bytes[at + 1]) - UDP_HEADER_BYTES;
  }
}
