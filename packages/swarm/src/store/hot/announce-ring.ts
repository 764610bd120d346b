/**
 * The announces of one worker on their way to the thread that sends them to the other nodes of a cluster: a bounded ring of
 * records (announce-record.ts) in shared memory, with one writer, the worker's SwarmStore, and one reader, the cluster's thread.
 * Neither waits for the other. Where the reader is too slow, the newest record is dropped and counted: the peer's next announce
 * says it again.
 *
 * | word     | written by   | meaning                                                                             |
 * |---------:|--------------|-------------------------------------------------------------------------------------|
 * | 0        | writer       | head: how many records were written, modulo 2^32                                     |
 * | 1        | writer       | how many were dropped because the ring was full                                      |
 * | 2        | writer       | how many renewals were left out (below)                                              |
 * | 16       | reader       | tail: how many records were read, modulo 2^32                                        |
 * | 32       | main thread  | ticks of four seconds of a renewal interval; 0: every renewal is written             |
 * | 48 + 12i | writer       | record n lies at i = n modulo the ring's number of records, a power of two           |
 *
 * Each of the three has a cache line of its own. Example, a ring of 4 records: after 6 were written and 3 read, the head is 6, the
 * tail 3, and records 3, 4 and 5 lie at 48 + 36, at 48 and at 48 + 12; one more fits.
 *
 * A renewal is an announce of a peer that is known, in the role it had. With an interval of T ticks it is written only as the
 * first one of its interval: those begin every T ticks, for each peer of a torrent at another moment, which a hash decides, so
 * that nothing has to be stored and the renewals of a crowd are spread.
 */
import type { Announce } from "../../announce/hot/announce.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../../announce/hot/role.ts";
import { COMPLETED_BIT, PAUSED_BIT } from "../layout.ts";
import {
  ANNOUNCE_RECORD_WORDS,
  RECORD_ADDRESS_AT,
  RECORD_AGE_AT,
  RECORD_AGE_MAX,
  RECORD_COUNTED,
  RECORD_FLAGS_AT,
  RECORD_IPV6,
  RECORD_PORT_AT,
  RECORD_TIME_AT,
  TIME_PER_SECOND,
  TIME_TICK_SHIFT,
} from "./announce-record.ts";
import { mix } from "./keyed-hash.ts";
import { ageTicks } from "./peer-age.ts";

export const RING_HEAD = 0;
const RING_DROPPED = 1;
const RING_LEFT_OUT = 2;
export const RING_TAIL = 16;
export const RING_RENEWAL_TICKS = 32;
export const RING_RECORDS = 48;

/** `oldTail` of a peer that has entered or changed its role. No peer has it: its port would be 0. */
export const NO_TAIL = 0;

/** The side of the worker; one for each ring. */
export class AnnounceRing {
  private readonly words: Int32Array;
  private readonly mask: number;
  private head: number;
  /** The tail as it was when it was last looked at: it only grows. */
  private tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.mask = (this.words.length - RING_RECORDS) / ANNOUNCE_RECORD_WORDS - 1;
    this.head = Atomics.load(this.words, RING_HEAD);
    this.tail = Atomics.load(this.words, RING_TAIL);
  }

  /**
   * Writes an announce that was stored or that stopped. `hash` is the store's of the info hash, `time` the store's; `tail` that of
   * the peer's slot now, and `oldTail` before, or NO_TAIL; both NO_TAIL for one that stopped.
   */
  write(
    announce: Announce,
    hash: number,
    time: number,
    tail: number,
    oldTail: number,
    isCountedNow: boolean,
  ): void {
    const { words, mask, head } = this;
    const { infoHash, infoHashAt, address, addressAt, family, port } = announce;
    const last = address[addressAt + (family === 4 ? 0 : 3)];
    if (oldTail !== NO_TAIL && ((oldTail ^ tail) & PAUSED_BIT) === 0) {
      const ticks = words[RING_RENEWAL_TICKS];
      if (ticks !== 0 && isSameInterval(ticks, time, oldTail, mix(hash ^ last ^ (port << 16)))) {
        words[RING_LEFT_OUT]++;
        return;
      }
    }
    if (((head - this.tail) | 0) > mask) {
      this.tail = Atomics.load(words, RING_TAIL);
      if (((head - this.tail) | 0) > mask) {
        words[RING_DROPPED]++;
        return;
      }
    }
    const at = RING_RECORDS + (head & mask) * ANNOUNCE_RECORD_WORDS;
    for (let i = 0; i < RECORD_FLAGS_AT; i++) words[at + i] = infoHash[infoHashAt + i];
    words[at + RECORD_FLAGS_AT] = recordFlags(announce, tail, isCountedNow);
    words[at + RECORD_ADDRESS_AT] = address[addressAt];
    const isIpv4 = family === 4;
    words[at + RECORD_ADDRESS_AT + 1] = isIpv4 ? 0 : address[addressAt + 1];
    words[at + RECORD_ADDRESS_AT + 2] = isIpv4 ? 0 : address[addressAt + 2];
    words[at + RECORD_ADDRESS_AT + 3] = isIpv4 ? 0 : last;
    words[at + RECORD_PORT_AT] = port & 0xffff;
    words[at + RECORD_TIME_AT] = time;
    this.head = (head + 1) | 0;
    Atomics.store(words, RING_HEAD, this.head);
  }
}

