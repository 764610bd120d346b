/**
 * Replies as a client reads them; hot/reply.ts has the layout.
 *
 * Called by load generators, tools and tests, with whatever a tracker, or somebody pretending to be one, has sent.
 */
import {
  ANNOUNCE_REPLY_HEADER_BYTES,
  ANNOUNCE_REPLY_INTERVAL_OFFSET,
  ANNOUNCE_REPLY_LEECHERS_OFFSET,
  ANNOUNCE_REPLY_SEEDERS_OFFSET,
  CONNECT_REPLY_BYTES,
  CONNECT_REPLY_CONNECTION_ID_OFFSET,
  ERROR_REPLY_MESSAGE_OFFSET,
  PEER_IPV4_BYTES,
  PEER_IPV6_BYTES,
  REPLY_HEADER_BYTES,
  REPLY_TRANSACTION_ID_OFFSET,
  SCRAPE_ENTRY_BYTES,
  SCRAPE_REPLY_ENTRIES_OFFSET,
  SCRAPE_REPLY_HEADER_BYTES,
} from "./hot/reply.ts";
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_ERROR,
  ACTION_SCRAPE,
  readInt32,
} from "./hot/request.ts";

/** A complete connect reply. */
export const REPLY_CONNECT = 0;
/** A complete announce reply with a whole number of peers. */
export const REPLY_ANNOUNCE = 1;
/** A complete scrape reply with a whole number of entries. */
export const REPLY_SCRAPE = 2;
/** An error reply. */
export const REPLY_ERROR = 3;
/** Fewer bytes than such a reply has. */
export const REPLY_BAD_SHORT = 4;
/** An action other than 0 to 3. */
export const REPLY_BAD_ACTION = 5;
/** The peers or entries end within one. */
export const REPLY_BAD_LIST = 6;

/** The family a request went out over, which decides how wide the peers in its reply are. */
export type AddressFamily = 4 | 6;

/** Bytes of one peer in an announce reply: 6 or 18. */
export function peerBytes(family: AddressFamily): number {
  return family === 4 ? PEER_IPV4_BYTES : PEER_IPV6_BYTES;
}

/** Tells what the `length` bytes at `offset` are: one of `REPLY_…`. Reads only within them. */
export function parseUdpReply(
  bytes: Uint8Array,
  offset: number,
  length: number,
  family: AddressFamily,
): number {
  if (length < REPLY_HEADER_BYTES) return REPLY_BAD_SHORT;
  switch (readInt32(bytes, offset)) {
    case ACTION_CONNECT:
      return length < CONNECT_REPLY_BYTES ? REPLY_BAD_SHORT : REPLY_CONNECT;
    case ACTION_ANNOUNCE:
      if (length < ANNOUNCE_REPLY_HEADER_BYTES) return REPLY_BAD_SHORT;
      return (length - ANNOUNCE_REPLY_HEADER_BYTES) % peerBytes(family) === 0
        ? REPLY_ANNOUNCE
        : REPLY_BAD_LIST;
    case ACTION_SCRAPE:
      return (length - SCRAPE_REPLY_HEADER_BYTES) % SCRAPE_ENTRY_BYTES === 0
        ? REPLY_SCRAPE
        : REPLY_BAD_LIST;
    case ACTION_ERROR:
      return REPLY_ERROR;
    default:
      return REPLY_BAD_ACTION;
  }
}

/** The transaction id of the reply at `offset`, as a signed 32-bit number. */
export function readReplyTransactionId(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + REPLY_TRANSACTION_ID_OFFSET);
}

/** The first four bytes of the connection id in a connect reply, as a signed 32-bit number. */
export function readReplyConnectionIdHigh(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + CONNECT_REPLY_CONNECTION_ID_OFFSET);
}

/** The last four bytes of the connection id in a connect reply, as a signed 32-bit number. */
export function readReplyConnectionIdLow(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + CONNECT_REPLY_CONNECTION_ID_OFFSET + 4);
}

/** The seconds after which an announce reply wants to see the peer again. */
export function readReplyIntervalSeconds(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + ANNOUNCE_REPLY_INTERVAL_OFFSET);
}

/** The leechers an announce reply counts. */
export function readReplyLeechers(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + ANNOUNCE_REPLY_LEECHERS_OFFSET);
}

/** The seeders an announce reply counts. */
export function readReplySeeders(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + ANNOUNCE_REPLY_SEEDERS_OFFSET);
}

/** How many peers an announce reply of `length` bytes carries; they begin at `ANNOUNCE_REPLY_HEADER_BYTES`. */
export function replyPeerCount(length: number, family: AddressFamily): number {
  return Math.floor((length - ANNOUNCE_REPLY_HEADER_BYTES) / peerBytes(family));
}

/** How many torrents a scrape reply of `length` bytes describes. */
export function replyScrapeEntryCount(length: number): number {
  return Math.floor((length - SCRAPE_REPLY_HEADER_BYTES) / SCRAPE_ENTRY_BYTES);
}

/** The counts of one torrent in a scrape reply. */
export interface ScrapeEntry {
  readonly seeders: number;
  readonly completed: number;
  readonly leechers: number;
}

/** The entry numbered `index`, from 0, of the scrape reply at `offset`. */
export function readReplyScrapeEntry(
  bytes: Uint8Array,
  offset: number,
  index: number,
): ScrapeEntry {
  const at = offset + SCRAPE_REPLY_ENTRIES_OFFSET + index * SCRAPE_ENTRY_BYTES;
  return {
    seeders: readInt32(bytes, at),
    completed: readInt32(bytes, at + 4),
    leechers: readInt32(bytes, at + 8),
  };
}

const decoder = new TextDecoder();

/** The message of an error reply of `length` bytes; what is not UTF-8 in it becomes U+FFFD. */
export function readReplyMessage(bytes: Uint8Array, offset: number, length: number): string {
  // A copy, because a TextDecoder refuses shared memory.
  return decoder.decode(bytes.slice(offset + ERROR_REPLY_MESSAGE_OFFSET, offset + length));
}
