/**
 * Announces in messages of records (layout.ts): gathered by who sends, spread out again by who receives. Pure; one writer and one
 * reader, on the cluster thread. Both deal in records as the swarm store's rings have them (packages/swarm, announce-ring.ts):
 * ANNOUNCE_RECORD_WORDS words, of which a message carries 7 for a peer of IPv4 and 10 for one of IPv6.
 *
 *     writer.add(words, 0);
 *     if (!writer.hasRoom) publish(writer.take(head));
 *
 * Records are moved as words. The last one in a message has the port as it lies in an announce and, in its upper half, the state with
 * its bytes changed over. That holds on machines with the least byte first, which is every one that the tracker runs on.
 */
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_RECORD_WORDS,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  RECORD_COUNTED,
  RECORD_IPV6,
} from "@swarmtide/swarm";
import {
  KIND_RECORDS,
  RECORD_BYTES_4,
  RECORD_BYTES_6,
  RECORDS_BYTES_MAX,
  RECORDS_HEADER_BYTES,
  RECORDS_MESSAGE_BYTES_MAX,
  STATE_AGE_MASK,
  STATE_COMPLETED,
  STATE_COUNTED,
  STATE_PAUSED,
  STATE_SEEDER,
  STATE_STOPPED,
} from "./layout.ts";
import type { Head, MessageReader } from "./message.ts";
import { beginMessage } from "./message.ts";

const INFO_HASH_WORDS = 5;
const WORDS_4 = RECORD_BYTES_4 / 4;
const WORDS_6 = RECORD_BYTES_6 / 4;
const FLAGS_AT = 5;
const ADDRESS_AT = 6;
const PORT_AT = 10;
const AGE_AT = 11;

function stateOf(flags: number, age: number): number {
  let state = age < STATE_AGE_MASK ? age : STATE_AGE_MASK;
  if ((flags & ANNOUNCE_SEEDER) !== 0) state |= STATE_SEEDER;
  if ((flags & ANNOUNCE_PAUSED) !== 0) state |= STATE_PAUSED;
  if ((flags & RECORD_COUNTED) !== 0) state |= STATE_COUNTED;
  if ((flags & ANNOUNCE_STOPPED) !== 0) state |= STATE_STOPPED;
  if ((flags & ANNOUNCE_COMPLETED) !== 0) state |= STATE_COMPLETED;
  return state;
}

function flagsOf(state: number): number {
  let flags = 0;
  if ((state & STATE_SEEDER) !== 0) flags |= ANNOUNCE_SEEDER;
  if ((state & STATE_PAUSED) !== 0) flags |= ANNOUNCE_PAUSED;
  if ((state & STATE_COUNTED) !== 0) flags |= RECORD_COUNTED;
  if ((state & STATE_STOPPED) !== 0) flags |= ANNOUNCE_STOPPED;
  if ((state & STATE_COMPLETED) !== 0) flags |= ANNOUNCE_COMPLETED;
  return flags;
}

/** Changes the two bytes of a state over, which makes it what a machine with the least byte first reads of a message. */
const changedOver = (state: number): number => ((state & 0xff) << 8) | (state >>> 8);

/** Gathers records for the next message. */
export class RecordsWriter {
  count = 0;
  readonly #words4 = new Int32Array(RECORDS_BYTES_MAX >> 2);
  readonly #words6 = new Int32Array(RECORDS_BYTES_MAX >> 2);
  #used4 = 0;
  #used6 = 0;

  /** Records that fit certainly, whatever their family. */
  get room(): number {
    return Math.floor((RECORDS_BYTES_MAX - this.bytes) / RECORD_BYTES_6);
  }

  /** Of records so far. */
  get bytes(): number {
    return 4 * (this.#used4 + this.#used6);
  }

  /** There must be room. */
  add(record: Int32Array, at: number): void {
    const flags = record[at + FLAGS_AT] ?? 0;
    const isIpv4 = (flags & RECORD_IPV6) === 0;
    const words = isIpv4 ? this.#words4 : this.#words6;
    let to = isIpv4 ? this.#used4 : this.#used6;
    for (let i = 0; i < INFO_HASH_WORDS; i++) words[to++] = record[at + i] ?? 0;
    const addressEnd = at + ADDRESS_AT + (isIpv4 ? 1 : 4);
    for (let from = at + ADDRESS_AT; from < addressEnd; from++) words[to++] = record[from] ?? 0;
    const state = stateOf(flags, record[at + AGE_AT] ?? 0);
    words[to++] = ((record[at + PORT_AT] ?? 0) & 0xffff) | (changedOver(state) << 16);
    if (isIpv4) this.#used4 = to;
    else this.#used6 = to;
    this.count++;
  }

  /** All of them as a message; there are none afterwards. */
  take(head: Omit<Head, "kind">): Uint8Array {
    const size = RECORDS_HEADER_BYTES + this.bytes;
    const { bytes, bodyAt } = beginMessage({ ...head, kind: KIND_RECORDS }, size);
    const view = new DataView(bytes.buffer, bodyAt);
    view.setUint32(0, this.#used4 / WORDS_4);
    view.setUint32(4, this.#used6 / WORDS_6);
    const at = bodyAt + RECORDS_HEADER_BYTES;
    bytes.set(new Uint8Array(this.#words4.buffer, 0, 4 * this.#used4), at);
    bytes.set(new Uint8Array(this.#words6.buffer, 0, 4 * this.#used6), at + 4 * this.#used4);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.count = 0;
    this.#used4 = 0;
    this.#used6 = 0;
  }
}

/** The records of a message, in memory that the next message overwrites. */
export class RecordsReader {
  readonly words: Int32Array;
  count = 0;
  readonly #packed = new Int32Array(RECORDS_MESSAGE_BYTES_MAX >> 2);
  readonly #packedBytes = new Uint8Array(this.#packed.buffer);

  constructor() {
    const recordsMax = Math.ceil(RECORDS_MESSAGE_BYTES_MAX / RECORD_BYTES_4);
    this.words = new Int32Array(recordsMax * ANNOUNCE_RECORD_WORDS);
  }

  /** Spreads out the records of a message of KIND_RECORDS that was opened. */
  open(message: MessageReader): void {
    const { recordsIpv4, recordsIpv6 } = message;
    this.#packedBytes.set(message.bytes.subarray(message.bodyAt + RECORDS_HEADER_BYTES));
    let from = 0;
    for (let i = 0; i < recordsIpv4; i++, from += WORDS_4) this.#spread(i, from, 1, 0);
    for (let i = 0; i < recordsIpv6; i++, from += WORDS_6)
      this.#spread(recordsIpv4 + i, from, 4, RECORD_IPV6);
    this.count = recordsIpv4 + recordsIpv6;
  }

  #spread(index: number, from: number, addressWords: number, family: number): void {
    const packed = this.#packed;
    const { words } = this;
    const at = index * ANNOUNCE_RECORD_WORDS;
    for (let i = 0; i < INFO_HASH_WORDS; i++) words[at + i] = packed[from + i] ?? 0;
    const addressAt = from + INFO_HASH_WORDS;
    for (let i = 0; i < 4; i++)
      words[at + ADDRESS_AT + i] = i < addressWords ? (packed[addressAt + i] ?? 0) : 0;
    const tail = packed[addressAt + addressWords] ?? 0;
    const state = changedOver(tail >>> 16);
    words[at + FLAGS_AT] = flagsOf(state) | family;
    words[at + PORT_AT] = tail & 0xffff;
    words[at + AGE_AT] = state & STATE_AGE_MASK;
  }
}
