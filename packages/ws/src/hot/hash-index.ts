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
  /** At 2 × place the hash, behind it the number plus one, 0 for a free place: side by side, so that they share a cache line. */
  private words = new Int32Array(2 * CAPACITY_MIN);
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
    const { words, mask } = this;
    while (words[2 * place + 1] !== 0) {
      if (words[2 * place] === hash) return place;
      place = (place + 1) & mask;
    }
    return -1;
  }

  /** The number of the entry at a place. */
  numberAt(place: number): number {
    return this.words[2 * place + 1] - 1;
  }

  insert(hash: number, number: number): void {
    if (3 * (this.length + 1) > 2 * (this.mask + 1)) this.resize(2 * (this.mask + 1));
    this.put(hash | 0, number);
    this.length++;
  }

  private put(hash: number, number: number): void {
    const { words, mask } = this;
    let place = hash & mask;
    while (words[2 * place + 1] !== 0) place = (place + 1) & mask;
    words[2 * place] = hash;
    words[2 * place + 1] = number + 1;
  }

  /** Removes the entry with this hash and number, which must be there. */
  remove(hash: number, number: number): void {
    let place = this.first(hash | 0);
    while (place >= 0 && this.numberAt(place) !== number) place = this.next(hash | 0, place);
    if (place < 0) throw new Error("an entry to be removed is not in its index");
    this.length--;
    this.closeGap(place);
    if (this.mask + 1 > CAPACITY_MIN && 8 * this.length < this.mask + 1)
      this.resize((this.mask + 1) / 2);
  }

  /** Moves entries back over a gap as long as that brings them no further than their own place. */
  private closeGap(gap: number): void {
    const { words, mask } = this;
    let place = (gap + 1) & mask;
    while (words[2 * place + 1] !== 0) {
      const home = words[2 * place] & mask;
      if (((place - home) & mask) >= ((place - gap) & mask)) {
        words[2 * gap] = words[2 * place];
        words[2 * gap + 1] = words[2 * place + 1];
        gap = place;
      }
      place = (place + 1) & mask;
    }
    words[2 * gap + 1] = 0;
  }

  private resize(capacity: number): void {
    const { words } = this;
    this.words = new Int32Array(2 * capacity);
    this.mask = capacity - 1;
    for (let at = 0; at < words.length; at += 2)
      if (words[at + 1] !== 0) this.put(words[at], words[at + 1] - 1);
  }
}

/** One step of a keyed hash: mixes a word into it. Start with a secret, so that nobody can aim at one place. */
export function mixWord(hash: number, word: number): number {
  hash ^= word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}
