/**
 * The 20-byte fields of the WebTorrent protocol: info hash, peer id and offer id travel as JSON strings of twenty
 * characters, one for each byte, code points 0 to 255. On the wire a character above 127 takes two bytes of UTF-8
 * and a control character an escape.
 *
 * Called by the request parser and the reply writers; reads and writes the caller's memory only.
 *
 * Worked example: the bytes `00 22 41 e9` are written `"\u0000\"A` followed by c3 a9 and the closing quote.
 */
import { hexDigit, skipString } from "./json-scan.ts";

/** Bytes of an info hash, a peer id and an offer id. */
export const ID_BYTES = 20;
/** The longest way to write one, quotes included: every character as \u00xx. */
export const ID_LITERAL_BYTES_MAX = 6 * ID_BYTES + 2;

const BACKSLASH = 0x5c;
const HEX = Uint8Array.of(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);

const NO_ESCAPE = 0xff;
/** What stands after the backslash → the byte meant. */
const ESCAPED = new Uint8Array(128).fill(NO_ESCAPE);
ESCAPED[0x22] = 0x22;
ESCAPED[0x5c] = 0x5c;
ESCAPED[0x2f] = 0x2f;
ESCAPED[0x62] = 0x08;
ESCAPED[0x66] = 0x0c;
ESCAPED[0x6e] = 0x0a;
ESCAPED[0x72] = 0x0d;
ESCAPED[0x74] = 0x09;

/**
 * Reads a string that the scanner has passed, `start` and `end` between its quotes, and puts exactly `count` bytes
 * at `outOffset`. Returns false where the string has more or fewer characters, or one above 255.
 */
export function parseBinaryString(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outOffset: number,
  count: number,
): boolean {
  let position = start;
  for (let index = 0; index < count; index++) {
    if (position >= end) return false;
    const c = bytes[position];
    if (c === BACKSLASH) {
      const letter = bytes[position + 1];
      if (letter === 0x75) {
        if (bytes[position + 2] !== 0x30 || bytes[position + 3] !== 0x30) return false;
        out[outOffset + index] =
          (hexDigit(bytes[position + 4]) << 4) | hexDigit(bytes[position + 5]);
        position += 6;
      } else {
        out[outOffset + index] = ESCAPED[letter];
        position += 2;
      }
    } else {
      if (c > 0xc3) return false;
      // One byte or two, at random in an id: chosen without a branch, which would be guessed wrong half of the time.
      const pair = c >>> 7;
      const value = ((c & 3) << 6) | (bytes[position + 1] & 0x3f);
      out[outOffset + index] = c ^ ((c ^ value) & -pair);
      position += 1 + pair;
    }
  }
  return position === end;
}

/**
 * How many bytes a character of an id takes that begins with this one: 1 in ASCII, 2 after c2 and c3, 6 for an escape of the
 * form \u00xx, which begins with a backslash; 0 where none may begin.
 */
const CHARACTER_BYTES = new Uint8Array(256).fill(1, 0x20, 0x80);
CHARACTER_BYTES[0x22] = 0;
CHARACTER_BYTES[BACKSLASH] = 6;
CHARACTER_BYTES[0xc2] = 2;
CHARACTER_BYTES[0xc3] = 2;

const CHARACTER_BYTES_MAX = 6;

const NO_DIGIT = 0x100;
/** The value of a hexadecimal digit. */
const DIGIT = new Uint16Array(256).fill(NO_DIGIT);
for (let c = 0; c < 128; c++) if (hexDigit(c) >= 0) DIGIT[c] = hexDigit(c);

/**
 * Reads an id from the byte after its opening quote and checks it in the same pass; returns the byte after the
 * closing quote, or -1 where it is not a JSON string of exactly twenty such characters: then the scanner has to find
 * out what it is instead.
 *
 * Ids are random, and so is how many bytes a character takes: a branch on it is guessed wrong half of the time. All three
 * readings are therefore made, and one chosen by arithmetic; what is wrong with it is gathered and looked at in the end.
 */
export function parseIdString(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outOffset: number,
): number {
  let position = start;
  let wrong = 0;
  for (let index = 0; index < ID_BYTES; index++) {
    if (position + CHARACTER_BYTES_MAX > end)
      return parseIdAtEnd(bytes, start, end, out, outOffset);
    const c = bytes[position];
    const second = bytes[position + 1];
    const length = CHARACTER_BYTES[c];
    if (length === 0) return -1;
    if (c === BACKSLASH && second !== 0x75) {
      const byte = second < 0x80 ? ESCAPED[second] : NO_ESCAPE;
      if (byte === NO_ESCAPE) return -1;
      out[outOffset + index] = byte;
      position += 2;
      continue;
    }
    // All ones for a character of two bytes, and for one of six.
    const isPair = -((length >> 1) & 1 & ~(length >> 2));
    const isEscape = -(length >> 2);
    const digits = (DIGIT[bytes[position + 4]] << 4) | DIGIT[bytes[position + 5]];
    const zeros = (bytes[position + 2] ^ 0x30) | (bytes[position + 3] ^ 0x30);
    wrong |= (((second & 0xc0) ^ 0x80) & isPair) | ((zeros | (digits & ~0xff)) & isEscape);
    out[outOffset + index] =
      (c & ~isPair & ~isEscape) |
      ((((c & 3) << 6) | (second & 0x3f)) & isPair) |
      (digits & isEscape);
    position += length;
  }
  return wrong === 0 && position < end && bytes[position] === 0x22 ? position + 1 : -1;
}

/** The same where the message may end within the longest reading of a character. */
function parseIdAtEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outOffset: number,
): number {
  const after = skipString(bytes, start, end);
  if (after < 0) return -1;
  return parseBinaryString(bytes, start, after - 1, out, outOffset, ID_BYTES) ? after : -1;
}

/** Bytes that `writeBinaryString` will write, quotes included. */
export function binaryStringBytes(bytes: Uint8Array, offset: number, count: number): number {
  let sum = 2;
  for (let index = 0; index < count; index++) {
    const c = bytes[offset + index];
    if (c < 0x20) sum += 6;
    else if (c >= 0x80 || c === 0x22 || c === BACKSLASH) sum += 2;
    else sum++;
  }
  return sum;
}

/** Writes the bytes as a JSON string with its quotes; returns the offset after it. */
export function writeBinaryString(
  out: Uint8Array,
  outOffset: number,
  bytes: Uint8Array,
  offset: number,
  count: number,
): number {
  let position = outOffset;
  out[position++] = 0x22;
  for (let index = 0; index < count; index++) {
    const c = bytes[offset + index];
    if (c < 0x20) {
      out[position] = BACKSLASH;
      out[position + 1] = 0x75;
      out[position + 2] = 0x30;
      out[position + 3] = 0x30;
      out[position + 4] = HEX[c >>> 4];
      out[position + 5] = HEX[c & 15];
      position += 6;
    } else if (c >= 0x80) {
      out[position] = 0xc0 | (c >>> 6);
      out[position + 1] = 0x80 | (c & 0x3f);
      position += 2;
    } else {
      if (c === 0x22 || c === BACKSLASH) out[position++] = BACKSLASH;
      out[position++] = c;
    }
  }
  out[position++] = 0x22;
  return position;
}
