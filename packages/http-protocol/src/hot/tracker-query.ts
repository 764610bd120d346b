/**
 * The query strings of /announce (BEP 3, 7, 21, 23) and /scrape (BEP 48): bytes → `TrackerQuery`. Called by the HTTP
 * tracker for every request; allocates nothing.
 *
 * Lenient where nothing can go wrong: unknown keys, bare tokens, empty segments and empty values are passed over, the
 * last of several equal keys counts, `uploaded`, `downloaded` and `left` may be missing. Strict where an answer
 * would be wrong: info hash, peer id, port, left, event.
 */
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
  INFO_HASH_BYTES,
  PEER_ID_BYTES,
} from "@swarmtide/bittorrent";
import { asciiBytes, equalsBytes } from "./byte-class.ts";
import { DECODE_BAD_PERCENT, decodePercent, hasPercent } from "./percent.ts";
import {
  QUERY_BAD_EVENT,
  QUERY_BAD_INFO_HASH,
  QUERY_BAD_LEFT,
  QUERY_BAD_PEER_ID,
  QUERY_BAD_PERCENT,
  QUERY_BAD_PORT,
  QUERY_FULL_SCRAPE,
  QUERY_NO_INFO_HASH,
  QUERY_NO_PEER_ID,
  QUERY_NO_PORT,
  QUERY_OK,
  QUERY_TEXT_BYTES_MAX,
  type TrackerQuery,
} from "./query-record.ts";
import { sortInfoHashes } from "./sort-info-hashes.ts";

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const EQUALS = 0x3d;

/** Longer numbers than this are taken for the largest exact integer. */
const EXACT_DIGITS_MAX = 15;
/** What `parseNumber` says of an empty value, of a negative number and of anything else. */
const NUMBER_EMPTY = -1;
const NUMBER_NEGATIVE = -2;
const NUMBER_BAD = -3;

const KEY_KEY = asciiBytes("key");
const KEY_PORT = asciiBytes("port");
const KEY_LEFT = asciiBytes("left");
const KEY_EVENT = asciiBytes("event");
const KEY_PEER_ID = asciiBytes("peer_id");
const KEY_NUMWANT = asciiBytes("numwant");
const KEY_COMPACT = asciiBytes("compact");
const KEY_UPLOADED = asciiBytes("uploaded");
const KEY_INFO_HASH = asciiBytes("info_hash");
const KEY_TRACKER_ID = asciiBytes("trackerid");
const KEY_DOWNLOADED = asciiBytes("downloaded");
const KEY_NO_PEER_ID = asciiBytes("no_peer_id");

const VALUE_EMPTY = asciiBytes("empty");
const VALUE_PAUSED = asciiBytes("paused");
const VALUE_STARTED = asciiBytes("started");
const VALUE_STOPPED = asciiBytes("stopped");
const VALUE_COMPLETED = asciiBytes("completed");
const VALUE_ZERO = asciiBytes("0");

/** Decoded keys and short values that were percent-encoded; valid until the next one is decoded. */
const decodedKey = new Uint8Array(QUERY_TEXT_BYTES_MAX);
const decodedValue = new Uint8Array(QUERY_TEXT_BYTES_MAX);

/** Parses the query of an announce, bytes[start..end). Returns `QUERY_OK` or what is wrong. */
export function parseAnnounceQuery(
  query: TrackerQuery,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  query.hashCount = 0;
  query.hashesSeen = 0;
  query.hasPeerId = false;
  query.port = -1;
  query.left = -1;
  query.uploaded = -1;
  query.downloaded = -1;
  query.event = EVENT_NONE;
  query.peersWanted = -1;
  query.isCompact = true;
  query.wantsNoPeerId = false;
  query.keyLength = 0;
  query.trackerIdLength = 0;
  const status = walkQuery(query, bytes, start, end, true);
  if (status !== QUERY_OK) return status;
  if (query.hashCount === 0) return QUERY_NO_INFO_HASH;
  if (!query.hasPeerId) return QUERY_NO_PEER_ID;
  if (query.port < 0) return QUERY_NO_PORT;
  return QUERY_OK;
}

