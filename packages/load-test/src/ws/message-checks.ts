/**
 * Whether an offer or an answer that a client was sent is one that somebody of this load made for it. Called for each
 * message of a load of WebTorrent clients.
 */
import type { OfferBook } from "./offer-book.ts";
import {
  KIND_INFO_HASH,
  KIND_OFFER_ID,
  KIND_PEER_ID,
  numberBehind,
  numberOf,
} from "./request-frames.ts";

const OFFER_KEY = Buffer.from('"offer":');
const INFO_HASH_KEY = Buffer.from('"info_hash":"');
const PEER_ID_KEY = Buffer.from('"peer_id":"');
const OFFER_ID_KEY = Buffer.from('"offer_id":"');

/** The client that is sent something. */
export interface Addressee {
  readonly number: number;
  readonly torrents: readonly { readonly number: number }[];
}

/** What offers and answers have in common. */
export interface Relayed {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly offerId: Uint8Array;
}

export const isOfferText = (text: Buffer): boolean => text.includes(OFFER_KEY);

/** Whether the text holds a right offer. False also where ids are written in another way than here: then it has to be parsed. */
export const holdsRightOffer = (text: Buffer, to: Addressee, book: OfferBook): boolean =>
  mayGet(
    numberBehind(KIND_OFFER_ID, OFFER_ID_KEY, text),
    numberBehind(KIND_PEER_ID, PEER_ID_KEY, text),
    numberBehind(KIND_INFO_HASH, INFO_HASH_KEY, text),
    to,
    book,
  );

/** Whether another client made this offer in a torrent of the addressee. */
export const isRightOffer = (offer: Relayed, to: Addressee, book: OfferBook): boolean =>
  mayGet(
    numberOf(KIND_OFFER_ID, offer.offerId),
    numberOf(KIND_PEER_ID, offer.peerId),
    numberOf(KIND_INFO_HASH, offer.infoHash),
    to,
    book,
  );

function mayGet(
  offer: number,
  maker: number,
  torrent: number,
  to: Addressee,
  book: OfferBook,
): boolean {
  return (
    maker !== to.number &&
    to.torrents.some(({ number }) => number === torrent) &&
    book.hasMade(offer, maker, torrent)
  );
}

/** Whether the addressee made the offer in that torrent, and the other client answered it. */
export function isRightAnswer(answer: Relayed, to: Addressee, book: OfferBook): boolean {
  const offer = numberOf(KIND_OFFER_ID, answer.offerId);
  return (
    book.hasMade(offer, to.number, numberOf(KIND_INFO_HASH, answer.infoHash)) &&
    book.hasAnswered(offer, numberOf(KIND_PEER_ID, answer.peerId))
  );
}
