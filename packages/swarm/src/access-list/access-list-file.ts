/**
 * The operator's file: one info hash a line, as 40 hexadecimal digits.
 *
 * Called by the main thread at the start and on every reload. Either case, blanks around, blank lines, `#` comments (a
 * line of their own or behind an info hash), CRLF and a byte order mark are all fine. Anything else fails the whole file:
 * a list that is silently shorter than what the operator wrote would serve or refuse the wrong torrents.
 */
import { hexDigitValue, INFO_HASH_BYTES, INFO_HASH_HEX_CHARACTERS } from "@swarmtide/bittorrent";
import { ACCESS_LIST_ENTRIES_MAX } from "./access-list.ts";

const LINE_FEED = 0x0a;
const HASH_SIGN = 0x23;

/** Characters of a bad line that an error shows. */
const SHOWN_CHARACTERS_MAX = 60;

/** 0..15 for a hexadecimal digit, 0xff for every other byte. */
const HEX_VALUES: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = hexDigitValue(code);
  return value < 0 ? 0xff : value;
});

/** Space, tab, carriage return, vertical tab and form feed. */
const IS_BLANK: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  [0x20, 0x09, 0x0d, 0x0b, 0x0c].includes(code) ? 1 : 0,
);

/** A line of an access list that is not an entry. */
export class AccessListError extends Error {
  /** Counted from 1. */
  readonly line: number;
  /** What the line holds, shortened, control characters escaped. */
  readonly value: string;
  /** What it should hold. */
  readonly expected: string;

  constructor({ line, value, expected }: { line: number; value: string; expected: string }) {
    super(`line ${line}: "${value}" is not an info hash; expected ${expected}`);
    this.name = "AccessListError";
    this.line = line;
    this.value = value;
    this.expected = expected;
  }
}

/** The info hashes of an access list file, 20 bytes each in the file's order; throws `AccessListError`. */
export function parseAccessList(file: Uint8Array): Uint8Array {
  // An entry takes 40 digits and a line feed, which only the last may lack.
  const entriesMax = Math.floor((file.length + 1) / (INFO_HASH_HEX_CHARACTERS + 1));
  const hashes = new Uint8Array(Math.min(entriesMax, ACCESS_LIST_ENTRIES_MAX) * INFO_HASH_BYTES);
  let written = 0;
  let line = 1;
  let at = startsWithByteOrderMark(file) ? 3 : 0;
  for (; at < file.length; line++) {
    const start = at;
    while (IS_BLANK[file[at] ?? 0] === 1) at++;
    if (at < file.length && file[at] !== LINE_FEED && file[at] !== HASH_SIGN) {
      if (written === ACCESS_LIST_ENTRIES_MAX * INFO_HASH_BYTES)
        throw lineError(file, start, line, `at most ${ACCESS_LIST_ENTRIES_MAX} entries`);
      if (!readInfoHash(file, at, hashes, written)) throw notAnInfoHash(file, start, line);
      written += INFO_HASH_BYTES;
      at += INFO_HASH_HEX_CHARACTERS;
      while (IS_BLANK[file[at] ?? 0] === 1) at++;
    }
    if (file[at] === HASH_SIGN) at = endOfLine(file, at);
    if (at < file.length && file[at] !== LINE_FEED) throw notAnInfoHash(file, start, line);
    at++;
  }
  return hashes.subarray(0, written);
}

function startsWithByteOrderMark(file: Uint8Array): boolean {
  return file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf;
}

/** Reads 40 digits into 20 bytes; false where one is missing or not a digit. */
function readInfoHash(file: Uint8Array, from: number, hashes: Uint8Array, to: number): boolean {
  if (from + INFO_HASH_HEX_CHARACTERS > file.length || to + INFO_HASH_BYTES > hashes.length)
    return false;
  let bad = 0;
  for (let i = 0; i < INFO_HASH_BYTES; i++) {
    const high = HEX_VALUES[file[from + 2 * i] ?? 0] ?? 0xff;
    const low = HEX_VALUES[file[from + 2 * i + 1] ?? 0] ?? 0xff;
    bad |= high | low;
    hashes[to + i] = (high << 4) | low;
  }
  return bad <= 0x0f;
}

function endOfLine(file: Uint8Array, at: number): number {
  const end = file.indexOf(LINE_FEED, at);
  return end < 0 ? file.length : end;
}

function notAnInfoHash(file: Uint8Array, start: number, line: number): AccessListError {
  return lineError(file, start, line, `${INFO_HASH_HEX_CHARACTERS} hexadecimal digits`);
}

function lineError(
  file: Uint8Array,
  start: number,
  line: number,
  expected: string,
): AccessListError {
  const end = endOfLine(file, start);
  const bytes = file.slice(start, Math.min(end, start + 8 * SHOWN_CHARACTERS_MAX));
  const text = new TextDecoder().decode(bytes).trim();
  const shown =
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
  // JSON escapes quotes and control characters, which could otherwise forge lines of the log.
  const value = JSON.stringify(shown)
    .slice(1, -1)
    .replace(/[\u007f-\u009f\u2028\u2029]/g, "?");
  const digits = /^[0-9a-fA-F]+/.exec(text)?.[0].length ?? 0;
  const isVersion2 = digits === 64;
  const hint = isVersion2 ? ` (this has 64, a version 2 info hash: keep the first 40)` : "";
  return new AccessListError({ line, value, expected: expected + hint });
}
