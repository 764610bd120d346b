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

/** The longest line, comments included: what is longer is not a list. */
const LINE_BYTES_MAX = 2 ** 18;

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

/**
 * Reads a list that comes in pieces, so that a thread with other duties can see to them in between and a file that is not
 * a list is refused at its first line.
 *
 *     const parser = new AccessListParser(sizeBytes);
 *     for (const piece of pieces) parser.add(piece);
 *     const hashes = parser.finish(); // 20 bytes each in the file's order
 */
export class AccessListParser {
  #hashes: Uint8Array;
  #writtenBytes = 0;
  /** Of the next line to read. */
  #line = 1;
  /** The beginning of a line whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0);

  /** `fileBytes` is how long the file will be; where it turns out longer the memory grows. */
  constructor(fileBytes: number) {
    // An entry takes 40 digits and a line feed, which only the last may lack.
    const entries = Math.floor((fileBytes + 1) / (INFO_HASH_HEX_CHARACTERS + 1));
    this.#hashes = new Uint8Array(Math.min(entries, ACCESS_LIST_ENTRIES_MAX) * INFO_HASH_BYTES);
  }

  /** Reads every line that ends in this piece. Throws `AccessListError`. */
  add(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    this.#readLines(bytes.subarray(0, end));
    this.#rest = bytes.slice(end);
    if (this.#rest.length > LINE_BYTES_MAX)
      throw lineError(this.#rest, 0, this.#line, `at most ${LINE_BYTES_MAX} bytes in a line`);
  }

  /** Reads the last line and hands out all info hashes. Throws `AccessListError`. */
  finish(): Uint8Array {
    this.#readLines(this.#rest);
    return this.#hashes.subarray(0, this.#writtenBytes);
  }

  #readLines(bytes: Uint8Array): void {
    let at = this.#line === 1 && startsWithByteOrderMark(bytes) ? 3 : 0;
    for (; at < bytes.length; this.#line++) {
      const start = at;
      while (IS_BLANK[bytes[at] ?? 0] === 1) at++;
      if (at < bytes.length && bytes[at] !== LINE_FEED && bytes[at] !== HASH_SIGN) {
        this.#readEntry(bytes, start, at);
        at += INFO_HASH_HEX_CHARACTERS;
        while (IS_BLANK[bytes[at] ?? 0] === 1) at++;
      }
      if (bytes[at] === HASH_SIGN) at = endOfLine(bytes, at);
      if (at < bytes.length && bytes[at] !== LINE_FEED)
        throw notAnInfoHash(bytes, start, this.#line);
      at++;
    }
  }

  /** Reads the info hash at `at`, on the line that begins at `start`. */
  #readEntry(bytes: Uint8Array, start: number, at: number): void {
    const written = this.#writtenBytes;
    if (written === ACCESS_LIST_ENTRIES_MAX * INFO_HASH_BYTES)
      throw lineError(bytes, start, this.#line, `at most ${ACCESS_LIST_ENTRIES_MAX} entries`);
    if (written === this.#hashes.length) {
      const larger = new Uint8Array(Math.max(2 * written, INFO_HASH_BYTES));
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    if (!readInfoHash(bytes, at, this.#hashes, written))
      throw notAnInfoHash(bytes, start, this.#line);
    this.#writtenBytes = written + INFO_HASH_BYTES;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function startsWithByteOrderMark(file: Uint8Array): boolean {
  return file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf;
}

/** Reads 40 digits into 20 bytes; false where one is missing or not a digit. */
function readInfoHash(file: Uint8Array, from: number, hashes: Uint8Array, to: number): boolean {
  if (from + INFO_HASH_HEX_CHARACTERS > file.length) return false;
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
