/**
 * Records of equal length, off the heap: numbered from 1, taken and given back, never moved. The tables of peers and torrents
 * are made of these.
 *
 * Owned by one thread. The memory for all records there may be is reserved at the start, and the kernel hands out a page of
 * it when the first record of the page is written: nothing is copied when a table grows. A table that has become empty
 * after a flood gives its memory back.
 *
 * A free record is all zeros but for its last word, which names the next free one.
 */

/** Tables that had more words than this in use are made anew when they run empty: 256 KiB. */
const SHRINK_WORDS = 64 * 1024;

export class RecordTable {
  /** Replaced when the table has run empty: not to be kept beyond a call. */
  words: Int32Array;
  /** Records taken and not given back. */
  length = 0;
  /** Numbers from 1 to this are, or were, in use. */
  slots = 0;
  readonly recordWords: number;
  readonly lengthMax: number;
  private firstFree = 0;

  constructor(recordWords: number, lengthMax: number) {
    this.recordWords = recordWords;
    this.lengthMax = lengthMax;
    this.words = new Int32Array((lengthMax + 1) * recordWords);
  }

  /** Records that may still be taken. */
  get available(): number {
    return this.lengthMax - this.length;
  }

  /** A record of zeros; there must be one available. */
  take(): number {
    this.length++;
    const free = this.firstFree;
    if (free === 0) return ++this.slots;
    const link = (free + 1) * this.recordWords - 1;
    this.firstFree = this.words[link];
    this.words[link] = 0;
    return free;
  }

  give(record: number): void {
    const { words, recordWords } = this;
    this.length--;
    if (this.length === 0) {
      this.empty();
      return;
    }
    const at = record * recordWords;
    const link = at + recordWords - 1;
    for (let word = at; word < link; word++) words[word] = 0;
    words[link] = this.firstFree;
    this.firstFree = record;
  }

  private empty(): void {
    const used = (this.slots + 1) * this.recordWords;
    if (used > SHRINK_WORDS)
      this.words = new Int32Array(this.words.length); // hot-allow: after a flood has gone
    else this.words.fill(0, 0, used);
    this.slots = 0;
    this.firstFree = 0;
  }
}
