/**
 * Takes the mask off a WebSocket payload in place (RFC 6455, section 5.3), 128 bits at a time in the thread's
 * `MessageMemory`, 32 elsewhere.
 *
 * Called by the message reader for every frame a client sends, and by clients to put the mask on (the same
 * operation). The bytes belong to the caller. Budget: about 0.3 ns a byte for long payloads (bench/requests.bench.ts).
 */
import { threadMemory } from "../message-memory.ts";

/** Below this many bytes the plain loop wins over lining up words. */
const WORDS_PAY_BYTES = 48;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/**
 * The words of the memory seen last. One chunk from a socket usually holds several frames, and a frame many strings,
 * so that one view serves them all; the view's making is the only allocation here.
 */
let bytesOfLast: Uint8Array = NO_BYTES;
let wordsOfLast: Int32Array = NO_WORDS;

/** The memory under `bytes` as 32-bit words, whole ones only; kept until other bytes are asked for. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  // Comparing the views first saves asking for the buffer, which is a call (30 % of the scanner's time).
  if (bytes === bytesOfLast) return wordsOfLast;
  const memory = bytes.buffer;
  if (wordsOfLast.buffer !== memory)
    wordsOfLast = new Int32Array(memory, 0, memory.byteLength >>> 2); // hot-allow: sockets are read into one memory
  bytesOfLast = bytes;
  return wordsOfLast;
}

/** Lets go of the memory that the cached view holds; for tests and for a worker that goes idle. */
export function forgetUnmaskedMemory(): void {
  bytesOfLast = NO_BYTES;
  wordsOfLast = NO_WORDS;
}

/**
 * XORs `length` bytes from `offset` with the mask.
 *
 * `key` holds the mask's four bytes, the first in the lowest eight bits.
 */
export function unmask(bytes: Uint8Array, offset: number, length: number, key: number): void {
  const end = offset + length;
  let position = offset;
  if (length >= WORDS_PAY_BYTES) {
    if (bytes === threadMemory?.bytes && threadMemory.scan !== undefined) {
      threadMemory.scan.unmask(offset, end, key);
      return;
    }
    // A whole number of words lies between the first and the last aligned byte; the key turns with the start.
    while (((bytes.byteOffset + position) & 3) !== 0) {
      bytes[position] ^= key;
      key = (key >>> 8) | (key << 24);
      position++;
    }
    const words = wordsOf(bytes);
    let word = (bytes.byteOffset + position) >>> 2;
    const wordEnd = (bytes.byteOffset + end) >>> 2;
    position += (wordEnd - word) << 2;
    for (; word < wordEnd; word++) words[word] ^= key;
  }
  while (position < end) {
    bytes[position] ^= key;
    key = (key >>> 8) | (key << 24);
    position++;
  }
}
