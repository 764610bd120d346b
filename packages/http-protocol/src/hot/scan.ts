/**
 * The steps that requests and responses are both read with: tokens, blanks, ends of lines, numbers, the tokens of a
 * Connection header (RFC 9110 section 5.6, RFC 9112 section 2.2). Called by the parsers of this package and by whoever
 * reads header values; positions in, positions out, no memory of its own.
 */
import { asciiBytes, equalsIgnoringCase, IS_TOKEN } from "./byte-class.ts";
import { HTTP_BARE_LINE_BREAK } from "./parse-status.ts";
import { OUT_OF_BYTES } from "./request-record.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/** Decimal numbers are read up to this many digits, so that they stay exact in a double. */
const DIGITS_MAX = 15;

/** What `connectionTokens` found, to be tested bit by bit. */
export const CONNECTION_CLOSE = 1;
export const CONNECTION_KEEP_ALIVE = 2;
export const CONNECTION_UPGRADE = 4;

const TOKEN_CLOSE = asciiBytes("close");
const TOKEN_KEEP_ALIVE = asciiBytes("keep-alive");
const TOKEN_UPGRADE = asciiBytes("upgrade");

/** The first position from `start` whose byte is not a token character; `end` when there is none. */
export function skipToken(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && IS_TOKEN[bytes[at]] === 1) at++;
  return at;
}

/** The first position from `start` that holds no blank. */
export function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

/** Where bytes[start..end) ends without the blanks behind it. */
export function skipBlanksBack(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SPACE || bytes[at - 1] === TAB)) at--;
  return at;
}

/**
 * The offset behind the CR LF that must stand at `at` (< `limit`), `OUT_OF_BYTES`, or the negative of a parse status:
 * the one of a bare line break, or `otherwise` where there is no line break at all.
 */
export function lineEnd(bytes: Uint8Array, at: number, limit: number, otherwise: number): number {
  if (bytes[at] !== CR) return bytes[at] === LF ? -HTTP_BARE_LINE_BREAK : -otherwise;
  if (at + 1 >= limit) return OUT_OF_BYTES;
  return bytes[at + 1] === LF ? at + 2 : -HTTP_BARE_LINE_BREAK;
}

/** The decimal number of 1 to 15 digits that bytes[start..end) are, or -1. */
export function readDigits(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > DIGITS_MAX) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] < ZERO || bytes[at] > NINE) return -1;
    value = value * 10 + (bytes[at] - ZERO);
  }
  return value;
}

/** Whether `token`, in lower case, stands in the list bytes[start..end) of a header's value, in any case (RFC 9110 section 5.6.1). */
export function hasListToken(
  bytes: Uint8Array,
  start: number,
  end: number,
  token: Uint8Array,
): boolean {
  let at = start;
  while (at < end) {
    at = skipBlanks(bytes, at, end);
    const tokenStart = at;
    while (at < end && bytes[at] !== COMMA) at++;
    if (equalsIgnoringCase(bytes, tokenStart, skipBlanksBack(bytes, tokenStart, at), token))
      return true;
    at++;
  }
  return false;
}

/** `Connection: a, b`: which of the tokens that matter stand in the value bytes[start..end), in any case. */
export function connectionTokens(bytes: Uint8Array, start: number, end: number): number {
  let found = 0;
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === COMMA || bytes[at] === SPACE || bytes[at] === TAB)) at++;
    const tokenStart = at;
    at = skipToken(bytes, at, end);
    if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_CLOSE)) found |= CONNECTION_CLOSE;
    else if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_KEEP_ALIVE))
      found |= CONNECTION_KEEP_ALIVE;
    else if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_UPGRADE)) found |= CONNECTION_UPGRADE;
    while (at < end && bytes[at] !== COMMA) at++;
  }
  return found;
}
