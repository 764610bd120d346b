/**
 * Walks over JSON (RFC 8259) without building it: each function takes the position where a thing starts and returns
 * the position after it, or a negative SCAN_* where the bytes are not JSON.
 *
 * Accepts exactly what a strict UTF-8 decoder followed by JSON.parse accepts, down to a depth; json-scan.test.ts
 * proves it. Called by the request parser for every message of a client; reads the caller's bytes only, keeps
 * nothing and allocates nothing. Budget: about 1 ns a byte (bench/requests.bench.ts).
 */
import { wordsOf } from "./unmask.ts";
import { skipUtf8Character } from "./utf8.ts";

/** Not JSON, or not all of it. */
export const SCAN_SYNTAX = -1;
/** Arrays and objects nested deeper than allowed. */
export const SCAN_DEPTH = -2;
/** A string holds bytes that are not UTF-8. */
export const SCAN_UTF8 = -3;

/** Deepest nesting that can be asked for: one bit of a word remembers what each level is. */
export const SCAN_DEPTH_MAX = 32;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** The position of the first byte that is not white space, or `end`. */
export function skipSpace(bytes: Uint8Array, position: number, end: number): number {
  while (position < end) {
    const c = bytes[position];
    if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) break;
    position++;
  }
  return position;
}

/** 1 for the bytes that end a run of plain characters: controls, quote, backslash, all that is not ASCII. */
const ENDS_RUN = new Uint8Array(256).fill(1, 0x80).fill(1, 0, 0x20);
ENDS_RUN[QUOTE] = 1;
ENDS_RUN[BACKSLASH] = 1;

/** From the byte after the opening quote to the byte after the closing one. */
export function skipString(bytes: Uint8Array, position: number, end: number): number {
  while (position < end) {
    const c = bytes[position];
    if (ENDS_RUN[c] === 0) {
      position = skipRun(bytes, position + 1, end);
    } else if (c === QUOTE) {
      return position + 1;
    } else if (c === BACKSLASH) {
      position = skipEscape(bytes, position + 1, end);
      if (position < 0) return SCAN_SYNTAX;
    } else if (c >= 0x80) {
      position = skipUtf8Character(bytes, position, end);
      if (position < 0) return SCAN_UTF8;
    } else {
      return SCAN_SYNTAX;
    }
  }
  return SCAN_SYNTAX;
}

/**
 * Over plain characters, four at a time where the run is long; the position of the byte that ends it, or `end`.
 *
 * In a word whose bytes are all below 0x80, taking 0x21 from each byte XORed with 2 sets the highest bit of those
 * below 0x20 and of quotes (0x22 becomes 0x20; space and "!" become 0x22 and 0x23), and taking 1 from each byte XORed
 * with a backslash that of backslashes. What a borrow carries on can only add a stop, never hide one.
 */
function skipRun(bytes: Uint8Array, position: number, end: number): number {
  const byteOffset = bytes.byteOffset;
  const near = Math.min(end, ((byteOffset + position + 3) & ~3) - byteOffset);
  for (; position < near; position++) if (ENDS_RUN[bytes[position]] !== 0) return position;
  if (position === end) return end;
  const words = wordsOf(bytes);
  const wordEnd = (byteOffset + end) >>> 2;
  let word = (byteOffset + position) >>> 2;
  while (word < wordEnd) {
    const four = words[word];
    const stops = four | ((four ^ 0x02020202) - 0x21212121) | ((four ^ 0x5c5c5c5c) - 0x01010101);
    if ((stops & 0x80808080) !== 0) break;
    word++;
  }
  position = (word << 2) - byteOffset;
  while (position < end && ENDS_RUN[bytes[position]] === 0) position++;
  return position;
}

/** 1 for the letters that make an escape of two bytes. */
const SHORT_ESCAPE = new Uint8Array(256);
SHORT_ESCAPE[QUOTE] = 1;
SHORT_ESCAPE[BACKSLASH] = 1;
SHORT_ESCAPE[0x2f] = 1; // the solidus
SHORT_ESCAPE[0x62] = 1; // b
SHORT_ESCAPE[0x66] = 1; // f
SHORT_ESCAPE[0x6e] = 1; // n
SHORT_ESCAPE[0x72] = 1; // r
SHORT_ESCAPE[0x74] = 1; // t

/** From the byte after a backslash to the byte after the escape. */
function skipEscape(bytes: Uint8Array, position: number, end: number): number {
  if (position >= end) return SCAN_SYNTAX;
  if (SHORT_ESCAPE[bytes[position]] === 1) return position + 1;
  if (bytes[position] !== 0x75 || position + 4 >= end) return SCAN_SYNTAX;
  const digits =
    hexDigit(bytes[position + 1]) |
    hexDigit(bytes[position + 2]) |
    hexDigit(bytes[position + 3]) |
    hexDigit(bytes[position + 4]);
  return digits < 0 ? SCAN_SYNTAX : position + 5;
}

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function skipDigits(bytes: Uint8Array, position: number, end: number): number {
  while (position < end && bytes[position] >= 0x30 && bytes[position] <= 0x39) position++;
  return position;
}

