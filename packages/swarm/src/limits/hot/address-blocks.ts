/**
 * Some few blocks of addresses, such as those exempt from limits, compared word by word. Each worker thread lays them out once
 * (limits.ts) and asks about addresses as they lie in a packet, read in the machine's byte order.
 *
 * | words | block of family 4  | block of family 6         |
 * |-------|--------------------|---------------------------|
 * | 0     | network            | network, 4 words          |
 * | 1     | mask               | (4..7) mask, 4 words      |
 *
 * Example on a little-endian machine: 127.0.0.0/8 is 0x0000007f, 0x000000ff.
 */
export class AddressBlocks {
  private readonly ipv4: Int32Array;
  private readonly ipv6: Int32Array;

  constructor(ipv4: Int32Array, ipv6: Int32Array) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  /** Whether a block holds the address of 1 (family 4) or 4 words (family 6) at `at`. */
  holds(words: Int32Array, at: number, family: 4 | 6): boolean {
    if (family === 4) {
      const ipv4 = this.ipv4;
      const word = words[at];
      for (let i = 0; i < ipv4.length; i += 2) if ((word & ipv4[i + 1]) === ipv4[i]) return true;
      return false;
    }
    const ipv6 = this.ipv6;
    for (let i = 0; i < ipv6.length; i += 8)
      if (
        (words[at + 3] & ipv6[i + 7]) === ipv6[i + 3] &&
        (words[at] & ipv6[i + 4]) === ipv6[i] &&
        (words[at + 1] & ipv6[i + 5]) === ipv6[i + 1] &&
        (words[at + 2] & ipv6[i + 6]) === ipv6[i + 2]
      )
        return true;
    return false;
  }
}
