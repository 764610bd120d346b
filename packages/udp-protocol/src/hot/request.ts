/**
 * Requests as a tracker reads them: one check of a datagram's shape, then plain reads at fixed offsets (BEP 15).
 *
 * Called by the UDP handler for every datagram that arrives; the memory is the caller's receive buffer, the request lies
 * at any offset in it. Nothing is copied and nothing allocated. Budget: 20 ns a datagram, shown by
 * src/bench/codec.bench.ts.
 *
 * Numbers are big-endian.
 *
 * | offset | bytes | every request                                                                  |
 * |-------:|------:|--------------------------------------------------------------------------------|
 * |      0 |     8 | connection id; in a connect request the fixed number 0x41727101980              |
 * |      8 |     4 | action: 0 connect, 1 announce, 2 scrape                                        |
 * |     12 |     4 | transaction id, the client's own                                               |
 *
 * A connect request ends here (16 bytes); what follows it is ignored. A scrape continues with n info hashes of 20 bytes
 * each from offset 16. An announce continues with:
 *
 * | offset | bytes | announce                                                                       |
 * |-------:|------:|--------------------------------------------------------------------------------|
 * |     16 |    20 | info hash                                                                      |
 * |     36 |    20 | peer id                                                                        |
 * |     56 |     8 | bytes downloaded                                                               |
 * |     64 |     8 | bytes left; 0 makes a seeder                                                   |
 * |     72 |     8 | bytes uploaded                                                                 |
 * |     80 |     4 | event: 0 none, 1 completed, 2 started, 3 stopped, 4 paused (BEP 21); else none |
 * |     84 |     4 | IPv4 address the client would like to be known by; never believed              |
 * |     88 |     4 | key                                                                            |
 * |     92 |     4 | peers wanted, signed; negative is "as you like"                                |
 * |     96 |     2 | port the peer listens on                                                       |
 * |     98 |     … | options (BEP 41), see request-options.ts; a tracker may ignore them            |
 *
 * Worked example, an announce (98 bytes):
 *
 *     0123456789abcdef 00000001 cafebabe   connection id, announce, transaction id
 *     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa   info hash
 *     2d5452343036302d303030303030303030303030   peer id "-TR4060-000000000000"
 *     0000000000000000 0000000000000400 0000000000000000   downloaded 0, left 1024, uploaded 0
 *     00000002 00000000 12345678 ffffffff 1ae1   started, no address, key, as many as you like, port 6881
 */

/** The upper half of the connection id that a connect request carries, 0x417. */
export const CONNECT_MAGIC_HIGH = 0x417;
/** The lower half of the connection id that a connect request carries, 0x27101980. */
export const CONNECT_MAGIC_LOW = 0x27101980;

export const ACTION_CONNECT = 0;
export const ACTION_ANNOUNCE = 1;
export const ACTION_SCRAPE = 2;
/** Only ever sent by the tracker. */
export const ACTION_ERROR = 3;

export const REQUEST_CONNECTION_ID_OFFSET = 0;
export const REQUEST_ACTION_OFFSET = 8;
export const REQUEST_TRANSACTION_ID_OFFSET = 12;
/** Bytes of a connect request, and of what stands before the info hashes of a scrape. */
export const REQUEST_HEADER_BYTES = 16;

export const ANNOUNCE_INFO_HASH_OFFSET = 16;
export const ANNOUNCE_PEER_ID_OFFSET = 36;
export const ANNOUNCE_DOWNLOADED_OFFSET = 56;
export const ANNOUNCE_LEFT_OFFSET = 64;
export const ANNOUNCE_UPLOADED_OFFSET = 72;
export const ANNOUNCE_EVENT_OFFSET = 80;
export const ANNOUNCE_ADDRESS_OFFSET = 84;
export const ANNOUNCE_KEY_OFFSET = 88;
export const ANNOUNCE_PEERS_WANTED_OFFSET = 92;
export const ANNOUNCE_PORT_OFFSET = 96;
/** Bytes of an announce request without options. */
export const ANNOUNCE_REQUEST_BYTES = 98;

export const SCRAPE_INFO_HASHES_OFFSET = 16;
/** Bytes of one info hash in a scrape request. */
export const SCRAPE_INFO_HASH_BYTES = 20;

/** The last event number that means something, BEP 21's `paused`. */
const EVENT_LAST = 4;

/** A connect request, complete. */
export const UDP_CONNECT = 0;
/** An announce request whose every field is in range. */
export const UDP_ANNOUNCE = 1;
/** A scrape request of at least one info hash; the caller applies its limit to how many are answered. */
export const UDP_SCRAPE = 2;
/** An announce whose event is none of the five: it counts as none, as in HTTP and WebTorrent. */
export const UDP_ANNOUNCE_UNKNOWN_EVENT = 3;

/** An announce of port 0: to be refused with an error once the connection id has been verified. */
export const UDP_ERROR_PORT_ZERO = 4;
/** A scrape that names no info hash: to be refused with an error once the connection id has been verified. */
export const UDP_ERROR_FULL_SCRAPE = 5;
/** A scrape whose list ends within an info hash: as above. */
export const UDP_ERROR_SCRAPE_LIST = 6;

