/**
 * How many connections a worker keeps open, in all and from one address. Asked for each connection that is accepted
 * and told when it has ended; owned by its worker.
 *
 * An IPv6 address counts as its /48, the network one customer is usually given: with a limit on single addresses one
 * such customer would have 2^80 of them.
 *
 * A table that never grows: an address has an entry while it has a connection, so there are never more entries than
 * connections. Entries are found by a keyed hash, since a client could otherwise choose addresses that share a bucket.
 * Both arrays begin as zero pages, which the kernel provides when they are first written, and free entries are used
 * again before new ones: memory grows with the most addresses there ever were at once, by 20 bytes each.
 *
 * | entry word | name    | meaning                                                       |
 * |-----------:|---------|---------------------------------------------------------------|
 * | 0          | network | IPv4 address, or the first 32 bits of the IPv6 address        |
 * | 1          | family  | 0 for IPv4; 0x10000 plus bits 32 to 47 of the IPv6 address    |
 * | 2          | count   | open connections                                              |
 * | 3          | next    | next entry of the bucket, or next free entry; 0 for none      |
 *
 * Example: two connections from 2001:db8:1::1 are `b80d0120 00010100 00000002 00000000`.
 */
import { randomFillSync } from "node:crypto";

/** What `open` returns instead of a place when a limit refuses the connection. */
export const LIMIT_TOTAL = -1;
export const LIMIT_ADDRESS = -2;
/** The place of a connection that counts for no address. */
const PLACE_EXEMPT = 0;

const ENTRY_WORDS = 4;
const WORD_NETWORK = 0;
const WORD_FAMILY = 1;
const WORD_COUNT = 2;
const WORD_NEXT = 3;

const FAMILY_IPV6 = 0x10000;

/** An address: words in network order, as this little-endian machine reads them. */
export interface CountedAddress {
  readonly family: 4 | 6;
  readonly word0: number;
  readonly word1: number;
}

export class ConnectionLimits {
  /** Open connections. */
  count = 0;
  /** Addresses with open connections, those of exempt connections aside. */
  addressCount = 0;
  /** Connections beyond a lowered limit go on. */
  perAddressMax: number;

  private readonly totalMax: number;
  /** The first entry of each bucket; 0 for none. */
  private readonly buckets: Int32Array;
  private readonly bucketMask: number;
  /** Entry 0 is not used. */
  private readonly entries: Int32Array;
  private freeEntry = 0;
  private unusedEntry = 1;
  private readonly key = randomFillSync(new Int32Array(2));

  constructor(totalMax: number, perAddressMax: number) {
    this.totalMax = totalMax;
    this.perAddressMax = perAddressMax;
    this.buckets = new Int32Array(2 ** Math.ceil(Math.log2(totalMax)));
    this.bucketMask = this.buckets.length - 1;
    this.entries = new Int32Array((totalMax + 1) * ENTRY_WORDS);
  }

  /**
   * Counts a connection in and returns its place, which `close` takes back; or returns the `LIMIT_` that refuses it.
   * An exempt one, of a trusted proxy, counts for no address.
   */
  open(address: CountedAddress, isExempt: boolean): number {
    if (this.count >= this.totalMax) return LIMIT_TOTAL;
    let place = PLACE_EXEMPT;
    if (!isExempt) {
      place = this.openAt(address);
      if (place < 0) return place;
    }
    this.count++;
    return place;
  }

  /** Counts out a connection that `open` gave this place. */
  close(place: number): void {
    this.count--;
    if (place === PLACE_EXEMPT) return;
    const at = place * ENTRY_WORDS;
    if (--this.entries[at + WORD_COUNT] === 0) this.free(place);
  }

  private openAt(address: CountedAddress): number {
    const { entries } = this;
    const network = address.word0;
    const family = address.family === 4 ? 0 : FAMILY_IPV6 | (address.word1 & 0xffff);
    const bucket = this.bucketOf(network, family);
    for (let entry = this.buckets[bucket]; entry !== 0; ) {
      const at = entry * ENTRY_WORDS;
      if (entries[at + WORD_NETWORK] === network && entries[at + WORD_FAMILY] === family) {
        if (entries[at + WORD_COUNT] >= this.perAddressMax) return LIMIT_ADDRESS;
        entries[at + WORD_COUNT]++;
        return entry;
      }
      entry = entries[at + WORD_NEXT];
    }
    if (this.perAddressMax < 1) return LIMIT_ADDRESS;
    const entry = this.takeEntry();
    const at = entry * ENTRY_WORDS;
    entries[at + WORD_NETWORK] = network;
    entries[at + WORD_FAMILY] = family;
    entries[at + WORD_COUNT] = 1;
    entries[at + WORD_NEXT] = this.buckets[bucket];
    this.buckets[bucket] = entry;
    this.addressCount++;
    return entry;
  }

  private takeEntry(): number {
    const entry = this.freeEntry;
    if (entry === 0) return this.unusedEntry++;
    this.freeEntry = this.entries[entry * ENTRY_WORDS + WORD_NEXT];
    return entry;
  }

  /** Takes an entry out of its bucket. */
  private free(entry: number): void {
    const { entries, buckets } = this;
    const at = entry * ENTRY_WORDS;
    const bucket = this.bucketOf(entries[at + WORD_NETWORK], entries[at + WORD_FAMILY]);
    const next = entries[at + WORD_NEXT];
    if (buckets[bucket] === entry) {
      buckets[bucket] = next;
    } else {
      let before = buckets[bucket] * ENTRY_WORDS;
      while (entries[before + WORD_NEXT] !== entry)
        before = entries[before + WORD_NEXT] * ENTRY_WORDS;
      entries[before + WORD_NEXT] = next;
    }
    entries[at + WORD_NEXT] = this.freeEntry;
    this.freeEntry = entry;
    this.addressCount--;
  }

  /** Two rounds of MurmurHash3's 32-bit mixing, with a random key before each. */
  private bucketOf(network: number, family: number): number {
    return mix(mix(network ^ this.key[0]) ^ family ^ this.key[1]) & this.bucketMask;
  }
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
