/**
 * The offers of an announce, `[{"offer": {…}, "offer_id": "…"}, …]`: offers and their ids are remembered as ranges. All
 * are checked, as many as the record has room for are kept. An offer that is null, or whose parts are missing or null, is
 * left out: a browser that could not make one of its offers sends such.
 *
 * Owned by the request parser; writes into its record.
 */

import { type MessageMemory, OFFER_COUNT_WORD, OFFER_RANGES_WORD } from "../message-memory.ts";
import { ID_BYTES, parseIdString } from "./binary-string.ts";
import { DESCRIPTION_IS_OFFER, type DescriptionReader } from "./description-reader.ts";
import { asciiBytes, wordAt } from "./json-object.ts";
import {
  isNullAt,
  SCAN_SYNTAX,
  skipSpace,
  skipString,
  skipValue,
  startsWithBytes,
} from "./json-scan.ts";
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  COMMA,
  endOfObject,
  firstKey,
  MEMBER_ABSENT,
  MEMBER_BAD,
  MEMBER_GOOD,
  nextKey,
  plainKeyAt,
  QUOTE,
  skipKey,
  valueOfKey,
} from "./object-walk.ts";
import { OFFER_FIELDS, REQUEST_DEPTH_MAX } from "./request-fields.ts";
import { OFFER_RANGE_WORDS, type RequestRecord } from "./request-record.ts";

/** The list lies within the message, an offer's object within the list. */
const LEVEL_OF_LIST = 2;
const LEVEL_OF_OFFER = 3;

/** What stands before the text of an SDP, and between it and the text of the offer's id. */
const PLAIN_START = asciiBytes('{"offer":{"type":"offer","sdp":"');
const PLAIN_MIDDLE = asciiBytes('},"offer_id":"');
/** Where the offer's own object begins. */
const PLAIN_OFFER_AT = '{"offer":'.length;

export class OffersReader {
  /** What the list read last is: MEMBER_GOOD or MEMBER_BAD. */
  state = MEMBER_BAD;
  private readonly record: RequestRecord;
  private readonly descriptions: DescriptionReader;
  private offerState = MEMBER_ABSENT;
  private offerStart = 0;
  private offerEnd = 0;
  private idState = MEMBER_ABSENT;
  private idStart = 0;
  private idEnd = 0;
  private readonly memory: MessageMemory | undefined;
  /** An id while it is checked. */
  private readonly id = new Uint8Array(ID_BYTES);

  /** `memory` is undefined where there is no vector code, or where it is not to be used. */
  constructor(
    record: RequestRecord,
    descriptions: DescriptionReader,
    memory: MessageMemory | undefined,
  ) {
    this.record = record;
    this.descriptions = descriptions;
    this.memory = memory;
  }