/** A number: an optional minus, no leading zeros, optional fraction and exponent. */
export function skipNumber(bytes: Uint8Array, position: number, end: number): number {
  if (position < end && bytes[position] === 0x2d) position++;
  if (position >= end) return SCAN_SYNTAX;
  if (bytes[position] === 0x30) {
    position++;
  } else {
    const digits = position;
    position = skipDigits(bytes, position, end);
    if (position === digits) return SCAN_SYNTAX;
  }
  if (position < end && bytes[position] === 0x2e) {
    const digits = position + 1;
    position = skipDigits(bytes, digits, end);
    if (position === digits) return SCAN_SYNTAX;
  }
  if (position < end && (bytes[position] | 0x20) === 0x65) {
    let digits = position + 1;
    if (digits < end && (bytes[digits] === 0x2b || bytes[digits] === 0x2d)) digits++;
    position = skipDigits(bytes, digits, end);
    if (position === digits) return SCAN_SYNTAX;
  }
  return position;
}

/** Whether the bytes from `position` are exactly the ASCII text whose bytes `literal` holds. */
export function startsWithBytes(
  bytes: Uint8Array,
  position: number,
  end: number,
  literal: Uint8Array,
): boolean {
  if (end - position < literal.length) return false;
  for (let index = 0; index < literal.length; index++)
    if (bytes[position + index] !== literal[index]) return false;
  return true;
}

const TRUE = Uint8Array.of(0x74, 0x72, 0x75, 0x65);
const FALSE = Uint8Array.of(0x66, 0x61, 0x6c, 0x73, 0x65);
const NULL = Uint8Array.of(0x6e, 0x75, 0x6c, 0x6c);

/** A value that is neither array nor object. */
function skipScalar(bytes: Uint8Array, position: number, end: number): number {
  switch (bytes[position]) {
    case QUOTE:
      return skipString(bytes, position + 1, end);
    case 0x74:
      return startsWithBytes(bytes, position, end, TRUE) ? position + 4 : SCAN_SYNTAX;
    case 0x66:
      return startsWithBytes(bytes, position, end, FALSE) ? position + 5 : SCAN_SYNTAX;
    case 0x6e:
      return startsWithBytes(bytes, position, end, NULL) ? position + 4 : SCAN_SYNTAX;
    default:
      return skipNumber(bytes, position, end);
  }
}

/** Whether the value that starts here is null, and not merely something that starts like it. */
export function isNullAt(bytes: Uint8Array, position: number, end: number): boolean {
  return startsWithBytes(bytes, position, end, NULL);
}

/** From the opening quote of an object's key, over the colon and the space after it, to its value. */
function skipKey(bytes: Uint8Array, position: number, end: number): number {
  if (position >= end || bytes[position] !== QUOTE) return SCAN_SYNTAX;
  position = skipString(bytes, position + 1, end);
  return position < 0 ? position : skipColon(bytes, position, end);
}

/** Over optional space, a colon and optional space. */
export function skipColon(bytes: Uint8Array, position: number, end: number): number {
  position = skipSpace(bytes, position, end);
  if (position >= end || bytes[position] !== COLON) return SCAN_SYNTAX;
  return skipSpace(bytes, position + 1, end);
}

/**
 * Any value, from its first byte (white space is skipped) to the byte after its last.
 *
 * `depthMax` levels of arrays and objects may be opened, at most SCAN_DEPTH_MAX; 0 allows scalars only.
 */
export function skipValue(
  bytes: Uint8Array,
  position: number,
  end: number,
  depthMax: number,
): number {
  let depth = 0;
  let objects = 0; // bit 0 tells whether the innermost level is an object
  for (;;) {
    position = skipSpace(bytes, position, end);
    if (position >= end) return SCAN_SYNTAX;
    const c = bytes[position];
    if (c === BRACE_OPEN || c === BRACKET_OPEN) {
      if (depth === depthMax) return SCAN_DEPTH;
      depth++;
      objects = (objects << 1) | (c === BRACE_OPEN ? 1 : 0);
      position = skipSpace(bytes, position + 1, end);
      if (position >= end) return SCAN_SYNTAX;
      if (bytes[position] !== (c === BRACE_OPEN ? BRACE_CLOSE : BRACKET_CLOSE)) {
        if (c === BRACE_OPEN) position = skipKey(bytes, position, end);
        if (position < 0) return position;
        continue;
      }
      // The level is empty: the loop below closes it.
    } else {
      position = skipScalar(bytes, position, end);
      if (position < 0) return position;
    }
    for (;;) {
      if (depth === 0) return position;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === COMMA) {
        position = skipSpace(bytes, position + 1, end);
        if ((objects & 1) === 1) position = skipKey(bytes, position, end);
        if (position < 0) return position;
        break;
      }
      if (next !== ((objects & 1) === 1 ? BRACE_CLOSE : BRACKET_CLOSE)) return SCAN_SYNTAX;
      position++;
      depth--;
      objects >>>= 1;
    }
  }
}

/** Whether the bytes are one JSON value and nothing else: the position after it is `end`, or a negative SCAN_*. */
export function scanDocument(
  bytes: Uint8Array,
  offset: number,
  length: number,
  depthMax: number,
): number {
  const end = offset + length;
  const position = skipValue(bytes, offset, end, depthMax);
  if (position < 0) return position;
  return skipSpace(bytes, position, end) === end ? end : SCAN_SYNTAX;
}
