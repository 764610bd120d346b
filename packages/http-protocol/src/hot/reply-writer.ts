/**
 * The bencoded bodies a tracker answers with, and the HTTP heads before them, written into a caller's buffer.
 * Called by the HTTP tracker for every request; allocates nothing. BEP 3, 7, 21, 23, 24, 31, 48.
 *
 * Keys are written in sorted order. A head ends in a Content-Length whose digits are filled in once the body is
 * written; blanks before a header's value are part of the grammar (RFC 9112 section 5), so the head never moves.
 */

import {
  decimalDigits,
  writeByteString,
  writeBytes,
  writeDecimal,
  writeDecimalBefore,
  writeInteger,
} from "./bencode-writer.ts";
import { asciiBytes } from "./byte-class.ts";
import { PEER_LIST_ENTRY_BYTES_MAX, writePeerList } from "./peer-list-writer.ts";

const DICTIONARY = 0x64;
const COLON = 0x3a;
const END = 0x65;

/** Digits of a Content-Length this side writes. */
export const CONTENT_LENGTH_DIGITS = 7;
/** Bytes between the last digit of the Content-Length and the body: CR LF CR LF. */
const HEAD_TAIL_BYTES = 4;

const KEY_COMPLETE = asciiBytes("8:complete");
const KEY_DOWNLOADED = asciiBytes("10:downloaded");
const KEY_DOWNLOADERS = asciiBytes("11:downloaders");
const KEY_EXTERNAL_IP = asciiBytes("11:external ip");
const KEY_INCOMPLETE = asciiBytes("10:incomplete");
const KEY_INTERVAL = asciiBytes("8:interval");
const KEY_MIN_INTERVAL = asciiBytes("12:min interval");
const KEY_PEERS = asciiBytes("5:peers");
const KEY_PEERS6 = asciiBytes("6:peers6");
const EMPTY_STRING = asciiBytes("0:");
const KEY_TRACKER_ID = asciiBytes("10:tracker id");
const KEY_WARNING_MESSAGE = asciiBytes("15:warning message");
const SCRAPE_START = asciiBytes("d5:filesd");
const SCRAPE_HASH_PREFIX = asciiBytes("20:");
const SCRAPE_FLAGS = asciiBytes("e5:flagsd20:min_request_interval");
const SCRAPE_END = asciiBytes("ee");
const FAILURE_START = asciiBytes("d14:failure reason");
const KEY_RETRY_IN = asciiBytes("8:retry in");

/** The longest integer of bencode, `i`, a sign, 16 digits, `e`; the longest length before a byte string, `9999:`. */
const INTEGER_BYTES_MAX = 19;
const LENGTH_BYTES_MAX = 5;
/** All of an announce's answer but peers, tracker id and warning. */
const ANNOUNCE_FIXED_BYTES_MAX =
  2 +
  KEY_COMPLETE.length +
  KEY_DOWNLOADED.length +
  KEY_EXTERNAL_IP.length +
  KEY_INCOMPLETE.length +
  KEY_INTERVAL.length +
  KEY_MIN_INTERVAL.length +
  KEY_PEERS.length +
  KEY_PEERS6.length +
  KEY_TRACKER_ID.length +
  KEY_WARNING_MESSAGE.length +
  5 * INTEGER_BYTES_MAX +
  16 +
  6 * LENGTH_BYTES_MAX;

/** One announce's answer; used again for every answer of its thread. */
export class AnnounceReply {
  complete = 0;
  incomplete = 0;
  downloaded = 0;
  intervalSeconds = 0;
  minIntervalSeconds = 0;
  /** The asker's address as seen here: its first 4 or 16 bytes, as `externalAddressBytes` says; 0 for none. */
  readonly externalAddress = new Uint8Array(16);
  externalAddressBytes = 0;
  isIpv6 = false;
  isCompact = true;
  /** Compact peers (6 or 18 bytes each, network order) in the buffer the answer is written to. */
  peersOffset = 0;
  peersCount = 0;
  trackerId: Uint8Array = new Uint8Array(0);
  trackerIdLength = 0;
  /** Bytes of a warning message, empty for none. */
  warning: Uint8Array = new Uint8Array(0);
}

/**
 * The room an announce's body needs at most. `peersOffset` must lie at least this far behind the offset the body is
 * written at, with the peers behind it, so that nothing is overwritten before it was read.
 */
export function announceReplyBytesMax(peersMax: number, textBytesMax: number): number {
  return ANNOUNCE_FIXED_BYTES_MAX + textBytesMax + peersMax * PEER_LIST_ENTRY_BYTES_MAX;
}

