/**
 * The sockets of a UDP worker behind one io_uring: takes a batch of datagrams of all of them, has each answered, queues the
 * answers. Owned by one worker thread. io_uring(7).
 */
import { EAGAIN, EBADF, EBUSY, EINTR, ETIME, SyscallError, UringDatagrams } from "@swarmtide/linux";
import type { CounterRow, RoundTimer } from "@swarmtide/metrics";
import {
  BUSY_SECONDS,
  DROPPED_SOURCE_PORT,
  DROPPED_TOO_LONG,
  RECEIVE_FAILURES,
  RECEIVED_BYTES,
  SEND_FAILURES,
  SENT_BYTES,
} from "../../../counters.ts";
import { DatagramHandler } from "../../../hot/datagram-handler.ts";
import type { UdpTracker } from "../../../hot/udp-tracker.ts";
import { BATCH_SIZE, BEHIND_BATCHES, PREFETCH_BATCH_MIN } from "../../batches.ts";
import { REQUEST_BYTES_MAX } from "../../engine.ts";

export interface UringSocketOptions {
  readonly fds: readonly number[];
  readonly families: readonly (4 | 6)[];
  readonly tracker: UdpTracker;
  /** Of the worker. */
  readonly rounds: RoundTimer;
  readonly replyBytesMax: number;
  readonly waitMilliseconds: number;
}

export class UringSocket {
  private readonly datagrams: UringDatagrams;
  private readonly handler: DatagramHandler;
  private readonly tracker: UdpTracker;
  private readonly rounds: RoundTimer;
  private readonly countersIpv4: CounterRow<"udp">;
  private readonly countersIpv6: CounterRow<"udp">;
  private fullBatches = 0;

  constructor(options: UringSocketOptions) {
    const { tracker, rounds, replyBytesMax, waitMilliseconds, fds, families } = options;
    this.tracker = tracker;
    this.rounds = rounds;
    this.countersIpv4 = tracker.counters.ipv4;
    this.countersIpv6 = tracker.counters.ipv6;
    const sizes = { batchSize: BATCH_SIZE, requestBytesMax: REQUEST_BYTES_MAX, replyBytesMax };
    this.datagrams = new UringDatagrams({ fds, families, ...sizes }, waitMilliseconds);
    const { requestBytes, requestWords, replyBytes, replyHalfwords } = this.datagrams;
    this.handler = new DatagramHandler(tracker, {
      ...{ requestBytes, requestWords, sourceWords: requestWords, replyBytes, replyHalfwords },
    });
  }

  /** Answers one batch and sends the replies of the one before. Waits if none is there and `isWaiting`. */
  serve(isWaiting: boolean): void {
    const datagrams = this.datagrams;
    const received = datagrams.receive(isWaiting);
    this.countFailures();
    if (received <= 0) {
      this.rounds.beat(performance.now());
      this.fullBatches = 0;
      if (received === -EBADF) throw new SyscallError("io_uring_enter", EBADF); // hot-allow: ends the worker
      if (received < 0 && !isTransient(-received)) this.countersIpv4[RECEIVE_FAILURES]++;
      return;
    }
    this.rounds.begin(performance.now());
    this.fullBatches = received === BATCH_SIZE ? this.fullBatches + 1 : 0;
    this.tracker.isBehind = this.fullBatches > BEHIND_BATCHES;
    if (received >= PREFETCH_BATCH_MIN) this.prefetch(received);
    let replies = 0;
    for (let i = 0; i < received; i++) {
      const length = this.answer(i, replies);
      if (length > 0) datagrams.queueReply(i, replies++, length);
    }
    this.countersIpv4[BUSY_SECONDS] += this.rounds.end(received, performance.now()) / 1000;
  }

  close(): void {
    this.datagrams.close();
  }

  private prefetch(received: number): void {
    const datagrams = this.datagrams;
    for (let i = 0; i < received; i++)
      this.handler.prefetch(
        datagrams.requestAt(i),
        datagrams.lengthOf(i),
        datagrams.addressAt(i),
        datagrams.familyAt(i),
      );
    this.handler.prefetchBatch();
  }

  private answer(index: number, replyIndex: number): number {
    const datagrams = this.datagrams;
    const family = datagrams.familyAt(index);
    const counters = family === 4 ? this.countersIpv4 : this.countersIpv6;
    const length = datagrams.lengthOf(index);
    if (length < 0) {
      counters[DROPPED_TOO_LONG]++;
      return 0;
    }
    counters[RECEIVED_BYTES] += length;
    if (!datagrams.hasPort(index)) {
      counters[DROPPED_SOURCE_PORT]++;
      return 0;
    }
    const replyLength = this.handler.answer(
      datagrams.requestAt(index),
      length,
      datagrams.addressAt(index),
      family,
      replyIndex * datagrams.replyStride,
    );
    counters[SENT_BYTES] += replyLength;
    return replyLength;
  }

  /** Of which family they were is not told. */
  private countFailures(): void {
    const datagrams = this.datagrams;
    this.countersIpv4[SEND_FAILURES] += datagrams.sendFailures;
    this.countersIpv4[RECEIVE_FAILURES] += datagrams.receiveFailures;
    datagrams.sendFailures = 0;
    datagrams.receiveFailures = 0;
  }
}

/** Nothing came, or a signal did, or the kernel asks to be called again. */
function isTransient(errno: number): boolean {
  return errno === ETIME || errno === EINTR || errno === EAGAIN || errno === EBUSY;
}
