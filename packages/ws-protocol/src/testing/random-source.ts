/**
 * Random numbers that come again with the same seed, for tests and fuzzers (xorshift128, one small object).
 */
export class RandomSource {
  #a: number;
  #b = 0x9e3779b9 | 0;
  #c: number;
  #d = 0xb7e15163 | 0;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#c = (seed ^ 0x243f6a88) | 0;
    for (let round = 0; round < 16; round++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    let mixed = this.#d;
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = this.#a;
    mixed ^= this.#a;
    mixed ^= this.#a >>> 19;
    this.#a = mixed;
    return mixed;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(((this.word() >>> 0) / 0x100000000) * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    const index = this.below(choices.length);
    const [choice] = choices.slice(index, index + 1);
    if (choice === undefined) throw new Error("nothing to choose from");
    return choice;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = this.word();
    return bytes;
  }
}
