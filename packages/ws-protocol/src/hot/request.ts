/**
 * A message of a WebTorrent client, read without building its JSON: numbers and 20-byte ids are copied out, offers
 * and the answer stay where they are and are remembered as ranges, to be passed on as the bytes they came in.
 *
 * One `TrackerRequest` per worker, filled anew by `read` for each message and good until the next; it keeps a
 * reference to the message's bytes, or to a copy of them in the thread's `MessageMemory`. Unknown fields are skipped, of a
 * key that appears twice the last one counts (as with JSON.parse, so that what was checked is what a browser will see),
 * `null` is the same as a missing field.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import { COPY_AT, COPY_BYTES_MAX, type MessageMemory, messageMemory } from "../message-memory.ts";
import { parseIdString } from "./binary-string.ts";
import { DESCRIPTION_IS_ANSWER, DescriptionReader } from "./description-reader.ts";
import { InfoHashList } from "./info-hash-list.ts";
import { numberAt, wordAt, wordAtAnyCase } from "./json-object.ts";
import {
  isNullAt,
  SCAN_SYNTAX,
  SCAN_UTF8,
  skipNumber,
  skipSpace,
  skipString,
  skipValue,
} from "./json-scan.ts";
import {
  BRACE_OPEN,
  BRACKET_OPEN,
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
import { OffersReader } from "./offers-reader.ts";
import {
  ACTIONS,
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
  REQUEST_DEPTH_MAX,
} from "./request-fields.ts";
import { judgeAnnounce, judgeScrape } from "./request-judge.ts";
import {
  ANSWER_OFFER_ID_AT,
  INFO_HASH_AT,
  LEFT_NOTHING,
  LEFT_SOMETHING,
  LEFT_UNKNOWN,
  PEER_ID_AT,
  RequestRecord,
  TO_PEER_ID_AT,
} from "./request-record.ts";
import * as status from "./request-status.ts";
import { ACTION_IS_ANNOUNCE, ACTION_IS_SCRAPE, ACTION_UNKNOWN } from "./request-status.ts";
import { isUtf8 } from "./utf8.ts";

const LEVEL_OF_MESSAGE = 1;

/** A message is copied to where vectors reach it only if it is longer: of shorter ones too few have offers. */
const COPY_PAYS_BYTES = 1024;

export class TrackerRequest extends RequestRecord {
  private end = 0;
  private readonly memory: MessageMemory | undefined;
  private readonly states = new Uint8Array(FIELDS.length);
  private action = 0;
  private isScrapeList = false;
  private readonly descriptions = new DescriptionReader();
  private readonly offersReader: OffersReader;
  private readonly infoHashList = new InfoHashList(this);

  /** `usesVectors`: whether the vector code may be used where there is any. */
  constructor(offersMax: number, scrapesMax: number, usesVectors = true) {
    super(offersMax, scrapesMax);
    const memory = usesVectors ? messageMemory() : undefined;
    this.memory = memory?.scan === undefined ? undefined : memory;
    this.offersReader = new OffersReader(this, this.descriptions, this.memory);
  }

  /** Reads one message: REQUEST_ANNOUNCE, REQUEST_SCRAPE or one of REQUEST_BAD_*. */
  read(bytes: Uint8Array, offset: number, length: number): number {
    if (
      this.memory !== undefined &&
      bytes !== this.memory.bytes &&
      length >= COPY_PAYS_BYTES &&
      length <= COPY_BYTES_MAX
    ) {
      const message = bytes.subarray(offset, offset + length); // hot-allow: only of one that came in pieces
      this.memory.bytes.set(message, COPY_AT);
      return this.read(this.memory.bytes, COPY_AT, length);
    }
    this.reset(bytes, offset, offset + length);
    const start = skipSpace(bytes, offset, this.end);
    if (start < this.end && bytes[start] === BRACE_OPEN) {
      const position = this.parseMembers(start + 1);
      if (position >= 0 && skipSpace(bytes, position, this.end) === this.end) return this.judge();
      return this.refuseJson(position, offset, length);
    }
    const position = skipValue(bytes, start, this.end, REQUEST_DEPTH_MAX);
    if (position >= 0 && skipSpace(bytes, position, this.end) === this.end)
      return status.REQUEST_BAD_SHAPE;
    return this.refuseJson(position, offset, length);
  }

  private reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.messageStart = start;
    this.messageEnd = end;
    this.end = end;
    this.states.fill(MEMBER_ABSENT);
    this.event = EVENT_NONE;
    this.isEventUnknown = false;
    this.left = LEFT_UNKNOWN;
    this.numwant = -1;
    this.offers = 0;
    this.offersSurplus = 0;
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

