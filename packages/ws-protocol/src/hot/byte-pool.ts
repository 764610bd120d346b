/**
 * Buffers in power-of-two sizes, lent and given back, so that a busy worker does not leave one behind per message.
 *
 * One pool per worker, shared by all of its connections: for frames that came in pieces and for what is about to be
 * sent. The free ones are bounded here; the lent ones by whoever borrows, who asks `isFull` or `allows` before taking more.
 */

/** The smallest buffer lent. */
export const POOL_BYTES_MIN = 1024;
const SIZES = 18;
/** Free memory kept per size, so that one burst of large messages is not remembered for ever. */
const FREE_BYTES_MAX_PER_SIZE = 4 * 1024 * 1024;

/** What each borrower may always have, however much is lent to others. */
const SHARE_BYTES_MIN = 4096;

/** Lends buffers of 1 KiB, 2 KiB, … 128 MiB; `take` and `give` touch no other state. */
export class BytePool {
  /** Bytes that are lent at the moment. */
  lentBytes = 0;
  private readonly free: Uint8Array[][] = [];
  private readonly lentBytesMax: number;

  constructor(lentBytesMax: number = Number.POSITIVE_INFINITY) {
    this.lentBytesMax = lentBytesMax;
    for (let size = 0; size < SIZES; size++) this.free.push([]);
  }

  /** Whether as much is lent as should be. */
  get isFull(): boolean {
    return this.lentBytes >= this.lentBytesMax;
  }

  /** Whether one borrower may hold so many bytes: a little always, more while the pool is not full. */
  allows(bytes: number): boolean {
    return bytes <= SHARE_BYTES_MIN || !this.isFull;
  }

  /** A buffer of at least `bytesMin` bytes, its content whatever it was. */
  take(bytesMin: number): Uint8Array {
    const size = sizeIndexOf(bytesMin);
    this.lentBytes += POOL_BYTES_MIN << size;
    return this.free[size].pop() ?? new Uint8Array(POOL_BYTES_MIN << size); // hot-allow: kept when it comes back
  }

  /** Gives a buffer back; it must come from `take` and must not be used any more. */
  give(bytes: Uint8Array): void {
    this.lentBytes -= bytes.length;
    const free = this.free[sizeIndexOf(bytes.length)];
    if (free.length * bytes.length < FREE_BYTES_MAX_PER_SIZE) free.push(bytes);
  }

  /** Bytes that lie free at the moment. */
  get freeBytes(): number {
    let sum = 0;
    for (const free of this.free) for (const bytes of free) sum += bytes.length;
    return sum;
  }
}

function sizeIndexOf(bytes: number): number {
  return bytes <= POOL_BYTES_MIN ? 0 : 32 - Math.clz32((bytes - 1) >>> 10);
}
