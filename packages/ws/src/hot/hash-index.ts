/**
 * From hashes to small numbers: an open-addressing table that keeps, for each entry, its 32-bit hash and a number
 * (a slot of the owner's array). Whether an entry is the one meant, the owner finds out by looking at its slot.
 *
 * Owned by one thread. Linear probing, at most two thirds full, removal by moving later entries back, so that there
 * are no tombstones to clean. Growth rehashes in one go: a million entries take about 20 ms.
 */

const CAPACITY_MIN = 16;

export class HashIndex {
  /** Entries in the index. */
  length = 0;
  private hashes = new Int32Array(CAPACITY_MIN);
  /** The number plus one; 0 marks a free place. */
  private numbers = new Int32Array(CAPACITY_MIN);
  private mask = CAPACITY_MIN - 1;

  /** The place of the first entry with this hash, or -1. */
  first(hash: number): number {
    return this.probe(hash, hash & this.mask);
  }

  /** The place of the next entry with the hash after `place`, or -1. */
  next(hash: number, place: number): number {
    return this.probe(hash, (place + 1) & this.mask);
  }

  private probe(hash: number, place: number): number {
    const { hashes, numbers, mask } = this;
    while (numbers[place] !== 0) {
      if (hashes[place] === hash) return place;
      place = (place + 1) & mask;
    }
    return -1;
  }

  /** The number of the entry at a place. */
  numberAt(place: number): number {
    return this.numbers[place] - 1;
  }

  insert(hash: number, number: number): void {
    if (3 * (this.length + 1) > 2 * (this.mask + 1)) this.resize(2 * (this.mask + 1));
    this.put(hash | 0, number);
    this.length++;
  }

  private put(hash: number, number: number): void {
    const { hashes, numbers, mask } = this;
    let place = hash & mask;
    while (numbers[place] !== 0) place = (place + 1) & mask;
    hashes[place] = hash;
    numbers[place] = number + 1;
  }

  /** The place of the entry with this hash and number, which must be there. */
  private placeOf(hash: number, number: number): number {
    let place = this.first(hash | 0);
    while (place >= 0 && this.numbers[place] !== number + 1) place = this.next(hash | 0, place);
    if (place < 0) throw new Error("an entry to be removed is not in its index");
    return place;
  }

  /** Puts another number into an entry. */
  replace(hash: number, number: number, by: number): void {
    this.numbers[this.placeOf(hash, number)] = by + 1;
  }

  /** Removes the entry with this hash and number. */
  remove(hash: number, number: number): void {
    const place = this.placeOf(hash, number);
    this.length--;
    this.closeGap(place);
    if (this.mask + 1 > CAPACITY_MIN && 8 * this.length < this.mask + 1)
      this.resize((this.mask + 1) / 2);
  }

  /** Moves entries back over a gap as long as that brings them no further than their own place. */
  private closeGap(gap: number): void {
    const { hashes, numbers, mask } = this;
    let place = (gap + 1) & mask;
    while (numbers[place] !== 0) {
      const home = hashes[place] & mask;
      if (((place - home) & mask) >= ((place - gap) & mask)) {
        hashes[gap] = hashes[place];
        numbers[gap] = numbers[place];
        gap = place;
      }
      place = (place + 1) & mask;
    }
    numbers[gap] = 0;
  }

  private resize(capacity: number): void {
    const { hashes, numbers } = this;
    this.hashes = new Int32Array(capacity);
    this.numbers = new Int32Array(capacity);
    this.mask = capacity - 1;
    for (let place = 0; place < numbers.length; place++)
      if (numbers[place] !== 0) this.put(hashes[place], numbers[place] - 1);
  }
}

/** One step of a keyed hash: mixes a word into it. Start with a secret, so that nobody can aim at one place. */
export function mixWord(hash: number, word: number): number {
  hash ^= word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}
