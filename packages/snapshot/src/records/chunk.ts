/**
 * Headers of a stream of records and of its chunks, and the body of its end (layout.ts). Pure: bytes to numbers and back. A
 * header whose CRC-32 is right may still contradict itself; then it is refused like a damaged one.
 */
import { crc32 } from "./crc32.ts";
import {
  CHUNK_BODY_BYTES_AT,
  CHUNK_BODY_BYTES_MAX,
  CHUNK_BODY_CRC_AT,
  CHUNK_CRC_AT,
  CHUNK_END,
  CHUNK_HEADER_BYTES,
  CHUNK_NUMBER_AT,
  CHUNK_PEERS_4_AT,
  CHUNK_PEERS_6_AT,
  CHUNK_RECORDS_AT,
  CHUNK_SECONDS_AT,
  CHUNK_STORED_BYTES_AT,
  CHUNK_SWARMS,
  END_BODY_BYTES,
  STREAM_COMPRESSION_AT,
  STREAM_CRC_AT,
  STREAM_HEADER_BYTES,
  STREAM_MAGIC,
  STREAM_TIME_AT,
  STREAM_VERSION,
  STREAM_VERSION_AT,
} from "./layout.ts";

/** In the order of their numbers in a stream header. */
export const COMPRESSIONS = ["none", "gzip", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface StreamHeader {
  readonly compression: Compression;
  /** Unix time, whole seconds. */
  readonly begunAtSeconds: number;
}

/** Why bytes are not a stream header that this program reads. */
export type StreamRefusal = "short" | "magic" | "crc" | "version" | "compression";

export interface ChunkHeader {
  readonly kind: typeof CHUNK_SWARMS | typeof CHUNK_END;
  readonly number: number;
  /** Seconds since the stream was begun. */
  readonly atSeconds: number;
  readonly records: number;
  readonly peersIpv4: number;
  readonly peersIpv6: number;
  readonly bodyBytes: number;
  readonly storedBytes: number;
  readonly bodyCrc: number;
}

/** What the end of a stream says about all of it. */
export interface StreamTotals {
  readonly records: number;
  readonly peersIpv4: number;
  readonly peersIpv6: number;
  /** Bytes of all bodies before compression. */
  readonly bodyBytes: number;
}

const WORD = 2 ** 32;

export function encodeStreamHeader({ compression, begunAtSeconds }: StreamHeader): Uint8Array {
  const bytes = new Uint8Array(STREAM_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(STREAM_MAGIC);
  view.setUint16(STREAM_VERSION_AT, STREAM_VERSION);
  view.setUint8(STREAM_COMPRESSION_AT, COMPRESSIONS.indexOf(compression));
  setNumber(view, STREAM_TIME_AT, begunAtSeconds);
  view.setUint32(STREAM_CRC_AT, crc32(bytes.subarray(0, STREAM_CRC_AT)));
  return bytes;
}

/** The header at the beginning of `bytes`, or why it is none. */
export function decodeStreamHeader(bytes: Uint8Array): StreamHeader | StreamRefusal {
  if (STREAM_MAGIC.some((byte, i) => i < bytes.length && bytes[i] !== byte)) return "magic";
  if (bytes.length < STREAM_HEADER_BYTES) return "short";
  const view = viewOf(bytes);
  // Before the CRC: another version may have another header, as long as these two bytes stay.
  if (view.getUint16(STREAM_VERSION_AT) !== STREAM_VERSION) return "version";
  if (view.getUint32(STREAM_CRC_AT) !== crc32(bytes.subarray(0, STREAM_CRC_AT))) return "crc";
  const compression = COMPRESSIONS[view.getUint8(STREAM_COMPRESSION_AT)];
  if (compression === undefined) return "compression";
  return { compression, begunAtSeconds: getNumber(view, STREAM_TIME_AT) };
}

/** The version that bytes with the right magic claim. */
export function streamVersion(bytes: Uint8Array): number {
  return viewOf(bytes).getUint16(STREAM_VERSION_AT);
}

export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, header.kind);
  view.setUint32(CHUNK_NUMBER_AT, header.number);
  view.setUint32(CHUNK_SECONDS_AT, header.atSeconds);
  view.setUint32(CHUNK_RECORDS_AT, header.records);
  view.setUint32(CHUNK_PEERS_4_AT, header.peersIpv4);
  view.setUint32(CHUNK_PEERS_6_AT, header.peersIpv6);
  view.setUint32(CHUNK_BODY_BYTES_AT, header.bodyBytes);
  view.setUint32(CHUNK_STORED_BYTES_AT, header.storedBytes);
  view.setUint32(CHUNK_BODY_CRC_AT, header.bodyCrc);
  view.setUint32(CHUNK_CRC_AT, crc32(bytes.subarray(0, CHUNK_CRC_AT)));
  return bytes;
}

/** The chunk header at the beginning of `bytes`; undefined where there is none that holds together. */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader | undefined {
  if (bytes.length < CHUNK_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(CHUNK_CRC_AT) !== crc32(bytes.subarray(0, CHUNK_CRC_AT))) return undefined;
  const kind = view.getUint32(0);
  if (kind !== CHUNK_SWARMS && kind !== CHUNK_END) return undefined;
  const header: ChunkHeader = {
    kind,
    number: view.getUint32(CHUNK_NUMBER_AT),
    atSeconds: view.getUint32(CHUNK_SECONDS_AT),
    records: view.getUint32(CHUNK_RECORDS_AT),
    peersIpv4: view.getUint32(CHUNK_PEERS_4_AT),
    peersIpv6: view.getUint32(CHUNK_PEERS_6_AT),
    bodyBytes: view.getUint32(CHUNK_BODY_BYTES_AT),
    storedBytes: view.getUint32(CHUNK_STORED_BYTES_AT),
    bodyCrc: view.getUint32(CHUNK_BODY_CRC_AT),
  };
  const { bodyBytes, storedBytes } = header;
  if (bodyBytes > CHUNK_BODY_BYTES_MAX || storedBytes > bodyBytes) return undefined;
  if (kind === CHUNK_END && (bodyBytes !== END_BODY_BYTES || storedBytes !== bodyBytes))
    return undefined;
  return header;
}

export function encodeTotals(totals: StreamTotals): Uint8Array {
  const bytes = new Uint8Array(END_BODY_BYTES);
  const view = viewOf(bytes);
  setNumber(view, 0, totals.records);
  setNumber(view, 8, totals.peersIpv4);
  setNumber(view, 16, totals.peersIpv6);
  setNumber(view, 24, totals.bodyBytes);
  return bytes;
}

export function decodeTotals(bytes: Uint8Array): StreamTotals {
  const view = viewOf(bytes);
  return {
    records: getNumber(view, 0),
    peersIpv4: getNumber(view, 8),
    peersIpv6: getNumber(view, 16),
    bodyBytes: getNumber(view, 24),
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Eight bytes; exact up to 2^53. */
function setNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / WORD));
  view.setUint32(at + 4, value % WORD);
}

function getNumber(view: DataView, at: number): number {
  return view.getUint32(at) * WORD + view.getUint32(at + 4);
}
