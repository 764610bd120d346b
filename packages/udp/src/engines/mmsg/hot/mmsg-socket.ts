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
import type { Column, CounterRow, RoundTimer } from "@swarmtide/metrics";
import {
  BUSY_SECONDS,
  DROPPED_SOURCE_PORT,
  DROPPED_TOO_LONG,
  RECEIVE_FAILURES,
  RECEIVED_BYTES,
  SEND_FAILURES,
  SENDS_DELAYED,
  SENT_BYTES,
} from "../../../counters.ts";
import { DatagramHandler } from "../../../hot/datagram-handler.ts";
import type { UdpTracker } from "../../../hot/udp-tracker.ts";
import { BATCH_SIZE, BEHIND_BATCHES, PREFETCH_BATCH_MIN } from "../../batches.ts";
import { REQUEST_BYTES_MAX } from "../../engine.ts";

export interface MmsgSocketOptions {
  readonly fd: number;
  readonly family: 4 | 6;
  /** The socket has packet info turned on: replies leave from the address they were asked at. */
  readonly packetInfo: boolean;
  readonly tracker: UdpTracker;
  /** Of the worker. */
  readonly rounds: RoundTimer;
  readonly replyBytesMax: number;
  readonly resendRepliesMax: number;
}

export class MmsgSocket {
  readonly fd: number;
  private readonly handler: DatagramHandler;
  private readonly countersIpv4: CounterRow<"udp">;
  private readonly countersIpv6: CounterRow<"udp">;
  /** Of the socket's own family, for what concerns no sender. */
  private readonly socketCounters: CounterRow<"udp">;
  private readonly rounds: RoundTimer;
  private readonly batch: DatagramBatch;
  private readonly resends: ResendQueue;
  private readonly tracker: UdpTracker;
  private fullBatches = 0;

  constructor(options: MmsgSocketOptions) {
    const { fd, family, packetInfo, replyBytesMax } = options;
    this.fd = fd;
    this.tracker = options.tracker;
    const { ipv4, ipv6 } = options.tracker.counters;
    this.countersIpv4 = ipv4;
    this.countersIpv6 = ipv6;
    this.socketCounters = family === 4 ? ipv4 : ipv6;
    this.rounds = options.rounds;
    this.batch = new DatagramBatch({
      batchSize: BATCH_SIZE,
      requestBytesMax: REQUEST_BYTES_MAX,
      replyBytesMax,
      family,
      packetInfo,
    });
    this.handler = new DatagramHandler(options.tracker, this.batch);
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
    if (received > 0) this.rounds.begin(performance.now());
    if (this.resends.length > 0) this.sendAgain();
    if (received <= 0) {
      this.rounds.beat(performance.now());
      // A descriptor that is not a socket any more is our own mistake, and asking again would spin for ever.
      if (received === -EBADF) throw new SyscallError("recvmmsg", EBADF, `fd ${this.fd}`); // hot-allow: ends the worker
      if (received !== -EAGAIN && received !== -EINTR) this.socketCounters[RECEIVE_FAILURES]++;
      return 0;
    }
    this.fullBatches = received === BATCH_SIZE ? this.fullBatches + 1 : 0;
    this.tracker.isBehind = this.fullBatches > BEHIND_BATCHES;
    if (received >= PREFETCH_BATCH_MIN) this.prefetch(received);
    const batch = this.batch;
    const lengths = batch.requestLengths;
    let replies = 0;
    for (let i = 0; i < received; i++) {
      const length = this.answer(i, lengths[i], replies);
      if (length > 0) batch.queueReply(i, replies++, length);
    }
    if (replies > 0) this.send(replies);
    this.socketCounters[BUSY_SECONDS] += this.rounds.end(received, performance.now()) / 1000;
    return received;
  }

  private prefetch(received: number): void {
    const batch = this.batch;
    for (let i = 0; i < received; i++)
      this.handler.prefetch(
        i * batch.requestStride,
        batch.requestLengths[i],
        batch.addressAt(i),
        batch.familyAt(i),
      );
    this.handler.prefetchBatch();
  }

  private answer(index: number, length: number, replyIndex: number): number {
    const batch = this.batch;
    const family = batch.familyAt(index);
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    if (length < 0) {
      counters[DROPPED_TOO_LONG]++;
      this.noteRefusal(DROPPED_TOO_LONG, index);
      return 0;
    }
    counters[RECEIVED_BYTES] += length;
    if (!batch.hasPort(index)) {
      // Nobody can be answered at port 0; such datagrams are forged.
      counters[DROPPED_SOURCE_PORT]++;
      this.noteRefusal(DROPPED_SOURCE_PORT, index);
      return 0;
    }
    const replyLength = this.handler.answer(
      index * batch.requestStride,
      length,
      batch.addressAt(index),
      family,
      replyIndex * batch.replyStride,
    );
    counters[SENT_BYTES] += replyLength;
    return replyLength;
  }

  private noteRefusal(column: Column<"udp">, index: number): void {
    const { batch } = this;
    const { sourceWords } = batch;
    this.tracker.refusals.note(
      column,
      0,
      sourceWords,
      batch.addressAt(index),
      batch.familyAt(index),
    );
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
        // This one alone is refused, by a firewall or for lack of a route; the others may go.
        this.socketCounters[SEND_FAILURES]++;
        from++;
      }
    }
  }

  /** The kernel has no room: replies wait for the next round, or are dropped when no queue is configured or it is full. */
  private keep(from: number, replies: number): void {
    const counters = this.socketCounters;
    for (let i = from; i < replies; i++) {
      if (this.resends.push(this.batch, i)) counters[SENDS_DELAYED]++;
      else counters[SEND_FAILURES]++;
    }
  }

  private sendAgain(): void {
    const refusedBefore = this.resends.refusedCount;
    this.resends.flush(this.fd);
    this.socketCounters[SEND_FAILURES] += this.resends.refusedCount - refusedBefore;
  }
}
