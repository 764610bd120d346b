/**
 * Requests as a client writes them, into the caller's buffer; hot/request.ts has the layout.
 *
 * Called by load generators, tools and tests. The records are only read, so a load generator keeps one and changes it.
 */
import { INFO_HASH_BYTES, PEER_ID_BYTES } from "@swarmtide/bittorrent";
import { writeInt32 } from "./hot/reply.ts";
import {
  ACTION_ANNOUNCE,
  ACTION_CONNECT,
  ACTION_SCRAPE,
  ANNOUNCE_ADDRESS_OFFSET,
  ANNOUNCE_DOWNLOADED_OFFSET,
  ANNOUNCE_EVENT_OFFSET,
  ANNOUNCE_INFO_HASH_OFFSET,
  ANNOUNCE_KEY_OFFSET,
  ANNOUNCE_LEFT_OFFSET,
  ANNOUNCE_PEER_ID_OFFSET,
  ANNOUNCE_PEERS_WANTED_OFFSET,
  ANNOUNCE_PORT_OFFSET,
  ANNOUNCE_REQUEST_BYTES,
  ANNOUNCE_UPLOADED_OFFSET,
  CONNECT_MAGIC_HIGH,
  CONNECT_MAGIC_LOW,
  REQUEST_ACTION_OFFSET,
  REQUEST_HEADER_BYTES,
  REQUEST_TRANSACTION_ID_OFFSET,
  SCRAPE_INFO_HASH_BYTES,
  SCRAPE_INFO_HASHES_OFFSET,
} from "./hot/request.ts";

/** What every request after the connect carries: 32-bit numbers, signed or not. */
export interface RequestHeader {
  readonly connectionIdHigh: number;
  readonly connectionIdLow: number;
  readonly transactionId: number;
}

/** An announce request. */
export interface AnnounceRequest extends RequestHeader {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Bytes, up to 2^53. */
  readonly downloaded: number;
  /** Bytes left to download, up to 2^53; 0 for a seeder. */
  readonly left: number;
  /** Bytes, up to 2^53. */
  readonly uploaded: number;
  /** 0..4 for those who mean well, any 32-bit number for tests. */
  readonly event: number;
  /** An IPv4 address as a 32-bit number; 0, as usual, for "the one you see". */
  readonly address: number;
  readonly key: number;
  /** -1 for as many as the tracker likes to send. */
  readonly peersWanted: number;
  /** 0..65535. */
  readonly port: number;
}

/** Writes a connect request, 16 bytes. */
export function writeConnectRequest(
  bytes: Uint8Array,
  offset: number,
  transactionId: number,
): number {
  const header = {
    connectionIdHigh: CONNECT_MAGIC_HIGH,
    connectionIdLow: CONNECT_MAGIC_LOW,
    transactionId,
  };
  writeHeader(bytes, offset, header, ACTION_CONNECT);
  return REQUEST_HEADER_BYTES;
}

/** Writes an announce request, 98 bytes; options may be written behind it (`writeUrlData`). */
export function writeAnnounceRequest(
  bytes: Uint8Array,
  offset: number,
  request: AnnounceRequest,
): number {
  requireBytes("info hash", request.infoHash, INFO_HASH_BYTES);
  requireBytes("peer id", request.peerId, PEER_ID_BYTES);
  writeHeader(bytes, offset, request, ACTION_ANNOUNCE);
  bytes.set(request.infoHash, offset + ANNOUNCE_INFO_HASH_OFFSET);
  bytes.set(request.peerId, offset + ANNOUNCE_PEER_ID_OFFSET);
  writeInt64(bytes, offset + ANNOUNCE_DOWNLOADED_OFFSET, request.downloaded);
  writeInt64(bytes, offset + ANNOUNCE_LEFT_OFFSET, request.left);
  writeInt64(bytes, offset + ANNOUNCE_UPLOADED_OFFSET, request.uploaded);
  writeInt32(bytes, offset + ANNOUNCE_EVENT_OFFSET, request.event);
  writeInt32(bytes, offset + ANNOUNCE_ADDRESS_OFFSET, request.address);
  writeInt32(bytes, offset + ANNOUNCE_KEY_OFFSET, request.key);
  writeInt32(bytes, offset + ANNOUNCE_PEERS_WANTED_OFFSET, request.peersWanted);
  bytes[offset + ANNOUNCE_PORT_OFFSET] = request.port >>> 8;
  bytes[offset + ANNOUNCE_PORT_OFFSET + 1] = request.port;
  return ANNOUNCE_REQUEST_BYTES;
}

/** Writes a scrape request for the info hashes that lie one after another in `infoHashes`; returns the bytes written. */
export function writeScrapeRequest(
  bytes: Uint8Array,
  offset: number,
  header: RequestHeader,
  infoHashes: Uint8Array,
): number {
  if (infoHashes.length % SCRAPE_INFO_HASH_BYTES !== 0)
    throw new RangeError(`info hashes fill a multiple of 20 bytes, not ${infoHashes.length}`);
  writeHeader(bytes, offset, header, ACTION_SCRAPE);
  bytes.set(infoHashes, offset + SCRAPE_INFO_HASHES_OFFSET);
  return SCRAPE_INFO_HASHES_OFFSET + infoHashes.length;
}

function writeHeader(
  bytes: Uint8Array,
  offset: number,
  header: RequestHeader,
  action: number,
): void {
  writeInt32(bytes, offset, header.connectionIdHigh);
  writeInt32(bytes, offset + 4, header.connectionIdLow);
  writeInt32(bytes, offset + REQUEST_ACTION_OFFSET, action);
  writeInt32(bytes, offset + REQUEST_TRANSACTION_ID_OFFSET, header.transactionId);
}

/** Writes a whole number between -2^53 and 2^53 as 64 bits, two's complement. */
function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 2 ** 32));
  writeInt32(bytes, at + 4, value % 2 ** 32);
}

function requireBytes(what: string, bytes: Uint8Array, wanted: number): void {
  if (bytes.length !== wanted)
    throw new RangeError(`${what} has ${wanted} bytes, not ${bytes.length}`);
}