  /** The members of the message, from the byte after its brace to the byte after the closing one. */
  private parseMembers(position: number): number {
    const { bytes, end } = this;
    position = firstKey(bytes, position, end);
    while (position >= 0) {
      const plain = plainKeyAt(bytes, position, end, FIELDS);
      const afterKey = skipKey(bytes, position, end, FIELDS, plain);
      if (afterKey < 0) return afterKey;
      const value = valueOfKey(bytes, afterKey, end);
      if (value < 0) return value;
      const field = plain < 0 ? wordAt(bytes, position + 1, afterKey - 1, FIELDS) : plain;
      if (field >= 0) position = this.parseField(field, value);
      else position = skipValue(bytes, value, end, REQUEST_DEPTH_MAX - LEVEL_OF_MESSAGE);
      if (position >= 0) position = nextKey(bytes, position, end);
    }
    return endOfObject(position);
  }

  /** A member of the message itself; `null` counts as missing. */
  private parseField(field: number, position: number): number {
    const bytes = this.bytes;
    const end = this.end;
    const first = bytes[position];
    this.states[field] = MEMBER_BAD;
    if (isNullAt(bytes, position, end)) {
      this.states[field] = MEMBER_ABSENT;
      return position + 4;
    }
    switch (field) {
      case FIELD_EVENT:
        this.event = EVENT_NONE;
        this.isEventUnknown = true;
        if (first === QUOTE) return this.parseWord(field, position + 1);
        break;
      case FIELD_ACTION:
        if (first === QUOTE) return this.parseWord(field, position + 1);
        break;
      case FIELD_LEFT:
        this.left = LEFT_UNKNOWN;
        return this.parseNumber(field, position);
      case FIELD_NUMWANT:
        this.numwant = -1;
        return this.parseNumber(field, position);
      case FIELD_OFFERS:
        this.offers = 0;
        this.offersSurplus = 0;
        if (first === BRACKET_OPEN) return this.parseOffers(position);
        break;
      case FIELD_ANSWER:
        if (first === BRACE_OPEN) return this.parseAnswer(position);
        break;
      case FIELD_INFO_HASH:
        this.scrapes = 0;
        this.isScrapeList = first === BRACKET_OPEN;
        if (this.isScrapeList) return this.parseInfoHashes(position);
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
    const word = isAction
      ? wordAt(this.bytes, start, position - 1, ACTIONS)
      : wordAtAnyCase(this.bytes, start, position - 1, EVENTS);
    if (word >= 0) {
      this.states[field] = MEMBER_GOOD;
      if (isAction) this.action = word;
      else this.event = EVENT_OF_WORD[word];
      if (!isAction) this.isEventUnknown = false;
    }
    return position;
  }

  /** `left` or `numwant`: a number, or a string that holds one. Anything else counts as missing. */
  private parseNumber(field: number, start: number): number {
    const { bytes, end } = this;
    const isText = bytes[start] === QUOTE;
    const position = skipValue(bytes, start, end, REQUEST_DEPTH_MAX - LEVEL_OF_MESSAGE);
    if (position < 0) return position;
    this.states[field] = MEMBER_GOOD;
    const from = isText ? start + 1 : start;
    const to = isText ? position - 1 : position;
    if (skipNumber(bytes, from, to) !== to) return position;
    const value = numberAt(bytes, from, to);
    if (!(value >= 0)) return position;
    if (field === FIELD_LEFT) this.left = value === 0 ? LEFT_NOTHING : LEFT_SOMETHING;
    else this.numwant = value < 0x7fffffff ? value | 0 : 0x7fffffff;
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
    this.states[field] = MEMBER_GOOD;
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

  private parseOffers(start: number): number {
    const position = this.offersReader.read(this.bytes, start + 1, this.end);
    this.states[FIELD_OFFERS] = this.offersReader.state;
    return position;
  }

  private parseInfoHashes(start: number): number {
    const position = this.infoHashList.read(this.bytes, start + 1, this.end);
    this.states[FIELD_INFO_HASH] = this.infoHashList.state;
    return position;
  }

  private parseAnswer(start: number): number {
    const position = this.descriptions.read(this.bytes, start, this.end, LEVEL_OF_MESSAGE + 1);
    if (position >= 0 && this.descriptions.is(DESCRIPTION_IS_ANSWER)) {
      this.states[FIELD_ANSWER] = MEMBER_GOOD;
      this.answerStart = start;
      this.answerEnd = position;
    }
    return position;
  }

  /** The message is JSON: is it also a request? */
  private judge(): number {
    const states = this.states;
    this.hasInfoHash = states[FIELD_INFO_HASH] === MEMBER_GOOD && !this.isScrapeList;
    if (states[FIELD_ACTION] !== MEMBER_GOOD) return status.REQUEST_BAD_ACTION;
    this.actionNamed = this.action === 1 ? ACTION_IS_SCRAPE : ACTION_IS_ANNOUNCE;
    if (this.action === 1) return judgeScrape(this, states, this.isScrapeList);
    return judgeAnnounce(this, states);
  }
}
