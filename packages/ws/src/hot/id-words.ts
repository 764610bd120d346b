/**
 * Twenty bytes as five words: how the tables here keep, compare and hash info hashes, peer ids and offer ids.
 *
 * Pure functions over the caller's memory; a word holds its first byte in its lowest eight bits.
 */
import { mixWord } from "./hash-index.ts";

/** Words of an id. */
export const ID_WORDS = 5;

/** The four bytes at `at` as a word. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The hash of the 20 bytes at `at`, starting from a secret. */
export function hashId(secret: number, bytes: Uint8Array, at: number): number {
  let hash = secret;
  for (let word = 0; word < ID_WORDS; word++) hash = mixWord(hash, wordAt(bytes, at + 4 * word));
  return hash;
}

/** Five words that stay. */
export class IdWords {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly w4: number;

  constructor(bytes: Uint8Array, at: number) {
    this.w0 = wordAt(bytes, at);
    this.w1 = wordAt(bytes, at + 4);
    this.w2 = wordAt(bytes, at + 8);
    this.w3 = wordAt(bytes, at + 12);
    this.w4 = wordAt(bytes, at + 16);
  }

  /** Whether the 20 bytes at `at` are these. */
  equals(bytes: Uint8Array, at: number): boolean {
    return (
      this.w0 === wordAt(bytes, at) &&
      this.w1 === wordAt(bytes, at + 4) &&
      this.w2 === wordAt(bytes, at + 8) &&
      this.w3 === wordAt(bytes, at + 12) &&
      this.w4 === wordAt(bytes, at + 16)
    );
  }

  isSame(other: IdWords): boolean {
    return (
      this.w0 === other.w0 &&
      this.w1 === other.w1 &&
      this.w2 === other.w2 &&
      this.w3 === other.w3 &&
      this.w4 === other.w4
    );
  }

  /** The same hash as `hashId` gives for the bytes. */
  hash(secret: number): number {
    let hash = mixWord(secret, this.w0);
    hash = mixWord(hash, this.w1);
    hash = mixWord(hash, this.w2);
    hash = mixWord(hash, this.w3);
    return mixWord(hash, this.w4);
  }

  /** Writes the 20 bytes. */
  write(out: Uint8Array, at: number): void {
    writeWord(out, at, this.w0);
    writeWord(out, at + 4, this.w1);
    writeWord(out, at + 8, this.w2);
    writeWord(out, at + 12, this.w3);
    writeWord(out, at + 16, this.w4);
  }
}

function writeWord(out: Uint8Array, at: number, word: number): void {
  out[at] = word;
  out[at + 1] = word >>> 8;
  out[at + 2] = word >>> 16;
  out[at + 3] = word >>> 24;
}
