/** Reads what another worker has sent, record by record; worker-batch.ts shows how they lie. Owned by the receiving worker. */
import { EVENT_STOPPED } from "@swarmtide/bittorrent";
import {
  ACTION_IS_ANNOUNCE,
  OFFER_RANGE_WORDS,
  type RequestRecord,
  writeRange,
} from "@swarmtide/ws-protocol";
import {
  ADDRESS_WORD,
  ANNOUNCE_FIXED_WORDS,
  FRAME_FIXED_WORDS,
  HEAD_WORDS,
  IDS_WORD,
  MAY_JOIN,
  STOP_ID_WORDS,
} from "./worker-batch.ts";

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** Walks over the records of a batch: `next`, then the fields of the kind it returned. */
export class BatchReader {
  bytes: Uint8Array = new Uint8Array(0);
  words: Int32Array = new Int32Array(0);
  /** Index of the record's first field, after kind and length. */
  at = 0;
  private nextRecord = 0;

  /** Starts on a batch; its bytes must begin at a multiple of four in their memory. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2); // hot-allow: once for each batch
    this.nextRecord = 0;
  }

  /** Lets go of the batch. */
  close(): void {
    this.bytes = NO_BYTES;
    this.words = NO_WORDS;
  }

  /** The kind of the next record, or 0 at the end. */
  next(): number {
    const at = this.nextRecord;
    if (at >= this.words.length) return 0;
    this.at = at + HEAD_WORDS;
    this.nextRecord = at + (this.words[at + 1] >>> 2);
    return this.words[at];
  }

  /** Whether and when the announce is replied to: REPLY_…. */
  get reply(): number {
    return this.words[this.at] & ~MAY_JOIN;
  }

  /** Whether the connection of the announce may have one more peer. */
  get mayJoin(): boolean {
    return (this.words[this.at] & MAY_JOIN) !== 0;
  }

  /** The client's address of the announce, hashed. */
  get addressHash(): number {
    return this.words[this.at - HEAD_WORDS + ADDRESS_WORD];
  }

  /** Fills a request from a STOP record. */
  readStop(request: RequestRecord): void {
    const ids = 4 * (this.at + 2);
    writeRange(request.ids, 0, this.bytes, ids, ids + 4 * STOP_ID_WORDS);
    request.event = EVENT_STOPPED;
    request.offers = 0;
    request.hasAnswer = false;
  }

  /** Fills a request from an announce; its ranges point into the batch. */
  readAnnounce(request: RequestRecord): void {
    const { words, bytes, at } = this;
    const flags = words[at + 3];
    request.event = flags & 0xff;
    request.left = (flags >>> 8) & 0xff;
    request.hasAnswer = (flags & 0x10000) !== 0;
    request.numwant = words[at + 4];
    const offers = words[at + 5];
    request.offers = offers;
    request.actionNamed = ACTION_IS_ANNOUNCE;
    request.hasInfoHash = true;
    const record = at - HEAD_WORDS;
    const ids = 4 * (record + IDS_WORD);
    writeRange(request.ids, 0, bytes, ids, ids + request.ids.length);
    const ranges = record + ANNOUNCE_FIXED_WORDS;
    const message = 4 * (ranges + offers * OFFER_RANGE_WORDS);
    for (let index = 0; index < offers * OFFER_RANGE_WORDS; index++)
      request.offerRanges[index] = words[ranges + index] + message;
    request.bytes = bytes;
    request.infoHashStart = words[at + 7] + message;
    request.infoHashEnd = words[at + 8] + message;
    request.peerIdStart = words[at + 9] + message;
    request.peerIdEnd = words[at + 10] + message;
    request.offerIdStart = words[at + 11] + message;
    request.offerIdEnd = words[at + 12] + message;
    request.answerStart = words[at + 13] + message;
    request.answerEnd = words[at + 14] + message;
  }

  /** Where the entries of a SCRAPE or COUNTS record begin, and how many words each has. */
  get entriesAt(): number {
    return this.at + 2;
  }

  /** Byte offset of the frame of a FRAME record. */
  get frameAt(): number {
    return 4 * (this.at + FRAME_FIXED_WORDS - HEAD_WORDS);
  }
}
