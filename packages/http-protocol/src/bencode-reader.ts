/**
 * Bencode (BEP 3) → values, for the client side: tests, load testers, the `announce` and `scrape` commands. Strings
 * stay bytes. Strict about form (no leading zeros, no bytes behind the value) but not about the order of keys,
 * which other trackers do not always keep. Depth and size are bounded by constants and by the input.
 */

/** A bencoded value. Keys of dictionaries are Latin-1 texts, one character a byte, as they may be info hashes. */
export type BencodeValue = number | Uint8Array | BencodeValue[] | Map<string, BencodeValue>;

/** How deep lists and dictionaries may be nested; tracker answers need 3. */
export const BENCODE_DEPTH_MAX = 16;

/** Says what is wrong with a bencoded text, and at which byte. */
export class BencodeError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = "BencodeError";
    this.offset = offset;
  }
}

/** Reads one value that fills `bytes`. Throws `BencodeError`. */
export function readBencode(bytes: Uint8Array): BencodeValue {
  const reader = new Reader(bytes);
  const value = reader.readValue(0);
  if (reader.offset !== bytes.length)
    throw new BencodeError("There are bytes behind the value", reader.offset);
  return value;
}

/** The bytes of a Latin-1 text: what a dictionary's key was before. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as a Latin-1 text. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

class Reader {
  offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  readValue(depth: number): BencodeValue {
    const start = this.offset;
    const first = this.#bytes[start];
    if (depth > BENCODE_DEPTH_MAX) throw new BencodeError("Values are nested too deep", start);
    if (first === 0x69) return this.#readInteger();
    if (first === 0x6c) return this.#readList(depth);
    if (first === 0x64) return this.#readDictionary(depth);
    return this.#readString();
  }

  #readList(depth: number): BencodeValue[] {
    const items: BencodeValue[] = [];
    this.offset++;
    while (!this.#takeEnd()) items.push(this.readValue(depth + 1));
    return items;
  }

  #readDictionary(depth: number): Map<string, BencodeValue> {
    const entries = new Map<string, BencodeValue>();
    this.offset++;
    while (!this.#takeEnd()) {
      const keyOffset = this.offset;
      const key = latin1Text(this.#readString());
      if (entries.has(key)) throw new BencodeError("A key is there twice", keyOffset);
      entries.set(key, this.readValue(depth + 1));
    }
    return entries;
  }

  #readInteger(): number {
    const start = this.offset;
    this.offset++;
    const isNegative = this.#bytes[this.offset] === 0x2d;
    if (isNegative) this.offset++;
    const value = this.#readDigits(0x65);
    if (isNegative && value === 0) throw new BencodeError("Minus zero is not an integer", start);
    return isNegative ? -value : value;
  }

  #readString(): Uint8Array {
    const start = this.offset;
    const length = this.#readDigits(0x3a);
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new BencodeError("A string is cut off", start);
    const value = this.#bytes.slice(this.offset, end);
    this.offset = end;
    return value;
  }

  /** Digits without leading zeros up to the byte that ends them. */
  #readDigits(endByte: number): number {
    const start = this.offset;
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.offset];
      if (byte === endByte) break;
      if (byte === undefined || byte < 0x30 || byte > 0x39)
        throw new BencodeError("A digit was expected", this.offset);
      value = value * 10 + (byte - 0x30);
      if (value > Number.MAX_SAFE_INTEGER) throw new BencodeError("A number is too large", start);
      this.offset++;
    }
    const digits = this.offset - start;
    if (digits === 0) throw new BencodeError("A digit was expected", start);
    if (digits > 1 && this.#bytes[start] === 0x30)
      throw new BencodeError("A number begins with a zero", start);
    this.offset++;
    return value;
  }

  #takeEnd(): boolean {
    const byte = this.#bytes[this.offset];
    if (byte === undefined) throw new BencodeError("A list or dictionary is cut off", this.offset);
    if (byte !== 0x65) return false;
    this.offset++;
    return true;
  }
}