/** Writes the body of an announce's answer at `offset`; returns the offset behind it. */
export function writeAnnounceReply(
  output: Uint8Array,
  offset: number,
  reply: AnnounceReply,
): number {
  let at = offset;
  output[at++] = DICTIONARY;
  at = writeInteger(output, writeBytes(output, at, KEY_COMPLETE), reply.complete);
  at = writeInteger(output, writeBytes(output, at, KEY_DOWNLOADED), reply.downloaded);
  if (reply.externalAddressBytes !== 0) {
    at = writeBytes(output, at, KEY_EXTERNAL_IP);
    at = writeByteString(output, at, reply.externalAddress, 0, reply.externalAddressBytes);
  }
  at = writeInteger(output, writeBytes(output, at, KEY_INCOMPLETE), reply.incomplete);
  at = writeInteger(output, writeBytes(output, at, KEY_INTERVAL), reply.intervalSeconds);
  at = writeInteger(output, writeBytes(output, at, KEY_MIN_INTERVAL), reply.minIntervalSeconds);
  at = writePeers(output, at, reply);
  if (reply.trackerIdLength !== 0) {
    at = writeBytes(output, at, KEY_TRACKER_ID);
    at = writeByteString(output, at, reply.trackerId, 0, reply.trackerIdLength);
  }
  if (reply.warning.length !== 0) {
    at = writeBytes(output, at, KEY_WARNING_MESSAGE);
    at = writeByteString(output, at, reply.warning, 0, reply.warning.length);
  }
  output[at] = END;
  return at + 1;
}

/** `peers`, and `peers6` for an asker over IPv6; old clients miss `peers`, so it is there even then. */
function writePeers(output: Uint8Array, offset: number, reply: AnnounceReply): number {
  let at = writeBytes(output, offset, KEY_PEERS);
  if (!reply.isCompact)
    return writePeerList(output, at, reply.peersOffset, reply.peersCount, reply.isIpv6);
  if (reply.isIpv6) {
    at = writeBytes(output, at, EMPTY_STRING);
    at = writeBytes(output, at, KEY_PEERS6);
  }
  const length = reply.peersCount * (reply.isIpv6 ? 18 : 6);
  at = writeDecimal(output, at, length);
  output[at++] = COLON;
  output.copyWithin(at, reply.peersOffset, reply.peersOffset + length);
  return at + length;
}

/** Bytes a scrape's body takes beside its entries, and for each entry, at most. */
export const SCRAPE_REPLY_FRAME_BYTES_MAX = 80;
export const SCRAPE_REPLY_ENTRY_BYTES_MAX = 160;

/** Writes the beginning of a scrape's body. Entries follow in the order of their info hashes. */
export function writeScrapeReplyStart(output: Uint8Array, offset: number): number {
  return writeBytes(output, offset, SCRAPE_START);
}

/** Writes one torrent of a scrape's body; the info hash is hashBytes[hashOffset..hashOffset + 20). */
export function writeScrapeEntry(
  output: Uint8Array,
  offset: number,
  hashBytes: Uint8Array,
  hashOffset: number,
  complete: number,
  downloaded: number,
  downloaders: number,
  incomplete: number,
): number {
  let at = writeBytes(output, offset, SCRAPE_HASH_PREFIX);
  for (let i = 0; i < 20; i++) output[at + i] = hashBytes[hashOffset + i];
  at += 20;
  output[at++] = DICTIONARY;
  at = writeInteger(output, writeBytes(output, at, KEY_COMPLETE), complete);
  at = writeInteger(output, writeBytes(output, at, KEY_DOWNLOADED), downloaded);
  at = writeInteger(output, writeBytes(output, at, KEY_DOWNLOADERS), downloaders);
  at = writeInteger(output, writeBytes(output, at, KEY_INCOMPLETE), incomplete);
  output[at] = END;
  return at + 1;
}

/** Writes the end of a scrape's body with the seconds a client should wait before the next one (BEP 48). */
export function writeScrapeReplyEnd(
  output: Uint8Array,
  offset: number,
  minRequestIntervalSeconds: number,
): number {
  const at = writeBytes(output, offset, SCRAPE_FLAGS);
  return writeBytes(output, writeInteger(output, at, minRequestIntervalSeconds), SCRAPE_END);
}

/** Writes a failure. `retryInMinutes` is left out when 0 (BEP 31 wants it as a text of digits). */
export function writeFailureReply(
  output: Uint8Array,
  offset: number,
  reason: Uint8Array,
  retryInMinutes: number,
): number {
  let at = writeBytes(output, offset, FAILURE_START);
  at = writeByteString(output, at, reason, 0, reason.length);
  if (retryInMinutes !== 0) {
    at = writeBytes(output, at, KEY_RETRY_IN);
    at = writeDecimal(output, at, decimalDigits(retryInMinutes));
    output[at++] = COLON;
    at = writeDecimal(output, at, retryInMinutes);
  }
  output[at] = END;
  return at + 1;
}

/** Writes a head made by `makeResponseHead`; the body begins at the offset it returns. */
export function writeResponseHead(output: Uint8Array, offset: number, head: Uint8Array): number {
  output.set(head, offset);
  return offset + head.length;
}

/** Fills in the Content-Length of the head that ends at `bodyOffset`. */
export function writeContentLength(output: Uint8Array, bodyOffset: number, length: number): void {
  writeDecimalBefore(output, bodyOffset - HEAD_TAIL_BYTES, length);
}
