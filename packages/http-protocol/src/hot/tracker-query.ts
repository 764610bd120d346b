/**
 * The query strings of /announce (BEP 3, 7, 21, 23) and /scrape (BEP 48): bytes → `TrackerQuery`. Called by the HTTP
 * tracker for every request; allocates nothing.
 *
 * Lenient where nothing can go wrong: unknown keys, bare tokens, empty segments and empty values are passed over, the
 * last of several equal keys counts, `uploaded`, `downloaded` and `left` may be missing; what is not a number counts as
 * missing in `numwant`, `uploaded` and `downloaded`, and an unknown event as none. Strict where an answer would be
 * wrong: info hash, peer id, port, left.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import { DECODE_BAD_PERCENT, decodePercent } from "./percent.ts";
import {
  QUERY_BAD_PERCENT,
  QUERY_FULL_SCRAPE,
  QUERY_NO_INFO_HASH,
  QUERY_NO_PEER_ID,
  QUERY_NO_PORT,
  QUERY_OK,
  QUERY_TEXT_BYTES_MAX,
  type TrackerQuery,
} from "./query-record.ts";
import { sortInfoHashes } from "./sort-info-hashes.ts";
import { takeAnnounceParameter, takeScrapeParameter } from "./tracker-parameters.ts";

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** A name that was percent-encoded; valid until the next one is decoded. */
const decodedKey = new Uint8Array(QUERY_TEXT_BYTES_MAX);

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
  query.isEventUnknown = false;
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
