/**
 * The offers of one peer that may still be answered: a ring that grows to a bound, the oldest giving way.
 *
 * Owned by the worker that owns the torrent; one per peer that has made offers, used by `OfferIndex` only. A client waits
 * 50 seconds for an answer and announces every two minutes with ten offers, so the bound is never felt by one that plays
 * fair, and one that floods only pushes out its own.
 *
 * | word of an entry | meaning                                                       |
 * |------------------|---------------------------------------------------------------|
 * | 0–4              | offer id                                                      |
 * | 5                | serial of the peer it was made to; 0 for no offer             |
 * | 6                | second at which it expires                                    |
 */
import { mixWord } from "./hash-index.ts";
import { ID_WORDS, wordAt } from "./id-words.ts";

const ENTRY_WORDS = 7;
const RECEIVER_WORD = 5;
const EXPIRY_WORD = 6;
const ENTRIES_MIN = 16;
/** Most offers of one peer that are remembered. */
export const PENDING_OFFERS_MAX = 64;

/** The hash of the offer whose id stands at `at`, made to the peer with this serial. */
export function hashOffer(
  secret: number,
  offerIds: Uint8Array,
  at: number,
  receiverSerial: number,
): number {
  let hash = mixWord(secret, receiverSerial);
  for (let word = 0; word < ID_WORDS; word++) hash = mixWord(hash, wordAt(offerIds, at + 4 * word));
  return hash;
}

export class PendingOffers {
  private entries = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  private nextEntry = 0;

  /** Entries there is room for at the moment; each is known by its number, from 0. */
  get capacity(): number {
    return this.entries.length / ENTRY_WORDS;
  }

  /** The entry to be written next: a free one, or else the oldest. The ring grows only while all in it are alive. */
  next(nowSeconds: number): number {
    if (this.isAlive(this.nextEntry, nowSeconds) && this.capacity < PENDING_OFFERS_MAX) this.grow();
    return this.nextEntry;
  }

  /** Doubles the ring, oldest entries first, so that the next one goes to a free place. */
  private grow(): void {
    const old = this.entries;
    const larger = new Int32Array(old.length * 2);
    const oldest = this.nextEntry * ENTRY_WORDS;
    larger.set(old.subarray(oldest));
    larger.set(old.subarray(0, oldest), old.length - oldest);
    this.nextEntry = old.length / ENTRY_WORDS;
    this.entries = larger;
  }

  /** Whether an entry has an offer, expired or not. */
  isUsed(entry: number): boolean {
    return this.entries[entry * ENTRY_WORDS + RECEIVER_WORD] !== 0;
  }

  /** Whether an entry has an offer that may still be answered. */
  isAlive(entry: number, nowSeconds: number): boolean {
    return this.isUsed(entry) && this.entries[entry * ENTRY_WORDS + EXPIRY_WORD] > nowSeconds;
  }

  /** `hashOffer` of the offer in an entry. */
  hashAt(entry: number, secret: number): number {
    const { entries } = this;
    const at = entry * ENTRY_WORDS;
    let hash = mixWord(secret, entries[at + RECEIVER_WORD]);
    for (let word = 0; word < ID_WORDS; word++) hash = mixWord(hash, entries[at + word]);
    return hash;
  }

  /** Writes an offer into the entry that `next` named. */
  write(offerIds: Uint8Array, at: number, receiverSerial: number, expirySeconds: number): void {
    const { entries } = this;
    const entry = this.nextEntry * ENTRY_WORDS;
    for (let word = 0; word < ID_WORDS; word++)
      entries[entry + word] = wordAt(offerIds, at + 4 * word);
    entries[entry + RECEIVER_WORD] = receiverSerial;
    entries[entry + EXPIRY_WORD] = expirySeconds;
    this.nextEntry = (this.nextEntry + 1) % this.capacity;
  }

  clear(entry: number): void {
    this.entries[entry * ENTRY_WORDS + RECEIVER_WORD] = 0;
  }

  /** The entry of an offer, or -1. */
  find(offerIds: Uint8Array, at: number, receiverSerial: number): number {
    const { entries } = this;
    const first = wordAt(offerIds, at);
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      if (entries[entry + RECEIVER_WORD] !== receiverSerial || entries[entry] !== first) continue;
      let word = 1;
      while (word < ID_WORDS && entries[entry + word] === wordAt(offerIds, at + 4 * word)) word++;
      if (word === ID_WORDS) return entry / ENTRY_WORDS;
    }
    return -1;
  }
}