  /** From the byte after the opening bracket to the byte after the closing one. */
  read(bytes: Uint8Array, position: number, end: number): number {
    this.state = MEMBER_GOOD;
    position = skipSpace(bytes, position, end);
    if (position < end && bytes[position] === BRACKET_CLOSE) return position + 1;
    for (;;) {
      if (position >= end) return SCAN_SYNTAX;
      const after = this.readPlainElements(bytes, position, end);
      if (after >= 0) {
        position = after;
      } else if (bytes[position] === BRACE_OPEN) {
        position = this.readElement(bytes, position + 1, end);
        if (this.offerState === MEMBER_BAD || this.idState === MEMBER_BAD) this.state = MEMBER_BAD;
        else if (this.offerState === MEMBER_GOOD && this.idState === MEMBER_GOOD) this.keep();
      } else if (isNullAt(bytes, position, end)) {
        position += 4;
      } else {
        this.state = MEMBER_BAD;
        position = skipValue(bytes, position, end, REQUEST_DEPTH_MAX - LEVEL_OF_LIST);
      }
      if (position < 0) return position;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === BRACKET_CLOSE) return position + 1;
      if (next !== COMMA) return SCAN_SYNTAX;
      position = skipSpace(bytes, position + 1, end);
    }
  }

  /**
   * Offers as every known client writes them, keys in this order and no white space: at least one, and where there are
   * vectors all that follow one another; -1 where the first is none such and has to be read step by step.
   */
  private readPlainElements(bytes: Uint8Array, start: number, end: number): number {
    const { memory, record } = this;
    if (memory?.scan === undefined || bytes !== memory.bytes) {
      const after = this.readPlainElement(bytes, start, end);
      if (after >= 0) this.keep();
      return after;
    }
    const room = record.offersMax - record.offers;
    const after = memory.scan.offers(start, end, room);
    const { words } = memory;
    const count = words[OFFER_COUNT_WORD];
    if (count === 0) return -1;
    const kept = Math.min(count, room);
    const at = record.offers * OFFER_RANGE_WORDS;
    for (let index = 0; index < kept * OFFER_RANGE_WORDS; index++)
      record.offerRanges[at + index] = words[OFFER_RANGES_WORD + index];
    record.offers += kept;
    record.offersSurplus += count - kept;
    return after;
  }

  /** One such offer, without vectors. */
  private readPlainElement(bytes: Uint8Array, start: number, end: number): number {
    if (!startsWithBytes(bytes, start, end, PLAIN_START)) return -1;
    const offerEnd = skipString(bytes, start + PLAIN_START.length, end) + 1;
    if (offerEnd <= 0 || !startsWithBytes(bytes, offerEnd - 1, end, PLAIN_MIDDLE)) return -1;
    const idStart = offerEnd - 1 + PLAIN_MIDDLE.length;
    const idEnd = parseIdString(bytes, idStart, end, this.id, 0);
    if (idEnd < 0 || idEnd >= end || bytes[idEnd] !== BRACE_CLOSE) return -1;
    this.offerStart = start + PLAIN_OFFER_AT;
    this.offerEnd = offerEnd;
    this.idStart = idStart - 1;
    this.idEnd = idEnd;
    return idEnd + 1;
  }

  private readElement(bytes: Uint8Array, position: number, end: number): number {
    this.offerState = MEMBER_ABSENT;
    this.idState = MEMBER_ABSENT;
    position = firstKey(bytes, position, end);
    while (position >= 0) {
      const plain = plainKeyAt(bytes, position, end, OFFER_FIELDS);
      const afterKey = skipKey(bytes, position, end, OFFER_FIELDS, plain);
      if (afterKey < 0) return afterKey;
      const value = valueOfKey(bytes, afterKey, end);
      if (value < 0) return value;
      const field = plain < 0 ? wordAt(bytes, position + 1, afterKey - 1, OFFER_FIELDS) : plain;
      position = this.readMember(bytes, field, value, end);
      if (position >= 0) position = nextKey(bytes, position, end);
    }
    return endOfObject(position);
  }

  private readMember(bytes: Uint8Array, field: number, value: number, end: number): number {
    if (field === 0) return this.readOffer(bytes, value, end);
    if (field === 1) return this.readId(bytes, value, end);
    return skipValue(bytes, value, end, REQUEST_DEPTH_MAX - LEVEL_OF_OFFER);
  }

  private readOffer(bytes: Uint8Array, start: number, end: number): number {
    this.offerState = isNullAt(bytes, start, end) ? MEMBER_ABSENT : MEMBER_BAD;
    if (bytes[start] !== BRACE_OPEN)
      return skipValue(bytes, start, end, REQUEST_DEPTH_MAX - LEVEL_OF_OFFER);
    const position = this.descriptions.read(bytes, start, end, LEVEL_OF_OFFER + 1);
    if (position >= 0 && this.descriptions.is(DESCRIPTION_IS_OFFER)) {
      this.offerState = MEMBER_GOOD;
      this.offerStart = start;
      this.offerEnd = position;
    } else if (this.descriptions.isIncomplete) {
      this.offerState = MEMBER_ABSENT;
    }
    return position;
  }

  private readId(bytes: Uint8Array, start: number, end: number): number {
    this.idState = isNullAt(bytes, start, end) ? MEMBER_ABSENT : MEMBER_BAD;
    if (bytes[start] !== QUOTE)
      return skipValue(bytes, start, end, REQUEST_DEPTH_MAX - LEVEL_OF_OFFER);
    const position = parseIdString(bytes, start + 1, end, this.id, 0);
    if (position < 0) return skipString(bytes, start + 1, end);
    this.idState = MEMBER_GOOD;
    this.idStart = start;
    this.idEnd = position;
    return position;
  }

  private keep(): void {
    const { record } = this;
    if (record.offers === record.offersMax) {
      record.offersSurplus++;
      return;
    }
    const at = record.offers * OFFER_RANGE_WORDS;
    record.offerRanges[at] = this.offerStart;
    record.offerRanges[at + 1] = this.offerEnd;
    record.offerRanges[at + 2] = this.idStart;
    record.offerRanges[at + 3] = this.idEnd;
    record.offers++;
  }
}
