/**
 * Random numbers that come again with the same seed, for tests and fuzzers (xorshift128, one small object).
 */
export class RandomSource {
  readonly #state: Int32Array;

  constructor(seed: number) {
    this.#state = Int32Array.of(seed | 0, 0x9e3779b9, seed ^ 0x243f6a88, 0xb7e15163);
    for (let round = 0; round < 16; round++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const state = this.#state;
    let mixed = state[3];
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    state[3] = state[2];
    state[2] = state[1];
    state[1] = state[0];
    mixed ^= state[0];
    mixed ^= state[0] >>> 19;
    state[0] = mixed;
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
    return choices[this.below(choices.length)];
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = this.word();
    return bytes;
  }
}
