/**
 * The parameters of /announce and /scrape (BEP 3, 7, 23, 48): what each does to the record. Called by the query parser
 * for each parameter with its decoded name and its value as it came; the record is its caller's.
 *
 * A name that is found is acted on at once: turning it into a number first, for a second switch, was one more call for
 * each parameter and made an announce 2 % slower (20 % where the numbers were imported: V8 loads an imported constant
 * from a cell each time it compares with it).
 */
import { EVENT_NONE, INFO_HASH_BYTES, PEER_ID_BYTES } from "@swarmtide/bittorrent";
import { asciiBytes, equalsBytes } from "./byte-class.ts";
import {
  EVENT_UNKNOWN,
  keepText,
  NUMBER_BAD,
  NUMBER_EMPTY,
  parseEvent,
  parseNumber,
} from "./parameter-value.ts";
import { DECODE_BAD_PERCENT, decodePercent, isEncoded } from "./percent.ts";
import {
  QUERY_BAD_INFO_HASH,
  QUERY_BAD_LEFT,
  QUERY_BAD_PEER_ID,
  QUERY_BAD_PERCENT,
  QUERY_BAD_PORT,
  QUERY_OK,
  QUERY_TEXT_BYTES_MAX,
  type TrackerQuery,
} from "./query-record.ts";

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

const VALUE_ZERO = asciiBytes("0");

/** A short value that was encoded; valid until the next one is decoded. */
const decodedValue = new Uint8Array(QUERY_TEXT_BYTES_MAX);

/** Each info hash of a scrape is one more. */
export function takeScrapeParameter(
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

/** Of equal names the last one counts. */
export function takeAnnounceParameter(
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
  if (!isEncoded(bytes, start, end))
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
      if (equalsBytes(keyBytes, keyStart, keyEnd, KEY_EVENT)) takeEvent(query, bytes, start, end);
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

/** A word that is not an event says nothing: it counts as none, as it does over UDP and WebTorrent. */
function takeEvent(query: TrackerQuery, bytes: Uint8Array, start: number, end: number): void {
  const event = parseEvent(bytes, start, end);
  query.isEventUnknown = event === EVENT_UNKNOWN;
  query.event = event === EVENT_UNKNOWN ? EVENT_NONE : event;
}
