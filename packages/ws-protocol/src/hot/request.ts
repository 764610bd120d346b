/**
 * A message of a WebTorrent client, read without building its JSON: numbers and 20-byte ids are copied out, offers
 * and the answer stay where they are and are remembered as ranges, to be passed on as the bytes they came in.
 *
 * One `TrackerRequest` per worker, filled anew by `parse` for each message and good until the next; it keeps a
 * reference to the message's bytes. Unknown fields are skipped, of a key that stands twice the last one counts (as
 * with JSON.parse, so that what was checked is what a browser will see), `null` is the same as a missing field.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import { ID_BYTES, parseIdString } from "./binary-string.ts";
import { wholeNumberAt, wordAt } from "./json-object.ts";
import {
  isNullAt,
  SCAN_SYNTAX,
  SCAN_UTF8,
  skipColon,
  skipNumber,
  skipSpace,
  skipString,
  skipValue,
} from "./json-scan.ts";
import {
  ACTIONS,
  DESCRIPTION_FIELDS,
  DESCRIPTION_TYPES,
  EVENT_OF_WORD,
  EVENTS,
  FIELD_ACTION,
  FIELD_ANSWER,
  FIELD_EVENT,
  FIELD_INFO_HASH,
  FIELD_LEFT,
  FIELD_NUMWANT,
  FIELD_OFFER_ID,
  FIELD_OFFERS,
  FIELD_PEER_ID,
  FIELD_TO_PEER_ID,
  FIELDS,
  OFFER_FIELDS,
} from "./request-fields.ts";
import {
  ANSWER_OFFER_ID_AT,
  INFO_HASH_AT,
  LEFT_NOTHING,
  LEFT_SOMETHING,
  LEFT_UNKNOWN,
  OFFER_RANGE_WORDS,
  PEER_ID_AT,
  RequestRecord,
  TO_PEER_ID_AT,
} from "./request-record.ts";
import * as status from "./request-status.ts";
import { ACTION_IS_ANNOUNCE, ACTION_IS_SCRAPE, ACTION_UNKNOWN } from "./request-status.ts";
import { isUtf8 } from "./utf8.ts";

/** Arrays and objects within one another; real messages need four levels. */
export const REQUEST_DEPTH_MAX = 32;

const ABSENT = 0;
const GOOD = 1;
const BAD = 2;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** The objects a message is made of; each has its own members. */
const OBJECT_MESSAGE = 0;
const OBJECT_OFFER = 1;
const OBJECT_DESCRIPTION = 2;
const LEVEL_OF_MESSAGE = 1;
const LEVEL_OF_OFFER = 3;

export class TrackerRequest extends RequestRecord {
  private end = 0;
  private readonly states = new Uint8Array(FIELDS.length);
  private action = 0;
  private isScrapeList = false;
  private elementOffer = ABSENT;
  private elementId = ABSENT;
  private elementStart = 0;
  private elementEnd = 0;
  private elementIdStart = 0;
  private elementIdEnd = 0;
  private descriptionLevel = 0;
  private descriptionType = -1;
  private hasSdp = false;

  /** Reads one message: REQUEST_ANNOUNCE, REQUEST_SCRAPE or one of REQUEST_BAD_*. */
  parse(bytes: Uint8Array, offset: number, length: number): number {
    this.reset(bytes, offset + length);
    const start = skipSpace(bytes, offset, this.end);
    if (start < this.end && bytes[start] === BRACE_OPEN) {
      const position = this.parseObject(start + 1, OBJECT_MESSAGE);
      if (position >= 0 && skipSpace(bytes, position, this.end) === this.end) return this.judge();
      return this.refuseJson(position, offset, length);
    }
    const position = skipValue(bytes, start, this.end, REQUEST_DEPTH_MAX);
    if (position >= 0 && skipSpace(bytes, position, this.end) === this.end)
      return status.REQUEST_BAD_SHAPE;
    return this.refuseJson(position, offset, length);
  }

  private reset(bytes: Uint8Array, end: number): void {
    this.bytes = bytes;
    this.end = end;
    this.states.fill(ABSENT);
    this.event = EVENT_NONE;
    this.left = LEFT_UNKNOWN;
    this.numwant = -1;
    this.offers = 0;
    this.hasAnswer = false;
    this.scrapes = 0;
    this.actionNamed = ACTION_UNKNOWN;
    this.hasInfoHash = false;
  }

  /** Bytes that are not UTF-8 outweigh whatever else is wrong: RFC 6455 ends the connection for them. */
  private refuseJson(position: number, offset: number, length: number): number {
    if (position === SCAN_UTF8 || !isUtf8(this.bytes, offset, length))
      return status.REQUEST_BAD_UTF8;
    return position < SCAN_SYNTAX ? status.REQUEST_BAD_DEPTH : status.REQUEST_BAD_JSON;
  }

