/**
 * Replies as a tracker writes them, into the caller's buffer (BEP 15).
 *
 * Called by the UDP handler for every reply. Each writer returns the bytes it wrote; the caller has made sure of the space.
 * Numbers are big-endian.
 *
 * | offset | bytes | every reply                                                                    |
 * |-------:|------:|--------------------------------------------------------------------------------|
 * |      0 |     4 | action: 0 connect, 1 announce, 2 scrape, 3 error                               |
 * |      4 |     4 | transaction id of the request                                                  |
 *
 * | offset | bytes | connect            | announce            | scrape                   | error          |
 * |-------:|------:|--------------------|---------------------|--------------------------|----------------|
 * |      8 |     4 | connection id …    | interval in seconds | seeders, first torrent   | message, UTF-8 |
 * |     12 |     4 | … 8 bytes of it    | leechers            | completed, first torrent | without end    |
 * |     16 |     4 | (ends at 16)       | seeders             | leechers, first torrent  | mark           |
 * |     20 |     … |                    | peers               | 12 bytes a torrent       |                |
 *
 * A peer is its address, 4 or 16 bytes, and its port, 2 bytes. The family of the request decides which of the two; the
 * reply does not say. The scrape entries are in the order of the request's info hashes.
 *
 * Worked example, an announce reply with one IPv4 peer (26 bytes):
 *
 *     00000001 cafebabe   announce, transaction id
 *     00000384 00000002 00000001   ask again in 900 s, two leechers, one seeder
 *     c0000201 1ae1   192.0.2.1, port 6881
 */
import { ACTION_ANNOUNCE, ACTION_CONNECT, ACTION_ERROR, ACTION_SCRAPE } from "./request.ts";

export const REPLY_TRANSACTION_ID_OFFSET = 4;
/** Bytes of action and transaction id, the shortest reply there is. */
export const REPLY_HEADER_BYTES = 8;

export const CONNECT_REPLY_CONNECTION_ID_OFFSET = 8;
export const CONNECT_REPLY_BYTES = 16;

export const ANNOUNCE_REPLY_INTERVAL_OFFSET = 8;
export const ANNOUNCE_REPLY_LEECHERS_OFFSET = 12;
export const ANNOUNCE_REPLY_SEEDERS_OFFSET = 16;
/** Bytes of an announce reply without peers, which begin here. */
export const ANNOUNCE_REPLY_HEADER_BYTES = 20;

/** Bytes of an IPv4 peer in an announce reply. */
export const PEER_IPV4_BYTES = 6;
/** Bytes of an IPv6 peer in an announce reply. */
export const PEER_IPV6_BYTES = 18;

export const SCRAPE_REPLY_ENTRIES_OFFSET = 8;
/** Bytes of a scrape reply before its entries. */
export const SCRAPE_REPLY_HEADER_BYTES = 8;
/** Bytes of one torrent's counts in a scrape reply. */
export const SCRAPE_ENTRY_BYTES = 12;

export const ERROR_REPLY_MESSAGE_OFFSET = 8;

/** Writes a 32-bit number, signed or not, at `at`. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes a connect reply, 16 bytes. The two halves of the connection id are 32-bit numbers. */
export function writeConnectReply(
  bytes: Uint8Array,
  offset: number,
  transactionId: number,
  connectionIdHigh: number,
  connectionIdLow: number,
): number {
  writeInt32(bytes, offset, ACTION_CONNECT);
  writeInt32(bytes, offset + REPLY_TRANSACTION_ID_OFFSET, transactionId);
  writeInt32(bytes, offset + CONNECT_REPLY_CONNECTION_ID_OFFSET, connectionIdHigh);
  writeInt32(bytes, offset + CONNECT_REPLY_CONNECTION_ID_OFFSET + 4, connectionIdLow);
  return CONNECT_REPLY_BYTES;
}

/** Writes what stands before the peers of an announce reply, 20 bytes. */
export function writeAnnounceReplyHeader(
  bytes: Uint8Array,
  offset: number,
  transactionId: number,
  intervalSeconds: number,
  leechers: number,
  seeders: number,
): number {
  writeInt32(bytes, offset, ACTION_ANNOUNCE);
  writeInt32(bytes, offset + REPLY_TRANSACTION_ID_OFFSET, transactionId);
  writeInt32(bytes, offset + ANNOUNCE_REPLY_INTERVAL_OFFSET, intervalSeconds);
  writeInt32(bytes, offset + ANNOUNCE_REPLY_LEECHERS_OFFSET, leechers);
  writeInt32(bytes, offset + ANNOUNCE_REPLY_SEEDERS_OFFSET, seeders);
  return ANNOUNCE_REPLY_HEADER_BYTES;
}

/** Writes what stands before the entries of a scrape reply, 8 bytes. */
export function writeScrapeReplyHeader(
  bytes: Uint8Array,
  offset: number,
  transactionId: number,
): number {
  writeInt32(bytes, offset, ACTION_SCRAPE);
  writeInt32(bytes, offset + REPLY_TRANSACTION_ID_OFFSET, transactionId);
  return SCRAPE_REPLY_HEADER_BYTES;
}

/** Writes one torrent's counts at `offset`, 12 bytes. */
export function writeScrapeEntry(
  bytes: Uint8Array,
  offset: number,
  seeders: number,
  completed: number,
  leechers: number,
): number {
  writeInt32(bytes, offset, seeders);
  writeInt32(bytes, offset + 4, completed);
  writeInt32(bytes, offset + 8, leechers);
  return SCRAPE_ENTRY_BYTES;
}

/** Writes an error reply with a message of UTF-8 bytes, 8 bytes and the message. */
export function writeErrorReply(
  bytes: Uint8Array,
  offset: number,
  transactionId: number,
  message: Uint8Array,
): number {
  writeInt32(bytes, offset, ACTION_ERROR);
  writeInt32(bytes, offset + REPLY_TRANSACTION_ID_OFFSET, transactionId);
  for (let i = 0; i < message.length; i++)
    bytes[offset + ERROR_REPLY_MESSAGE_OFFSET + i] = message[i];
  return ERROR_REPLY_MESSAGE_OFFSET + message.length;
}
