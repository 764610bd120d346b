/**
 * Decoding of query values (RFC 3986 section 2.1) into buffers of the caller. `+` is a blank, as in every form-encoded
 * query (WHATWG URL, application/x-www-form-urlencoded): the encoders of Go and Python write blanks so, also those of an
 * info hash, and no known client sends a raw plus for the byte 0x2b.
 */
import { HEX_VALUE } from "./byte-class.ts";

const SPACE = 0x20;
const PERCENT = 0x25;
const PLUS = 0x2b;

/** Returned when the decoded value is longer than the room for it. */
const DECODE_TOO_LONG = -1;
/** Returned when a percent sign is not followed by two hex digits. */
export const DECODE_BAD_PERCENT = -2;

/**
 * Decodes bytes[start..end) to output[outputOffset..outputOffset + roomBytes).
 * Returns the number of bytes written, `DECODE_TOO_LONG` or `DECODE_BAD_PERCENT`.
 */
export function decodePercent(
  bytes: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputOffset: number,
  roomBytes: number,
): number {
  let at = start;
  let length = 0;
  while (at < end) {
    let byte = bytes[at];
    if (byte === PERCENT) {
      if (at + 2 >= end) return DECODE_BAD_PERCENT;
      const high = HEX_VALUE[bytes[at + 1]];
      const low = HEX_VALUE[bytes[at + 2]];
      if ((high | low) > 15) return DECODE_BAD_PERCENT;
      byte = (high << 4) | low;
      at += 3;
    } else {
      if (byte === PLUS) byte = SPACE;
      at++;
    }
    if (length === roomBytes) return DECODE_TOO_LONG;
    output[outputOffset + length] = byte;
    length++;
  }
  return length;
}

/** Whether bytes[start..end) stand for other bytes than themselves. */
export function isEncoded(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === PERCENT || bytes[at] === PLUS) return true;
  return false;
}
