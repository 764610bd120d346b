/**
 * Memory that the kernel reads and writes: an ordinary ArrayBuffer together with its address. V8 never moves the
 * backing store of an ArrayBuffer, so the address holds for as long as the buffer is reachable, unresized and not
 * transferred: keep the object alive and never put its buffer into a transfer list.
 *
 * Used by every class of this package that owns memory, and by callers of `receiveBytes` and `sendBytes`.
 */
import { foreignLibrary } from "./ffi.ts";

/** Size of a cache line on every processor supported here. */
const CACHE_LINE_BYTES = 64;

const WORD_RANGE = 2 ** 32;

/** A zeroed block that starts on a cache line. */
export class NativeMemory {
  readonly bytes: Uint8Array;
  /** The same memory as 32-bit words (little endian, like every machine supported here). */
  readonly words: Int32Array;
  /** Address of the first byte. */
  readonly address: number;

  /** `lengthBytes` is rounded up to whole cache lines. */
  constructor(lengthBytes: number) {
    const length = roundUpToCacheLine(lengthBytes);
    const buffer = new ArrayBuffer(length + CACHE_LINE_BYTES);
    const start = foreignLibrary().addressOf(new Uint8Array(buffer));
    const padding = (CACHE_LINE_BYTES - (start % CACHE_LINE_BYTES)) % CACHE_LINE_BYTES;
    this.bytes = new Uint8Array(buffer, padding, length);
    this.words = new Int32Array(buffer, padding, length / 4);
    this.address = start + padding;
  }
}

/** The next multiple of 64. */
export function roundUpToCacheLine(lengthBytes: number): number {
  return Math.ceil(lengthBytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
}

/** Stores a 64-bit address at a word index. */
export function storeAddress(words: Int32Array, wordIndex: number, address: number): void {
  words[wordIndex] = address % WORD_RANGE;
  words[wordIndex + 1] = Math.floor(address / WORD_RANGE);
}
