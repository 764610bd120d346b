/**
 * The options that may follow an announce request (BEP 41), above all the URL data: what stood behind the host and port in
 * the tracker's URL.
 *
 * The parser accepts anything behind byte 98, so a tracker that needs no URL data calls none of this. Load generators and
 * tests write it.
 *
 * | first byte | option         | what follows                                                      |
 * |-----------:|----------------|-------------------------------------------------------------------|
 * |          0 | end of options | nothing that counts                                               |
 * |          1 | no operation   | the next option                                                   |
 * |          2 | URL data       | a length byte (0 allowed) and that many bytes; pieces are joined  |
 * |      3…255 | unknown        | a length byte and that many bytes, skipped                        |
 *
 * Worked example: `02 0c 2f 64 69 72 3f 61 3d 62 26 63 3d 64 00` is `/dir?a=b&c=d`, then the end.
 */
import { ANNOUNCE_REQUEST_BYTES } from "./hot/request.ts";

const OPTION_END = 0;
const OPTION_NO_OPERATION = 1;
const OPTION_URL_DATA = 2;

/** The most bytes one option can carry: its length is one byte. */
const OPTION_DATA_BYTES_MAX = 255;

const EMPTY = new Uint8Array(0);

/**
 * The URL data of an announce of `length` bytes at `offset`, all pieces joined; empty when there is none. An option that
 * claims to be longer than the datagram ends the reading and is ignored; what came before it still counts.
 */
export function readUrlData(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const end = offset + length;
  let at = offset + ANNOUNCE_REQUEST_BYTES;
  let joined = EMPTY;
  while (at < end) {
    const option = bytes[at++];
    if (option === OPTION_END) break;
    if (option === OPTION_NO_OPERATION) continue;
    if (at >= end) break;
    const dataBytes = bytes[at++] ?? 0;
    if (at + dataBytes > end) break;
    if (option === OPTION_URL_DATA) joined = join(joined, bytes.subarray(at, at + dataBytes));
    at += dataBytes;
  }
  return joined;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** How many bytes `writeUrlData` needs for URL data of `dataBytes` bytes. */
export function urlDataOptionBytes(dataBytes: number): number {
  return dataBytes + 2 * Math.ceil(dataBytes / OPTION_DATA_BYTES_MAX) + 1;
}

/** Writes URL data at `at`, in as many options as it takes, and the end of options; returns the bytes written. */
export function writeUrlData(bytes: Uint8Array, at: number, urlData: Uint8Array): number {
  const needed = urlDataOptionBytes(urlData.length);
  if (at + needed > bytes.length)
    throw new RangeError(`URL data needs ${needed} bytes, ${bytes.length - at} are left`);
  let to = at;
  for (let from = 0; from < urlData.length; from += OPTION_DATA_BYTES_MAX) {
    const piece = urlData.subarray(from, from + OPTION_DATA_BYTES_MAX);
    bytes[to++] = OPTION_URL_DATA;
    bytes[to++] = piece.length;
    bytes.set(piece, to);
    to += piece.length;
  }
  bytes[to++] = OPTION_END;
  return to - at;
}