  /** From the byte after an opening brace to the byte after the closing one, or a negative SCAN_*. */
  private parseObject(position: number, object: number): number {
    const bytes = this.bytes;
    const end = this.end;
    position = skipSpace(bytes, position, end);
    if (position < end && bytes[position] === BRACE_CLOSE) return position + 1;
    for (;;) {
      if (position >= end || bytes[position] !== QUOTE) return SCAN_SYNTAX;
      const key = position + 1;
      position = skipString(bytes, key, end);
      if (position < 0) return position;
      const keyEnd = position - 1;
      position = skipColon(bytes, position, end);
      if (position < 0) return position;
      if (position >= end) return SCAN_SYNTAX;
      position = this.parseMember(object, key, keyEnd, position);
      if (position < 0) return position;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === BRACE_CLOSE) return position + 1;
      if (next !== COMMA) return SCAN_SYNTAX;
      position = skipSpace(bytes, position + 1, end);
    }
  }

  private parseMember(object: number, key: number, keyEnd: number, position: number): number {
    let level = LEVEL_OF_MESSAGE;
    if (object === OBJECT_MESSAGE) {
      const field = wordAt(this.bytes, key, keyEnd, FIELDS);
      if (field >= 0) return this.parseField(field, position);
    } else if (object === OBJECT_OFFER) {
      level = LEVEL_OF_OFFER;
      const field = wordAt(this.bytes, key, keyEnd, OFFER_FIELDS);
      if (field === 0) return this.parseOfferDescription(position);
      if (field === 1) return this.parseElementId(position);
    } else {
      level = this.descriptionLevel;
      const field = wordAt(this.bytes, key, keyEnd, DESCRIPTION_FIELDS);
      if (field === 0) return this.parseDescriptionType(position);
      if (field === 1) this.hasSdp = this.bytes[position] === QUOTE;
    }
    return skipValue(this.bytes, position, this.end, REQUEST_DEPTH_MAX - level);
  }

  /** A member of the message itself; `null` counts as missing. */
  private parseField(field: number, position: number): number {
    const bytes = this.bytes;
    const end = this.end;
    const first = bytes[position];
    this.states[field] = BAD;
    if (isNullAt(bytes, position, end)) {
      this.states[field] = ABSENT;
      return position + 4;
    }
    switch (field) {
      case FIELD_ACTION:
      case FIELD_EVENT:
        if (first === QUOTE) return this.parseWord(field, position + 1);
        break;
      case FIELD_LEFT:
      case FIELD_NUMWANT:
        if (first === 0x2d || (first >= 0x30 && first <= 0x39))
          return this.parseNumber(field, position);
        break;
      case FIELD_OFFERS:
        this.offers = 0;
        if (first === BRACKET_OPEN) return this.parseOffers(position + 1);
        break;
      case FIELD_ANSWER:
        if (first === BRACE_OPEN) return this.parseAnswer(position);
        break;
      case FIELD_INFO_HASH:
        this.scrapes = 0;
        this.isScrapeList = first === BRACKET_OPEN;
        if (this.isScrapeList) return this.parseInfoHashes(position + 1);
        if (first === QUOTE) return this.parseId(field, position);
        break;
      default:
        if (first === QUOTE) return this.parseId(field, position);
    }
    return skipValue(bytes, position, end, REQUEST_DEPTH_MAX - LEVEL_OF_MESSAGE);
  }

  private parseWord(field: number, start: number): number {
    const position = skipString(this.bytes, start, this.end);
    if (position < 0) return position;
    const isAction = field === FIELD_ACTION;
    const word = wordAt(this.bytes, start, position - 1, isAction ? ACTIONS : EVENTS);
    if (word >= 0) {
      this.states[field] = GOOD;
      if (isAction) this.action = word;
      else this.event = EVENT_OF_WORD[word];
    }
    return position;
  }

  private parseNumber(field: number, start: number): number {
    const position = skipNumber(this.bytes, start, this.end);
    if (position < 0) return position;
    const value = wholeNumberAt(this.bytes, start, position);
    if (field === FIELD_NUMWANT) {
      // NaN fails both comparisons and stays bad.
      if (value < 0) this.numwant = -1;
      else if (value >= 0) this.numwant = value < 0x7fffffff ? value | 0 : 0x7fffffff;
      if (value < 0 || value >= 0) this.states[field] = GOOD;
    } else if (value >= 0) {
      this.left = value === 0 ? LEFT_NOTHING : LEFT_SOMETHING;
      this.states[field] = GOOD;
    }
    return position;
  }

  /** Info hash, peer id, whom an answer is for, or its offer id. */
  private parseId(field: number, start: number): number {
    let at = INFO_HASH_AT;
    if (field === FIELD_PEER_ID) at = PEER_ID_AT;
    else if (field === FIELD_TO_PEER_ID) at = TO_PEER_ID_AT;
    else if (field === FIELD_OFFER_ID) at = ANSWER_OFFER_ID_AT;
    const position = parseIdString(this.bytes, start + 1, this.end, this.ids, at);
    if (position < 0) return skipString(this.bytes, start + 1, this.end);
    this.states[field] = GOOD;
    if (field === FIELD_INFO_HASH) {
      this.infoHashStart = start;
      this.infoHashEnd = position;
    } else if (field === FIELD_PEER_ID) {
      this.peerIdStart = start;
      this.peerIdEnd = position;
    } else if (field === FIELD_OFFER_ID) {
      this.offerIdStart = start;
      this.offerIdEnd = position;
    }
    return position;
  }

  private parseAnswer(start: number): number {
    const position = this.parseDescription(start, LEVEL_OF_MESSAGE + 1);
    if (position < 0) return position;
    if (this.descriptionType === 1 && this.hasSdp) {
      this.states[FIELD_ANSWER] = GOOD;
      this.answerStart = start;
      this.answerEnd = position;
    }
    return position;
  }

  /** An object `{"type": …, "sdp": …}`, from its brace; what it holds goes to `descriptionType` and `hasSdp`. */
  private parseDescription(start: number, level: number): number {
    this.descriptionLevel = level;
    this.descriptionType = -1;
    this.hasSdp = false;
    return this.parseObject(start + 1, OBJECT_DESCRIPTION);
  }

  private parseDescriptionType(position: number): number {
    this.descriptionType = -1;
    if (this.bytes[position] !== QUOTE)
      return skipValue(this.bytes, position, this.end, REQUEST_DEPTH_MAX - this.descriptionLevel);
    const after = skipString(this.bytes, position + 1, this.end);
    if (after >= 0)
      this.descriptionType = wordAt(this.bytes, position + 1, after - 1, DESCRIPTION_TYPES);
    return after;
  }

  /** The elements of `offers`, from the byte after the bracket. */
  private parseOffers(position: number): number {
    const bytes = this.bytes;
    const end = this.end;
    let state = GOOD;
    position = skipSpace(bytes, position, end);
    if (position < end && bytes[position] === BRACKET_CLOSE) {
      this.states[FIELD_OFFERS] = GOOD;
      return position + 1;
    }
    for (;;) {
      if (position >= end) return SCAN_SYNTAX;
      if (bytes[position] === BRACE_OPEN) {
        this.elementOffer = ABSENT;
        this.elementId = ABSENT;
        position = this.parseObject(position + 1, OBJECT_OFFER);
        if (this.elementOffer === GOOD && this.elementId === GOOD) this.keepOffer();
        else state = BAD;
      } else {
        state = BAD;
        position = skipValue(bytes, position, end, REQUEST_DEPTH_MAX - 2);
      }
      if (position < 0) return position;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === BRACKET_CLOSE) break;
      if (next !== COMMA) return SCAN_SYNTAX;
      position = skipSpace(bytes, position + 1, end);
    }
    this.states[FIELD_OFFERS] = state;
    return position + 1;
  }

  private keepOffer(): void {
    if (this.offers === this.offersMax) return;
    const at = this.offers * OFFER_RANGE_WORDS;
    this.offerRanges[at] = this.elementStart;
    this.offerRanges[at + 1] = this.elementEnd;
    this.offerRanges[at + 2] = this.elementIdStart;
    this.offerRanges[at + 3] = this.elementIdEnd;
    this.offers++;
  }

  private parseOfferDescription(start: number): number {
    this.elementOffer = BAD;
    if (this.bytes[start] !== BRACE_OPEN)
      return skipValue(this.bytes, start, this.end, REQUEST_DEPTH_MAX - LEVEL_OF_OFFER);
    const position = this.parseDescription(start, LEVEL_OF_OFFER + 1);
    if (position >= 0 && this.descriptionType === 0 && this.hasSdp) {
      this.elementOffer = GOOD;
      this.elementStart = start;
      this.elementEnd = position;
    }
    return position;
  }

  private parseElementId(start: number): number {
    this.elementId = BAD;
    if (this.bytes[start] !== QUOTE)
      return skipValue(this.bytes, start, this.end, REQUEST_DEPTH_MAX - LEVEL_OF_OFFER);
    const at = this.offers * ID_BYTES;
    const position = parseIdString(this.bytes, start + 1, this.end, this.offerIds, at);
    if (position < 0) return skipString(this.bytes, start + 1, this.end);
    this.elementId = GOOD;
    this.elementIdStart = start;
    this.elementIdEnd = position;
    return position;
  }

  /** The elements of a scrape's `info_hash`, from the byte after the bracket. */
  private parseInfoHashes(position: number): number {
    const bytes = this.bytes;
    const end = this.end;
    let state = GOOD;
    position = skipSpace(bytes, position, end);
    if (position < end && bytes[position] === BRACKET_CLOSE) {
      this.states[FIELD_INFO_HASH] = GOOD;
      return position + 1;
    }
    for (;;) {
      if (position >= end) return SCAN_SYNTAX;
      const start = position;
      const at = Math.min(this.scrapes, this.scrapesMax) * ID_BYTES;
      position =
        bytes[start] === QUOTE
          ? parseIdString(bytes, start + 1, end, this.scrapeInfoHashes, at)
          : -1;
      if (position < 0) {
        state = BAD;
        position = skipValue(bytes, start, end, REQUEST_DEPTH_MAX - 2);
        if (position < 0) return position;
      }
      this.scrapes++;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === BRACKET_CLOSE) break;
      if (next !== COMMA) return SCAN_SYNTAX;
      position = skipSpace(bytes, position + 1, end);
    }
    this.states[FIELD_INFO_HASH] = state;
    return position + 1;
  }

  /** The message is JSON: is it also a request? */
  private judge(): number {
    const states = this.states;
    this.hasInfoHash = states[FIELD_INFO_HASH] === GOOD && !this.isScrapeList;
    if (states[FIELD_ACTION] !== GOOD) return status.REQUEST_BAD_ACTION;
    this.actionNamed = this.action === 1 ? ACTION_IS_SCRAPE : ACTION_IS_ANNOUNCE;
    if (this.action === 1) return this.judgeScrape();
    if (!this.hasInfoHash) return status.REQUEST_BAD_INFO_HASH;
    if (states[FIELD_PEER_ID] !== GOOD) return status.REQUEST_BAD_PEER_ID;
    if (states[FIELD_LEFT] === BAD) return status.REQUEST_BAD_LEFT;
    if (states[FIELD_EVENT] === BAD) return status.REQUEST_BAD_EVENT;
    if (states[FIELD_NUMWANT] === BAD) return status.REQUEST_BAD_NUMWANT;
    if (states[FIELD_OFFERS] === BAD) return status.REQUEST_BAD_OFFERS;
    if (states[FIELD_ANSWER] === BAD) return status.REQUEST_BAD_ANSWER;
    this.hasAnswer = states[FIELD_ANSWER] === GOOD;
    // Whom an answer is for and which offer it answers may be missing only where there is no answer.
    const allowed = this.hasAnswer ? GOOD : ABSENT;
    if (states[FIELD_TO_PEER_ID] !== GOOD && states[FIELD_TO_PEER_ID] !== allowed)
      return status.REQUEST_BAD_TO_PEER_ID;
    if (states[FIELD_OFFER_ID] !== GOOD && states[FIELD_OFFER_ID] !== allowed)
      return status.REQUEST_BAD_OFFER_ID;
    // A key that stood twice may have left the values of its first, overruled standing.
    if (states[FIELD_LEFT] === ABSENT) this.left = LEFT_UNKNOWN;
    if (states[FIELD_EVENT] === ABSENT) this.event = EVENT_NONE;
    if (states[FIELD_NUMWANT] === ABSENT) this.numwant = -1;
    if (states[FIELD_OFFERS] === ABSENT) this.offers = 0;
    return status.REQUEST_ANNOUNCE;
  }

  private judgeScrape(): number {
    const state = this.states[FIELD_INFO_HASH];
    if (state === ABSENT) return status.REQUEST_BAD_SCRAPE_ALL;
    if (state === BAD) return status.REQUEST_BAD_INFO_HASH;
    if (!this.isScrapeList) {
      this.scrapeInfoHashes.set(this.ids.subarray(INFO_HASH_AT, INFO_HASH_AT + ID_BYTES));
      this.scrapes = 1;
    }
    if (this.scrapes === 0) return status.REQUEST_BAD_SCRAPE_NOTHING;
    if (this.scrapes > this.scrapesMax) return status.REQUEST_BAD_SCRAPE_LENGTH;
    return status.REQUEST_SCRAPE;
  }
}
