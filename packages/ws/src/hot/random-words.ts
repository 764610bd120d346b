/**
 * Random numbers for choices that need no secrecy: whom to offer to, by how much an interval differs (xoshiro128**).
 *
 * One per worker, started from four random words.
 */
export class RandomWords {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** The seed's four words must not all be zero. */
  constructor(seed: Int32Array) {
    this.a = seed[0];
    this.b = seed[1];
    this.c = seed[2];
    this.d = seed[3] | 1;
  }

  /** 32 random bits. */
  word(): number {
    const mixed = Math.imul(this.b, 5);
    const result = Math.imul((mixed << 7) | (mixed >>> 25), 9);
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return (this.word() >>> 0) / 0x100000000;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}