/**
 * Parses the query of a scrape, bytes[start..end), and sorts its info hashes, each once, because the keys of a
 * bencoded dictionary are sorted and unique. Returns `QUERY_OK` or what is wrong.
 */
export function parseScrapeQuery(
  query: TrackerQuery,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  query.hashCount = 0;
  query.hashesSeen = 0;
  const status = walkQuery(query, bytes, start, end, false);
  if (status !== QUERY_OK) return status;
  if (query.hashesSeen === 0) return QUERY_FULL_SCRAPE;
  sortInfoHashes(query);
  return QUERY_OK;
}

function walkQuery(
  query: TrackerQuery,
  bytes: Uint8Array,
  start: number,
  end: number,
  isAnnounce: boolean,
): number {
  let at = start;
  while (at < end) {
    const keyStart = at;
    let hasEscapedKey = false;
    let byte = 0;
    while (at < end) {
      byte = bytes[at];
      if (byte === EQUALS || byte === AMPERSAND) break;
      if (byte === PERCENT) hasEscapedKey = true;
      at++;
    }
    const keyEnd = at;
    let valueStart = at;
    if (at < end && byte === EQUALS) {
      at++;
      valueStart = at;
      while (at < end && bytes[at] !== AMPERSAND) at++;
    }
    const valueEnd = at;
    at++;
    let status = QUERY_OK;
    if (!hasEscapedKey) {
      status = isAnnounce
        ? takeAnnounceParameter(query, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd)
        : takeScrapeParameter(query, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd);
    } else {
      const length = decodePercent(bytes, keyStart, keyEnd, decodedKey, 0, decodedKey.length);
      if (length === DECODE_BAD_PERCENT) return QUERY_BAD_PERCENT;
      if (length >= 0)
        status = isAnnounce
          ? takeAnnounceParameter(query, decodedKey, 0, length, bytes, valueStart, valueEnd)
          : takeScrapeParameter(query, decodedKey, 0, length, bytes, valueStart, valueEnd);
    }
    if (status !== QUERY_OK) return status;
  }
  return QUERY_OK;
}

function takeScrapeParameter(
  query: TrackerQuery,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!equalsBytes(keyBytes, keyStart, keyEnd, KEY_INFO_HASH) || start === end) return QUERY_OK;
  query.hashesSeen++;
  if (query.hashCount === query.infoHashesMax) return QUERY_OK;
  const offset = query.hashCount * INFO_HASH_BYTES;
  const length = decodePercent(bytes, start, end, query.hashBytes, offset, INFO_HASH_BYTES);
  if (length === DECODE_BAD_PERCENT) return QUERY_BAD_PERCENT;
  if (length !== INFO_HASH_BYTES) return QUERY_BAD_INFO_HASH;
  query.hashCount++;
  return QUERY_OK;
}

function takeAnnounceParameter(
  query: TrackerQuery,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  switch (keyEnd - keyStart) {
    case 9:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_INFO_HASH)) {
        const length = decodePercent(bytes, start, end, query.hashBytes, 0, INFO_HASH_BYTES);
        if (length === DECODE_BAD_PERCENT) return QUERY_BAD_PERCENT;
        if (length !== INFO_HASH_BYTES) return QUERY_BAD_INFO_HASH;
        query.hashCount = 1;
        query.hashesSeen++;
        return QUERY_OK;
      }
      break;
    case 7:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_PEER_ID)) {
        const length = decodePercent(bytes, start, end, query.peerId, 0, PEER_ID_BYTES);
        if (length === DECODE_BAD_PERCENT) return QUERY_BAD_PERCENT;
        if (length !== PEER_ID_BYTES) return QUERY_BAD_PEER_ID;
        query.hasPeerId = true;
        return QUERY_OK;
      }
      break;
    case 3:
    case 4:
    case 5:
    case 8:
    case 10:
      break;
    default:
      return QUERY_OK;
  }
  if (!hasPercent(bytes, start, end))
    return takeShortParameter(query, keyBytes, keyStart, keyEnd, bytes, start, end);
  const length = decodePercent(bytes, start, end, decodedValue, 0, decodedValue.length);
  if (length === DECODE_BAD_PERCENT) return QUERY_BAD_PERCENT;
  if (length < 0) return QUERY_OK;
  return takeShortParameter(query, keyBytes, keyStart, keyEnd, decodedValue, 0, length);
}

