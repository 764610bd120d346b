/**
 * From hashes to records of a table: chains through the last word of each record, and as many buckets as the subclass says:
 * each step along a chain is likely to wait for memory. Linear hashing (Litwin 1980): every insertion may split one bucket,
 * every removal may join two, so that the index grows and shrinks without a pause, at any size.
 *
 * Owned by one thread. Which of the records in a chain is meant, the subclass finds out.
 *
 * Example with 5 buckets (mask 7): hash 12 & 7 = 4 names bucket 4; hash 13 & 7 = 5 is beyond the last, so 13 & 3 = 1.
 */
import type { RecordTable } from "./record-table.ts";

/** As many words of buckets in use make it worth to give the memory back when nothing is left. */
const SHRINK_BUCKETS = 64 * 1024;

export abstract class LinearIndex {
  readonly table: RecordTable;
  /** The first record of each bucket; 0 for none. */
  private buckets: Int32Array;
  private count = 1;
  /** One less than the smallest power of two that is not below `count`. */
  private mask = 0;
  /** Records for every two buckets. */
  private readonly load: number;

  constructor(table: RecordTable, load: number) {
    this.table = table;
    this.load = load;
    this.buckets = new Int32Array(Math.ceil((2 * table.lengthMax) / load) + 2);
  }

  /** The hash of a record in the table. */
  protected abstract hashOf(record: number): number;

  private bucketOf(hash: number): number {
    const bucket = hash & this.mask;
    return bucket < this.count ? bucket : hash & (this.mask >>> 1);
  }

  /** The first record in the chain of a hash; 0 for none. */
  protected first(hash: number): number {
    return this.buckets[this.bucketOf(hash)];
  }

  /** The first record in the bucket that the next insertion splits, or one so many later; 0 for none. For reading ahead. */
  protected firstToSplit(later: number): number {
    return this.buckets[(this.count + later) & (this.mask >>> 1)];
  }

  /** Enters a record whose fields are set. */
  protected link(record: number, hash: number): void {
    const { buckets, table } = this;
    const bucket = this.bucketOf(hash);
    table.words[(record + 1) * table.recordWords - 1] = buckets[bucket];
    buckets[bucket] = record;
    if (2 * table.length > this.load * this.count) this.addBucket();
  }

  /** Takes a record out, before it is given back. */
  protected unlink(record: number, hash: number): void {
    const { buckets, table } = this;
    const { words, recordWords } = table;
    const bucket = this.bucketOf(hash);
    const next = words[(record + 1) * recordWords - 1];
    if (buckets[bucket] === record) {
      buckets[bucket] = next;
    } else {
      let before = buckets[bucket];
      while (words[(before + 1) * recordWords - 1] !== record)
        before = words[(before + 1) * recordWords - 1];
      words[(before + 1) * recordWords - 1] = next;
    }
    if (table.length === 1) this.empty();
    else if (4 * table.length < this.load * this.count && this.count > 1) this.dropBucket();
  }

  /** Adds a bucket, with its part of the records of another. */
  private addBucket(): void {
    const { buckets, table } = this;
    const { words, recordWords } = table;
    const added = this.count;
    this.count++;
    if (added > this.mask) this.mask = 2 * this.mask + 1;
    const from = added & (this.mask >>> 1);
    let record = buckets[from];
    let kept = 0;
    let moved = 0;
    while (record !== 0) {
      const link = (record + 1) * recordWords - 1;
      const next = words[link];
      if ((this.hashOf(record) & this.mask) === added) {
        words[link] = moved;
        moved = record;
      } else {
        words[link] = kept;
        kept = record;
      }
      record = next;
    }
    buckets[from] = kept;
    buckets[added] = moved;
  }

  /** Takes the last bucket away; its records go back to the one they were split from. */
  private dropBucket(): void {
    const { buckets, table } = this;
    const { words, recordWords } = table;
    this.count--;
    const last = this.count;
    const to = last & (this.mask >>> 1);
    if (this.count === (this.mask + 1) >>> 1) this.mask >>>= 1;
    let record = buckets[last];
    buckets[last] = 0;
    while (record !== 0) {
      const link = (record + 1) * recordWords - 1;
      const next = words[link];
      words[link] = buckets[to];
      buckets[to] = record;
      record = next;
    }
  }

  private empty(): void {
    if (this.count > SHRINK_BUCKETS) this.buckets = new Int32Array(this.buckets.length); // hot-allow: after a flood has gone
    this.count = 1;
    this.mask = 0;
    this.buckets[0] = 0;
  }
}
