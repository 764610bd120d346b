/**
 * Which client made an offer, in which torrent, and who answered it: so that offers and answers that nobody made, or that
 * reached the wrong client, can be told, and failures that only say that somebody has left. Owned by one load; called for each offer and answer.
 */

/** As many of the latest offers are known; what is older is taken as right. */
const OFFERS_KNOWN = 1 << 20;
const MASK = OFFERS_KNOWN - 1;
const NOBODY = -1;
/** As many of the latest clients that left are known. */
const LEAVERS_KNOWN = 1 << 16;

export class OfferBook {
  #made = 0;
  readonly #makers = new Int32Array(OFFERS_KNOWN);
  readonly #torrents = new Int32Array(OFFERS_KNOWN);
  readonly #answerers = new Int32Array(OFFERS_KNOWN);

  readonly #leavers = new Set<number>();

  /** A client has closed its connection. */
  leave(client: number): void {
    this.#leavers.add(client);
    if (this.#leavers.size <= LEAVERS_KNOWN) return;
    for (const first of this.#leavers) {
      this.#leavers.delete(first);
      return;
    }
  }

  /** Whether whoever made this offer has left since. */
  hasMakerLeft(offer: number): boolean {
    return this.#isKnown(offer) && this.#leavers.has(this.#makers[offer & MASK] ?? NOBODY);
  }

  /** A client makes an offer in a torrent; returns the number of the offer. */
  make(client: number, torrent: number): number {
    const slot = this.#made & MASK;
    this.#makers[slot] = client;
    this.#torrents[slot] = torrent;
    this.#answerers[slot] = NOBODY;
    return this.#made++;
  }

  /** A client answers an offer. */
  answer(offer: number, client: number): void {
    if (this.#isKnown(offer)) this.#answerers[offer & MASK] = client;
  }

  /** Whether that client made this offer in that torrent. */
  hasMade(offer: number, client: number, torrent: number): boolean {
    if (offer < 0 || offer >= this.#made) return false;
    const slot = offer & MASK;
    return (
      !this.#isKnown(offer) || (this.#makers[slot] === client && this.#torrents[slot] === torrent)
    );
  }

  /** Whether that client answered this offer. */
  hasAnswered(offer: number, client: number): boolean {
    return !this.#isKnown(offer) || this.#answerers[offer & MASK] === client;
  }

  #isKnown(offer: number): boolean {
    return offer >= 0 && offer < this.#made && offer >= this.#made - OFFERS_KNOWN;
  }
}
