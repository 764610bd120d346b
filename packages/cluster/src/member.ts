/**
 * One process of another node, as far as its messages tell of it: what of its series has come, and since when something is
 * missing. Kept by `Members`; cluster thread.
 */
import type { Hello, Sender } from "./messages/message.ts";

const UINT32 = 2 ** 32;
/** A sequence that lies so far back is an old one come late, not one of the future. */
const SEQUENCES_BACK_MAX = 2 ** 31;
/** The least delay is that of the last one to two windows. */
const DELAY_WINDOW_MILLISECONDS = 60_000;

/** How many lie between the last one and this one, itself included; 0 for one that has come before. */
function missedBefore(last: number, sequence: number): number {
  const ahead = (sequence - last + UINT32) % UINT32;
  return ahead > SEQUENCES_BACK_MAX ? 0 : ahead;
}

/** The sequence behind this one. */
export const nextSequence = (sequence: number): number => (sequence + 1) % UINT32;

export class Member implements Sender {
  readonly name: string;
  readonly instance: string;
  readonly firstHeardMilliseconds: number;
  lastHeardMilliseconds: number;
  /** The number by which channels know it while it is there, else 0. */
  number = 0;
  /** Another process of its name came after it. */
  isReplaced = false;
  /** Undefined before its first hello. */
  hello: Hello | undefined;
  /** Since when announces of it may be missing here; undefined where nothing is. */
  missingSinceMilliseconds: number | undefined;
  /** The number of its last message of each series; undefined before the first. */
  #records: number | undefined;
  #channelToAll: number | undefined;
  #channelToUs = 0;
  #channelFromUs = 0;
  /** Up to when all of its announces are here. */
  #wholeUntilMilliseconds: number;
  /** The sender's clock and ours: the least difference in this window and the one before. */
  #leastDelay = Number.POSITIVE_INFINITY;
  #leastDelayBefore = Number.POSITIVE_INFINITY;
  #windowEndMilliseconds: number;

  constructor({ name, instance }: Sender, nowMilliseconds: number) {
    this.name = name;
    this.instance = instance;
    this.firstHeardMilliseconds = nowMilliseconds;
    this.lastHeardMilliseconds = nowMilliseconds;
    this.#wholeUntilMilliseconds = nowMilliseconds;
    this.#windowEndMilliseconds = nowMilliseconds + DELAY_WINDOW_MILLISECONDS;
  }

  /** Takes note of a message of records. Returns how many messages are missing before it. */
  noteRecords(sequence: number, nowMilliseconds: number): number {
    return this.#noteSequence(sequence, 1, nowMilliseconds);
  }

  /** Takes note of what a hello says of its series. Returns how many messages of records are missing. */
  noteHello(hello: Hello, nowMilliseconds: number): number {
    this.hello = hello;
    return this.#noteSequence(hello.recordsSequence, 0, nowMilliseconds);
  }

  /** Takes note of a message to all channels. Returns whether others are missing before it. */
  noteChannelToAll(sequence: number): boolean {
    const last = this.#channelToAll;
    this.#channelToAll = sequence;
    return last !== undefined && missedBefore(last, sequence) > 1;
  }

  /** Takes note of what a hello says of that series. Returns whether messages are missing. */
  noteChannelHello(sequence: number): boolean {
    const last = this.#channelToAll;
    this.#channelToAll = sequence;
    return last !== undefined && missedBefore(last, sequence) > 0;
  }

  /** Takes note of a message to channels of this node. Returns whether others are missing before it. */
  noteChannelToUs(sequence: number): boolean {
    const missed = missedBefore(this.#channelToUs, sequence);
    this.#channelToUs = sequence;
    return missed > 1;
  }

  /** The number of the next message from channels here to channels there. */
  nextChannelSequence(): number {
    this.#channelFromUs = nextSequence(this.#channelFromUs);
    return this.#channelFromUs;
  }

  /** How much later than the fastest one a message came that was sent then. */
  lagOf(sentAtMilliseconds: number, timeMilliseconds: number, nowMilliseconds: number): number {
    if (nowMilliseconds >= this.#windowEndMilliseconds) {
      this.#leastDelayBefore = this.#leastDelay;
      this.#leastDelay = Number.POSITIVE_INFINITY;
      this.#windowEndMilliseconds = nowMilliseconds + DELAY_WINDOW_MILLISECONDS;
    }
    const delay = timeMilliseconds - sentAtMilliseconds;
    this.#leastDelay = Math.min(this.#leastDelay, delay);
    return delay - Math.min(this.#leastDelay, this.#leastDelayBefore);
  }

  #noteSequence(sequence: number, own: number, nowMilliseconds: number): number {
    const last = this.#records;
    const ahead = last === undefined ? own : missedBefore(last, sequence);
    const missed = Math.max(0, ahead - own);
    if (last === undefined || ahead > 0) this.#records = sequence;
    if (missed > 0) this.missingSinceMilliseconds ??= this.#wholeUntilMilliseconds;
    this.#wholeUntilMilliseconds = nowMilliseconds;
    return missed;
  }
}