/** Whether a peer that announces at `time` has announced in the same interval of so many ticks before. */
function isSameInterval(ticks: number, time: number, oldTail: number, hash: number): boolean {
  const now = (time >>> TIME_TICK_SHIFT) + ((hash >>> 0) % ticks);
  const before = now - ageTicks(oldTail, time >>> TIME_TICK_SHIFT);
  return Math.floor(now / ticks) === Math.floor(before / ticks);
}

function recordFlags({ flags, family }: Announce, tail: number, isCountedNow: boolean): number {
  const ofFamily = family === 4 ? 0 : RECORD_IPV6;
  if ((flags & ANNOUNCE_STOPPED) !== 0) return ofFamily | ANNOUNCE_STOPPED;
  return (
    ofFamily |
    (flags & (ANNOUNCE_SEEDER | ANNOUNCE_PAUSED)) |
    (isCountedNow ? ANNOUNCE_COMPLETED : 0) |
    ((tail & COMPLETED_BIT) !== 0 ? RECORD_COUNTED : 0)
  );
}

/** The side of the cluster's thread; one for each ring. */
export class AnnounceRingReader {
  private readonly words: Int32Array;
  private readonly mask: number;
  private tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.mask = (this.words.length - RING_RECORDS) / ANNOUNCE_RECORD_WORDS - 1;
    this.tail = Atomics.load(this.words, RING_TAIL);
  }

  /** Records written and not read yet. */
  get waiting(): number {
    return (Atomics.load(this.words, RING_HEAD) - this.tail) | 0;
  }

  /** Records written ever, modulo 2^32. */
  get written(): number {
    return Atomics.load(this.words, RING_HEAD) >>> 0;
  }

  /** Records dropped ever because the ring was full, modulo 2^32. */
  get dropped(): number {
    return Atomics.load(this.words, RING_DROPPED) >>> 0;
  }

  /** Renewals left out ever, modulo 2^32. */
  get leftOut(): number {
    return Atomics.load(this.words, RING_LEFT_OUT) >>> 0;
  }

  /**
   * Copies up to so many of the oldest records to the words of `into` from `at` on, with their ages in place of their times, and
   * returns how many. `nowSeconds` is the store's time, as SwarmStore.setNow gets it.
   */
  read(into: Int32Array, at: number, recordsMax: number, nowSeconds: number): number {
    const { words, mask } = this;
    const now = (nowSeconds * TIME_PER_SECOND) | 0;
    const waiting = this.waiting;
    const count = waiting < recordsMax ? waiting : recordsMax;
    let to = at;
    for (let i = 0; i < count; i++) {
      const from = RING_RECORDS + ((this.tail + i) & mask) * ANNOUNCE_RECORD_WORDS;
      for (let word = 0; word < RECORD_AGE_AT; word++) into[to + word] = words[from + word];
      // Whole ticks. An announce of a thread whose clock is some milliseconds ahead is new.
      const age = ((now - words[from + RECORD_TIME_AT]) | 0) >> TIME_TICK_SHIFT;
      into[to + RECORD_AGE_AT] = age < 0 ? 0 : age < RECORD_AGE_MAX ? age : RECORD_AGE_MAX;
      to += ANNOUNCE_RECORD_WORDS;
    }
    this.tail = (this.tail + count) | 0;
    Atomics.store(words, RING_TAIL, this.tail);
    return count;
  }
}
