/**
 * The addresses of a list of ranges, for `limits.address_list_path`: one array in shared memory that never changes once built
 * (address-list.ts). Workers ask it per announce and scrape; a list that is off is not asked at all. An address is found by
 * halving, 17 steps at 100,000 ranges.
 *
 * | words            | meaning                                                              |
 * |------------------|----------------------------------------------------------------------|
 * | 0, 1             | number of IPv4 ranges, number of IPv6 ranges                         |
 * | 2..2 + 2 a       | IPv4: first and last address of each, as numbers, in ascending order |
 * | then 8 words     | IPv6: four words of the first address, four of the last, likewise    |
 *
 * Ranges do not touch each other. Example: 10.0.0.0/8 alone is 1, 0, 0x0a000000, 0x0affffff.
 */
export const RANGES_HEADER_WORDS = 2;
export const RANGE_WORDS_4 = 2;
export const RANGE_WORDS_6 = 8;

/** A word of an address as it lies in a packet, read by a little-endian machine, as the number it stands for. */
function numberOf(word: number): number {
  const swapped = ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00);
  return (swapped | (word >>> 24)) >>> 0;
}

export class AddressRanges {
  /** Whether addresses of the list are served ("allow"), or all others ("deny"). */
  private readonly listedIsAllowed: boolean;
  private readonly words: Uint32Array;

  constructor(words: Uint32Array, listedIsAllowed: boolean) {
    this.words = words;
    this.listedIsAllowed = listedIsAllowed;
  }

  /** Whether the address of 1 (family 4) or 4 words (family 6) at `at` is served. */
  allows(address: Int32Array, at: number, family: 4 | 6): boolean {
    const isListed = family === 4 ? this.holdsIpv4(address[at]) : this.holdsIpv6(address, at);
    return isListed === this.listedIsAllowed;
  }

  private holdsIpv4(word: number): boolean {
    const words = this.words;
    const address = numberOf(word);
    // The number of ranges that begin at the address or before.
    let low = 0;
    let high = words[0];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[RANGES_HEADER_WORDS + middle * RANGE_WORDS_4] <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address <= words[RANGES_HEADER_WORDS + (low - 1) * RANGE_WORDS_4 + 1];
  }

  private holdsIpv6(address: Int32Array, at: number): boolean {
    const words = this.words;
    const first = RANGES_HEADER_WORDS + words[0] * RANGE_WORDS_4;
    let low = 0;
    let high = words[1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(first + middle * RANGE_WORDS_6, address, at) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.compare(first + (low - 1) * RANGE_WORDS_6 + 4, address, at) >= 0;
  }

  /** Less than 0 when the address at `rangeAt` comes before the one of the packet, 0 when they are the same. */
  private compare(rangeAt: number, address: Int32Array, at: number): number {
    for (let i = 0; i < 4; i++) {
      const difference = this.words[rangeAt + i] - numberOf(address[at + i]);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