/** Silence: fewer than the 16 bytes every request has. */
export const UDP_DROP_SHORT = 7;
/** Silence: an action other than connect, announce and scrape. */
export const UDP_DROP_ACTION = 8;
/** Silence: a connect request without the protocol's fixed number. */
export const UDP_DROP_CONNECT_MAGIC = 9;
/** Silence: an announce of fewer than 98 bytes. */
export const UDP_DROP_ANNOUNCE_SHORT = 10;

/** How many parse outcomes there are; they are numbered from 0, so that each can have a counter. */
export const UDP_STATUS_COUNT = 11;

/**
 * Tells what the datagram of `length` bytes at `offset` is: one of `UDP_…`. It reads only within those bytes; after
 * `UDP_ANNOUNCE…` and `UDP_SCRAPE` all fields of the tables above may be read.
 */
export function parseUdpRequest(bytes: Uint8Array, offset: number, length: number): number {
  if (length < REQUEST_HEADER_BYTES) return UDP_DROP_SHORT;
  if ((bytes[offset + 8] | bytes[offset + 9] | bytes[offset + 10]) !== 0) return UDP_DROP_ACTION;
  const action = bytes[offset + 11];
  if (action === ACTION_ANNOUNCE) {
    if (length < ANNOUNCE_REQUEST_BYTES) return UDP_DROP_ANNOUNCE_SHORT;
    if (readAnnouncePort(bytes, offset) === 0) return UDP_ERROR_PORT_ZERO;
    const event = readInt32(bytes, offset + ANNOUNCE_EVENT_OFFSET);
    return event < 0 || event > EVENT_LAST ? UDP_ANNOUNCE_UNKNOWN_EVENT : UDP_ANNOUNCE;
  }
  if (action === ACTION_CONNECT) {
    const isMagic =
      readInt32(bytes, offset) === CONNECT_MAGIC_HIGH &&
      readInt32(bytes, offset + 4) === CONNECT_MAGIC_LOW;
    return isMagic ? UDP_CONNECT : UDP_DROP_CONNECT_MAGIC;
  }
  if (action !== ACTION_SCRAPE) return UDP_DROP_ACTION;
  const listBytes = length - REQUEST_HEADER_BYTES;
  if (listBytes === 0) return UDP_ERROR_FULL_SCRAPE;
  return listBytes % SCRAPE_INFO_HASH_BYTES === 0 ? UDP_SCRAPE : UDP_ERROR_SCRAPE_LIST;
}

/** Whether the datagram looks like an announce: long enough, and of that action. `parseUdpRequest` may still refuse it. */
export function isAnnounceRequest(bytes: Uint8Array, offset: number, length: number): boolean {
  return (
    length >= ANNOUNCE_REQUEST_BYTES &&
    readInt32(bytes, offset + REQUEST_ACTION_OFFSET) === ACTION_ANNOUNCE
  );
}

/** The signed 32-bit number at `at`. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** The transaction id of the request at `offset`, as a signed 32-bit number. */
export function readTransactionId(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + REQUEST_TRANSACTION_ID_OFFSET);
}

/** The first four bytes of the connection id, as a signed 32-bit number. */
export function readConnectionIdHigh(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + REQUEST_CONNECTION_ID_OFFSET);
}

/** The last four bytes of the connection id, as a signed 32-bit number. */
export function readConnectionIdLow(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + REQUEST_CONNECTION_ID_OFFSET + 4);
}

/** The event of an announce, 0..4; an unknown one is 0. */
export function readAnnounceEvent(bytes: Uint8Array, offset: number): number {
  const event = readInt32(bytes, offset + ANNOUNCE_EVENT_OFFSET);
  return event < 0 || event > EVENT_LAST ? 0 : event;
}

/**
 * What an announce has left to download, as far as a tracker cares: 0 nothing, 1 something, −1 unknown, which clients
 * send as 2^64 − 1. Any other number, also one that a signed reader would call negative, is something. `words` is the
 * memory of the request in words of 32 bits and `offset` a multiple of 4: two reads instead of eight save 20 ns of an
 * announce's 500 (bench/datagram-handler.bench.ts of packages/udp). The order of the bytes does not matter here.
 */
export function readAnnounceLeft(words: Int32Array, offset: number): number {
  const at = (offset + ANNOUNCE_LEFT_OFFSET) >> 2;
  const high = words[at];
  const low = words[at + 1];
  if ((high | low) === 0) return 0;
  return (high & low) === -1 ? -1 : 1;
}

/** How many peers an announce asks for, signed as sent; negative means the client does not care. */
export function readAnnouncePeersWanted(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + ANNOUNCE_PEERS_WANTED_OFFSET);
}

/** The port an announce says its peer listens on, 1..65535 after a successful parse. */
export function readAnnouncePort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + ANNOUNCE_PORT_OFFSET] << 8) | bytes[offset + ANNOUNCE_PORT_OFFSET + 1];
}

/** The same port as its two bytes lie in the packet, the first one lowest: so it goes on to other peers. */
export function readAnnouncePortBytes(bytes: Uint8Array, offset: number): number {
  return bytes[offset + ANNOUNCE_PORT_OFFSET] | (bytes[offset + ANNOUNCE_PORT_OFFSET + 1] << 8);
}

/** How many info hashes a scrape of `length` bytes names, after a successful parse. */
export function scrapeInfoHashCount(length: number): number {
  return ((length - REQUEST_HEADER_BYTES) / SCRAPE_INFO_HASH_BYTES) | 0;
}
