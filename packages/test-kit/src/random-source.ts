/**
 * Random numbers that come again with the same seed, for tests, fuzzers and benches: a failure is one number. Marsaglia's xorshift
 * with 32 bits of state (https://doi.org/10.18637/jss.v008.i14).
 */
export class RandomSource {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  /** 32 random bits, as a signed number. */
  word(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return (this.word() >>> 0) % limit;
  }

  /** From 0 on, below 1. */
  fraction(): number {
    return (this.word() >>> 0) / 2 ** 32;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    const index = this.below(items.length);
    const [item] = items.slice(index, index + 1);
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index++) bytes[index] = this.word();
    return bytes;
  }
}

/** Only whole numbers: each call returns one from 0 to `limit` - 1. */
export type RandomBelow = (limit: number) => number;

export function randomBelow(seed: number): RandomBelow {
  const source = new RandomSource(seed);
  return (limit) => source.below(limit);
}
