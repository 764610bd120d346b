/**
 * The offers of one peer that may still be answered: a ring that grows to a bound, the oldest giving way.
 *
 * Owned by the worker that owns the torrent; one per peer that has made offers. A client waits 50 seconds for an
 * answer and announces every two minutes with ten offers, so the bound is never felt by one that plays fair, and one
 * that floods only pushes out its own.
 *
 * | word of an entry | meaning                                                       |
 * |------------------|---------------------------------------------------------------|
 * | 0–4              | offer id                                                      |
 * | 5                | serial of the peer it was made to; 0 once answered            |
 * | 6                | second at which it expires                                    |
 */
import { ID_WORDS, wordAt } from "./id-words.ts";

const ENTRY_WORDS = 7;
const RECEIVER_WORD = 5;
const EXPIRY_WORD = 6;
const ENTRIES_MIN = 16;
/** Most offers of one peer that are remembered. */
export const PENDING_OFFERS_MAX = 64;

export class PendingOffers {
  private entries = new Int32Array(ENTRIES_MIN * ENTRY_WORDS);
  private nextEntry = 0;

  /** Remembers that the offer with the id at `at` was made to a peer; false where another had to be forgotten for it. */
  insert(
    offerIds: Uint8Array,
    at: number,
    receiverSerial: number,
    nowSeconds: number,
    expirySeconds: number,
  ): boolean {
    let entry = this.nextEntry * ENTRY_WORDS;
    if (this.isAlive(entry, nowSeconds) && this.entries.length < PENDING_OFFERS_MAX * ENTRY_WORDS) {
      this.grow();
      entry = this.nextEntry * ENTRY_WORDS;
    }
    const isForgetting = this.isAlive(entry, nowSeconds);
    const entries = this.entries;
    for (let word = 0; word < ID_WORDS; word++)
      entries[entry + word] = wordAt(offerIds, at + 4 * word);
    entries[entry + RECEIVER_WORD] = receiverSerial;
    entries[entry + EXPIRY_WORD] = expirySeconds;
    this.nextEntry = (this.nextEntry + 1) % (entries.length / ENTRY_WORDS);
    return !isForgetting;
  }

  private isAlive(entry: number, nowSeconds: number): boolean {
    return (
      this.entries[entry + RECEIVER_WORD] !== 0 && this.entries[entry + EXPIRY_WORD] > nowSeconds
    );
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

  /** Whether the offer was made to this peer and waits for its answer; if so it no longer does. */
  take(offerId: Uint8Array, at: number, receiverSerial: number, nowSeconds: number): boolean {
    const entries = this.entries;
    const first = wordAt(offerId, at);
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      if (entries[entry + RECEIVER_WORD] !== receiverSerial || entries[entry] !== first) continue;
      if (entries[entry + EXPIRY_WORD] <= nowSeconds) continue;
      let word = 1;
      while (word < ID_WORDS && entries[entry + word] === wordAt(offerId, at + 4 * word)) word++;
      if (word < ID_WORDS) continue;
      entries[entry + RECEIVER_WORD] = 0;
      return true;
    }
    return false;
  }

  /** Entries there is room for at the moment. */
  get capacity(): number {
    return this.entries.length / ENTRY_WORDS;
  }
}
