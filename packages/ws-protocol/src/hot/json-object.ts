/**
 * What the request parser needs of JSON beyond skipping it: which of some known words a string is, and which
 * number a number is. Both see through escapes and other spellings, as JSON.parse would.
 *
 * Called by the request parser; reads the caller's bytes only.
 */
import { parseBinaryString } from "./binary-string.ts";
import { startsWithBytes } from "./json-scan.ts";

const BACKSLASH = 0x5c;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
/** The bit that tells a small letter from its capital. */
const LOWER_CASE = 0x20;
/** Longer than any word that is looked for. */
const WORD_BYTES_MAX = 16;

const decoded = new Uint8Array(WORD_BYTES_MAX);

/**
 * Which of `words` the string between `start` and `end` (its quotes left out) is, or -1.
 * The scanner has passed the string, each word is ASCII of up to 16 characters.
 */
export function wordAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: readonly Uint8Array[],
): number {
  const length = end - start;
  for (let index = 0; index < words.length; index++)
    if (words[index].length === length && startsWithBytes(bytes, start, end, words[index]))
      return index;
  for (let position = start; position < end; position++)
    if (bytes[position] === BACKSLASH) return escapedWordAt(bytes, start, end, words);
  return -1;
}

function escapedWordAt(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: readonly Uint8Array[],
): number {
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (
      parseBinaryString(bytes, start, end, decoded, 0, word.length) &&
      startsWithBytes(decoded, 0, word.length, word)
    )
      return index;
  }
  return -1;
}

/** As `wordAt`, with `words` in lower case and the string in any: for what clients spell as they like. */
export function wordAtAnyCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: readonly Uint8Array[],
): number {
  const found = wordAt(bytes, start, end, words);
  if (found >= 0) return found;
  for (let index = 0; index < words.length; index++) {
    const { length } = words[index];
    if (!parseBinaryString(bytes, start, end, decoded, 0, length)) continue;
    for (let at = 0; at < length; at++)
      if (decoded[at] >= UPPER_A && decoded[at] <= UPPER_Z) decoded[at] |= LOWER_CASE;
    if (startsWithBytes(decoded, 0, length, words[index])) return index;
  }
  return -1;
}

/** The bytes of an ASCII word; for tables made when a module loads. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length); // hot-allow: called when modules load
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/**
 * The value of the number between `start` and `end`, which the scanner has passed; NaN where it is beyond all numbers.
 * Plain digits, as everybody writes them, are read without making a string.
 */
export function numberAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= 15) {
    let value = 0;
    let position = start;
    while (position < end) {
      const digit = bytes[position] - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      position++;
    }
    if (position === end) return value;
  }
  let text = "";
  for (let position = start; position < end; position++)
    text += String.fromCharCode(bytes[position]);
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}
