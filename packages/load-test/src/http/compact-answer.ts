/**
 * Reads the answer to an announce where it has the form that trackers use: a dictionary of integers and texts with its keys in
 * order, peers as one text. Anything else is left to the reader of `@swarmtide/http-protocol`, which makes an object of every
 * value and takes ten times as long. Called for each answer; a load allocates nothing here. BEP 3, 23.
 */
const LETTER_D = 0x64;
const LETTER_E = 0x65;
const LETTER_I = 0x69;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const KEY_BYTES_MAX = 64;

const asciiOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const INTERVAL = asciiOf("interval");
const PEERS = asciiOf("peers");
const FAILURE_REASON = asciiOf("failure reason");
const PEERS_6 = asciiOf("peers6");

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte < ZERO + 10;

export class CompactAnswer {
  /** Where the peers lie in what was read last: none where both are equal. */
  peersStart = 0;
  peersEnd = 0;
  /** Where the last text or number ended. */
  #at = 0;
  /** Where the text read last begins. */
  #textStart = 0;

  /** Whether `bytes` is such an answer, whole. */
  read(bytes: Uint8Array): boolean {
    const end = bytes.length - 1;
    if (end < 1 || bytes[0] !== LETTER_D || bytes[end] !== LETTER_E) return false;
    this.#at = 1;
    this.peersStart = 0;
    this.peersEnd = 0;
    let hasInterval = false;
    let keyStart = 0;
    let keyEnd = 0;
    while (this.#at < end) {
      if (!this.#readText(bytes, end) || this.#at - this.#textStart > KEY_BYTES_MAX) return false;
      const start = this.#textStart;
      if (keyEnd > 0 && !isBefore(bytes, keyStart, keyEnd, start, this.#at)) return false;
      keyStart = start;
      keyEnd = this.#at;
      if (is(bytes, keyStart, keyEnd, FAILURE_REASON)) return false;
      if (bytes[this.#at] === LETTER_I) {
        if (!this.#readInteger(bytes, end)) return false;
        if (is(bytes, keyStart, keyEnd, INTERVAL)) hasInterval = true;
      } else if (!this.#readText(bytes, end)) return false;
      else if (is(bytes, keyStart, keyEnd, PEERS_6)) {
        if (this.#at > this.#textStart) return false;
      } else if (is(bytes, keyStart, keyEnd, PEERS)) {
        this.peersStart = this.#textStart;
        this.peersEnd = this.#at;
      }
    }
    return this.#at === end && hasInterval && (this.peersEnd - this.peersStart) % 6 === 0;
  }

  /** A text such as `5:peers`: its bytes are from #textStart to #at. */
  #readText(bytes: Uint8Array, end: number): boolean {
    let at = this.#at;
    let length = 0;
    if (bytes[at] === ZERO && bytes[at + 1] !== COLON) return false;
    for (; at < end && isDigit(bytes[at]); at++) length = length * 10 + (bytes[at] ?? 0) - ZERO;
    if (at === this.#at || bytes[at] !== COLON || length > end - at - 1) return false;
    this.#textStart = at + 1;
    this.#at = at + 1 + length;
    return true;
  }

  /** An integer such as `i900e`. */
  #readInteger(bytes: Uint8Array, end: number): boolean {
    let at = this.#at + 1;
    if (bytes[at] === MINUS && bytes[++at] === ZERO) return false;
    if (!isDigit(bytes[at]) || (bytes[at] === ZERO && isDigit(bytes[at + 1]))) return false;
    while (at < end && isDigit(bytes[at])) at++;
    if (at >= end || bytes[at] !== LETTER_E) return false;
    this.#at = at + 1;
    return true;
  }
}

function is(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++)
    if (bytes[start + index] !== text[index]) return false;
  return true;
}

/** Whether the first text comes before the second one in the order of bytes. */
function isBefore(bytes: Uint8Array, start: number, end: number, next: number, nextEnd: number) {
  const shared = Math.min(end - start, nextEnd - next);
  for (let index = 0; index < shared; index++) {
    const difference = (bytes[start + index] ?? 0) - (bytes[next + index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return end - start < nextEnd - next;
}
