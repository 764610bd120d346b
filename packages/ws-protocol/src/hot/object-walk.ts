/**
 * Steps over the members of an object in a client's message: to a key, to its value, to the next key, to the closing
 * brace; and what the parser remembers of a member. What a member means is the caller's business.
 *
 * Called by the request parser and its readers; pure functions over the caller's bytes.
 */
import { SCAN_SYNTAX, skipColon, skipSpace, skipString, startsWithBytes } from "./json-scan.ts";

/** No member of this name, or null. */
export const MEMBER_ABSENT = 0;
export const MEMBER_GOOD = 1;
/** It is JSON, but not what it has to be. */
export const MEMBER_BAD = 2;

/**
 * The closing brace is answered as a number below every SCAN_*: this minus the position after it. One number instead of
 * two fields of an object: those cost 9 % of a request with short offers (bench/requests.bench.ts).
 */
const CLOSED = -16;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const BRACKET_OPEN = 0x5b;
export const BRACKET_CLOSE = 0x5d;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

/** From the byte after the opening brace to the first key, or to the end of the object. */
export function firstKey(bytes: Uint8Array, position: number, end: number): number {
  position = skipSpace(bytes, position, end);
  return position < end && bytes[position] === BRACE_CLOSE ? CLOSED - (position + 1) : position;
}

/**
 * Which of `keys` stands at `position`, quotes and all, as everybody writes it; -1 where another key does, or one of them
 * with escapes. Saves reading the key twice, to find its end and to tell what it is.
 */
export function plainKeyAt(
  bytes: Uint8Array,
  position: number,
  end: number,
  keys: readonly Uint8Array[],
): number {
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const after = position + 1 + key.length;
    if (after >= end || bytes[after] !== QUOTE || bytes[position] !== QUOTE) continue;
    if (startsWithBytes(bytes, position + 1, end, key)) return index;
  }
  return -1;
}

/** From a key's opening quote to the byte after its closing one; `plain` is what `plainKeyAt` said. */
export function skipKey(
  bytes: Uint8Array,
  position: number,
  end: number,
  keys: readonly Uint8Array[],
  plain: number,
): number {
  if (plain >= 0) return position + keys[plain].length + 2;
  return skipKeyText(bytes, position, end);
}

function skipKeyText(bytes: Uint8Array, position: number, end: number): number {
  if (position >= end || bytes[position] !== QUOTE) return SCAN_SYNTAX;
  return skipString(bytes, position + 1, end);
}

/** From the byte after a key to its value. */
export function valueOfKey(bytes: Uint8Array, position: number, end: number): number {
  position = skipColon(bytes, position, end);
  return position >= end ? SCAN_SYNTAX : position;
}

/** From the byte after a value to the next key, or to the end of the object. */
export function nextKey(bytes: Uint8Array, position: number, end: number): number {
  position = skipSpace(bytes, position, end);
  if (position >= end) return SCAN_SYNTAX;
  const next = bytes[position];
  if (next === BRACE_CLOSE) return CLOSED - (position + 1);
  return next === COMMA ? skipSpace(bytes, position + 1, end) : SCAN_SYNTAX;
}

/** What the last answer comes to: the byte after the closing brace, or a negative SCAN_*. */
export function endOfObject(answer: number): number {
  return answer <= CLOSED ? CLOSED - answer : answer;
}