/** Parameters whose value is a number, a word or a short text; the value is decoded already. */
function takeShortParameter(
  query: TrackerQuery,
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  switch (keyEnd - keyStart) {
    case 3:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_KEY))
        query.keyLength = keepText(query.key, bytes, start, end);
      break;
    case 4:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_PORT))
        return takePort(query, bytes, start, end);
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_LEFT))
        return takeLeft(query, bytes, start, end);
      break;
    case 5:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_EVENT))
        return takeEvent(query, bytes, start, end);
      break;
    case 7:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_NUMWANT))
        query.peersWanted = Math.max(-1, parseNumber(bytes, start, end));
      else if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_COMPACT))
        query.isCompact = !equalsBytes(bytes, start, end, VALUE_ZERO);
      break;
    case 8:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_UPLOADED))
        query.uploaded = Math.max(-1, parseNumber(bytes, start, end));
      break;
    case 9:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_TRACKER_ID))
        query.trackerIdLength = keepText(query.trackerId, bytes, start, end);
      break;
    case 10:
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_DOWNLOADED))
        query.downloaded = Math.max(-1, parseNumber(bytes, start, end));
      else if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_NO_PEER_ID))
        query.wantsNoPeerId = !equalsBytes(bytes, start, end, VALUE_ZERO);
      break;
  }
  return QUERY_OK;
}

function takePort(query: TrackerQuery, bytes: Uint8Array, start: number, end: number): number {
  const port = parseNumber(bytes, start, end);
  if (port === NUMBER_EMPTY) return QUERY_OK;
  if (port < 1 || port > 65535) return QUERY_BAD_PORT;
  query.port = port;
  return QUERY_OK;
}

/** A client that does not know yet what it lacks (a magnet link) says -1, or nothing. */
function takeLeft(query: TrackerQuery, bytes: Uint8Array, start: number, end: number): number {
  const left = parseNumber(bytes, start, end);
  if (left === NUMBER_BAD) return QUERY_BAD_LEFT;
  query.left = left < 0 ? -1 : left;
  return QUERY_OK;
}

function takeEvent(query: TrackerQuery, bytes: Uint8Array, start: number, end: number): number {
  if (start === end || equalsBytes(bytes, start, end, VALUE_EMPTY)) query.event = EVENT_NONE;
  else if (equalsBytes(bytes, start, end, VALUE_STARTED)) query.event = EVENT_STARTED;
  else if (equalsBytes(bytes, start, end, VALUE_STOPPED)) query.event = EVENT_STOPPED;
  else if (equalsBytes(bytes, start, end, VALUE_COMPLETED)) query.event = EVENT_COMPLETED;
  else if (equalsBytes(bytes, start, end, VALUE_PAUSED)) query.event = EVENT_PAUSED;
  else return QUERY_BAD_EVENT;
  return QUERY_OK;
}

function keepText(output: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  if (end - start > output.length) return 0;
  for (let at = start; at < end; at++) output[at - start] = bytes[at];
  return end - start;
}

/** A decimal number ≥ 0, at most `Number.MAX_SAFE_INTEGER`, or one of the `NUMBER_` constants. */
function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NUMBER_EMPTY;
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  if (at === end) return NUMBER_BAD;
  let value = 0;
  while (at < end) {
    const digit = bytes[at];
    if (digit < ZERO || digit > NINE) return NUMBER_BAD;
    value = value * 10 + (digit - ZERO);
    at++;
  }
  if (isNegative) return NUMBER_NEGATIVE;
  return end - start > EXACT_DIGITS_MAX && value > Number.MAX_SAFE_INTEGER
    ? Number.MAX_SAFE_INTEGER
    : value;
}
