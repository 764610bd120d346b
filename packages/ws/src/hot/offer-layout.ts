/**
 * How an offer that may still be answered lies in memory: a record of 15 words, off the heap. Used by `OfferIndex` only,
 * in the thread of the worker that owns the torrents.
 *
 * | word  | meaning                                                                                        |
 * |-------|------------------------------------------------------------------------------------------------|
 * | 0–4   | offer id                                                                                       |
 * | 5, 6  | the connection it was made to: worker << 24 and slot, serial                                   |
 * | 7, 8  | the peer that made it: its record, or -1 once it has been answered; its serial                 |
 * | 9     | the connection that made it: worker << 24 and slot                                             |
 * | 10    | second at which it expires                                                                     |
 * | 11    | its hash: offer id, receiver and what the offerer calls itself                                 |
 * | 12    | the record made after it; 0 for none                                                           |
 * | 13    | the record made before it; 0 for none                                                          |
 * | 14    | the next record with a hash of the same bucket, or of the free ones; 0 for none                |
 *
 * Example, in words: `6f2e2e2e … 01000003 00000011 00000005 00000009 00000002 0000012c 5a1c… 00000008 00000006 00000000` is an
 * offer made by peer 5 (serial 9, connection 2 of worker 0) to connection 3 of worker 1 (serial 17), good until second
 * 300; record 6 was made before it, record 8 after it.
 *
 * Records count from 1. Offers all live equally long, so that the order in which they were made is that in which they
 * expire.
 */

export const OFFER_WORDS = 15;
export const OFFER_BYTES: number = 4 * OFFER_WORDS;
export const RECEIVER_WORD = 5;
export const RECEIVER_SERIAL_WORD = 6;
export const OFFERER_WORD = 7;
/** In the place of the offerer: the offer has been answered. */
export const ANSWERED = -1;
export const OFFERER_SERIAL_WORD = 8;
export const OFFERER_CONNECTION_WORD = 9;
export const EXPIRY_WORD = 10;
export const HASH_WORD = 11;
export const NEWER_WORD = 12;
export const OLDER_WORD = 13;
export const CHAIN_WORD = 14;
