/**
 * What a client's message says, apart from how it is read: the part of a request that replies are written from and that
 * travels from one worker to another.
 *
 * Filled by `TrackerRequest.read`, or by a worker from what another has parsed.
 */
import {
  ID_BYTES,
  ID_LITERAL_BYTES_MAX,
  parseBinaryString,
  writeBinaryString,
} from "./binary-string.ts";
import { ACTION_UNKNOWN } from "./request-status.ts";

/** The message said nothing about `left`. */
export const LEFT_UNKNOWN = 0;
export const LEFT_NOTHING = 1;
export const LEFT_SOMETHING = 2;

/** Where each id lies in `TrackerRequest.ids`. */
export const INFO_HASH_AT = 0;
export const PEER_ID_AT = 20;
export const TO_PEER_ID_AT = 40;
export const ANSWER_OFFER_ID_AT = 60;

/** Words of `TrackerRequest.offerRanges` for each offer: offer's start and end, offer id's start and end. */
export const OFFER_RANGE_WORDS = 4;

/** The words around an offer and two ids in their longest form take less. */
const RELAY_HEAD_BYTES_MAX = 2 * ID_LITERAL_BYTES_MAX + 128;
const NO_BYTES = new Uint8Array(0);

export class RequestRecord {
  /** The memory the message lies in, and the ranges below point into. */
  bytes: Uint8Array = new Uint8Array(0);
  messageStart = 0;
  messageEnd = 0;
  /** Info hash, peer id, and of an answer whom it is for and the offer's id; 20 bytes each, see `*_AT`. */
  readonly ids = new Uint8Array(4 * ID_BYTES);
  /** The same as words, as they lie in memory. */
  readonly idWords = new Int32Array(this.ids.buffer);
  /** The info hash and the peer id as they came, quotes included: JSON that can be passed on. */
  infoHashStart = 0;
  infoHashEnd = 0;
  peerIdStart = 0;
  peerIdEnd = 0;
  /** One of EVENT_*. */
  event = 0;
  /** Whether the event is unknown or not a string; it is treated as none. */
  isEventUnknown = false;
  /** One of LEFT_*. */
  left = 0;
  /** How many peers are wanted; -1 where the message does not say. */
  numwant = -1;
  /** Offers kept; surplus ones are checked, counted and left out. */
  offers = 0;
  offersSurplus = 0;
  readonly offersMax: number;
  readonly offerRanges: Int32Array;
  /** What every offer begins with when it is passed on, and its memory; filled by `prepareOffers`. */
  relayHead: Uint8Array = NO_BYTES;
  readonly relayBytes = new Uint8Array(RELAY_HEAD_BYTES_MAX);
  hasAnswer = false;
  answerStart = 0;
  answerEnd = 0;
  /** The answer's offer id as it came, quotes included. */
  offerIdStart = 0;
  offerIdEnd = 0;
  /** Info hashes of a scrape, 20 bytes each. */
  scrapes = 0;
  readonly scrapesMax: number;
  readonly scrapeInfoHashes: Uint8Array;
  /** The same as words, as they lie in memory. */
  readonly scrapeWords: Int32Array;
  /** Whether the info hash could be read, to be named in an error. */
  hasInfoHash = false;
  /** Which action could be read, to be named in an error: one of ACTION_*. */
  actionNamed: number = ACTION_UNKNOWN;

  /** `offersMax` and `scrapesMax`: how many offers and info hashes of one message are kept. */
  constructor(offersMax: number, scrapesMax: number) {
    this.offersMax = offersMax;
    this.scrapesMax = scrapesMax;
    this.offerRanges = new Int32Array(offersMax * OFFER_RANGE_WORDS);
    this.scrapeInfoHashes = new Uint8Array((scrapesMax + 1) * ID_BYTES);
    this.scrapeWords = new Int32Array(this.scrapeInfoHashes.buffer);
  }

  /** Writes the 20 bytes of an offer's id. Most offers of an announce are passed to nobody: their ids are only checked. */
  readOfferId(offerIndex: number, out: Uint8Array, outOffset: number): void {
    const at = offerIndex * OFFER_RANGE_WORDS;
    const start = this.offerRanges[at + 2] + 1;
    const end = this.offerRanges[at + 3] - 1;
    parseBinaryString(this.bytes, start, end, out, outOffset, ID_BYTES);
  }
}

/** Writes info hash and peer id of a record that was not read from a message as literals, where replies take them from. */
export function nameIds(record: RequestRecord): void {
  const { ids, relayBytes } = record;
  record.bytes = relayBytes;
  record.infoHashStart = 0;
  record.infoHashEnd = writeBinaryString(relayBytes, 0, ids, INFO_HASH_AT, ID_BYTES);
  record.peerIdStart = record.infoHashEnd;
  record.peerIdEnd = writeBinaryString(relayBytes, record.peerIdStart, ids, PEER_ID_AT, ID_BYTES);
  record.messageEnd = record.peerIdEnd;
  record.hasInfoHash = true;
}
