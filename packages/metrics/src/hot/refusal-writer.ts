/**
 * Notes why requests and connections were refused, for the log at level debug. Called on refusal paths of workers only; while
 * the level is not debug a call is one test of an integer. One writer thread and one reader, the main thread (refusals.ts).
 *
 * A worker has one ring of records in shared memory. The reason is the counter that counts the refusal, so that there is one
 * list of reasons. A flood fills no log: of one reason at most REFUSALS_PER_REASON_MAX are kept between two readings, what
 * finds the ring full is not written, and both are counted.
 *
 * | int32 word    | written by  | meaning                                                               |
 * |---------------|-------------|-----------------------------------------------------------------------|
 * | 0             | main thread | 1 while refusals are noted                                             |
 * | 1             | main thread | records taken, modulo 2^32                                             |
 * | 2             | main thread | readings so far: each begins a new allowance for every reason          |
 * | 3             | worker      | records written, modulo 2^32                                           |
 * | 4             | worker      | refusals that were not written, modulo 2^32                            |
 * | 8 + 8 i …     | worker      | record n, where i = n modulo 128: table, column, detail, family (0 where the address is not known), 4 words of the address in network order |
 *
 * Example: the first record, an announce over UDP (table 0) of 192.0.2.1 that column 19 counts, is words 8 to 15:
 * 0, 19, 0, 4, 0x010200c0 on a little-endian machine, 0, 0, 0.
 */
import type { Column } from "../define.ts";

export const REFUSALS_ON = 0;
export const REFUSALS_TAKEN = 1;
export const REFUSALS_READINGS = 2;
export const REFUSALS_WRITTEN = 3;
export const REFUSALS_MISSED = 4;
export const REFUSAL_FIRST_WORD = 8;
export const REFUSAL_WORDS = 8;
/** A power of two. */
export const REFUSAL_SLOTS = 128;
export const REFUSALS_BYTES = (REFUSAL_FIRST_WORD + REFUSAL_SLOTS * REFUSAL_WORDS) * 4;
/** Of one reason, for each worker, between two readings. */
export const REFUSALS_PER_REASON_MAX = 8;

/** An address in network order, read as words of this machine; the last three are 0 for IPv4. */
export interface AddressWords {
  readonly family: 4 | 6;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
}

export class RefusalWriter<Table extends string> {
  private readonly words: Int32Array;
  private readonly table: number;
  /** By column, since the reading with number `readings`. */
  private readonly noted: Uint8Array;
  private readings = 0;

  /** `table` is the place of the counters among those that the reader knows. Without memory nothing is noted. */
  constructor(memory: SharedArrayBuffer | undefined, table: number, columns: number) {
    this.words = new Int32Array(memory ?? new ArrayBuffer(REFUSALS_BYTES));
    this.table = table;
    this.noted = new Uint8Array(columns);
  }

  /** Whether refusals are noted now, for whoever has to find out an address first. */
  get isOn(): boolean {
    return this.words[REFUSALS_ON] !== 0;
  }

  /** The address is 1 word (family 4) or 4 words (family 6) of `source` from `at`. `detail` says more than the column, or 0. */
  note(column: Column<Table>, detail: number, source: Int32Array, at: number, family: 4 | 6): void {
    if (this.words[REFUSALS_ON] === 0) return;
    const isIpv6 = family === 6;
    this.write(
      column,
      detail,
      family,
      source[at],
      isIpv6 ? source[at + 1] : 0,
      isIpv6 ? source[at + 2] : 0,
      isIpv6 ? source[at + 3] : 0,
    );
  }

  /** The same of a peer that has its address in words of its own. */
  notePeer(column: Column<Table>, detail: number, peer: AddressWords): void {
    if (this.words[REFUSALS_ON] === 0) return;
    this.write(column, detail, peer.family, peer.word0, peer.word1, peer.word2, peer.word3);
  }

  /** The same where nobody knows the address. */
  noteUnknown(column: Column<Table>, detail: number): void {
    if (this.words[REFUSALS_ON] === 0) return;
    this.write(column, detail, 0, 0, 0, 0, 0);
  }

  private write(
    column: Column<Table>,
    detail: number,
    family: number,
    word0: number,
    word1: number,
    word2: number,
    word3: number,
  ): void {
    const { noted, words } = this;
    if (words[REFUSALS_READINGS] !== this.readings) {
      this.readings = words[REFUSALS_READINGS];
      noted.fill(0);
    }
    const count = words[REFUSALS_WRITTEN];
    const waiting = (count - Atomics.load(words, REFUSALS_TAKEN)) >>> 0;
    if (noted[column] >= REFUSALS_PER_REASON_MAX || waiting >= REFUSAL_SLOTS) {
      words[REFUSALS_MISSED] = (words[REFUSALS_MISSED] + 1) | 0;
      return;
    }
    noted[column]++;
    const at = REFUSAL_FIRST_WORD + (count & (REFUSAL_SLOTS - 1)) * REFUSAL_WORDS;
    words[at] = this.table;
    words[at + 1] = column;
    words[at + 2] = detail;
    words[at + 3] = family;
    words[at + 4] = word0;
    words[at + 5] = word1;
    words[at + 6] = word2;
    words[at + 7] = word3;
    Atomics.store(words, REFUSALS_WRITTEN, (count + 1) | 0);
  }
}
