/**
 * The memory that all sockets of node:net and node:tls of a thread are read into, one after another. What was read into
 * it is valid until the next read: whoever takes it copies what it keeps.
 *
 * A `NetServer` has one with room for the beginning of a request in front; the WebTorrent tracker's lies within the
 * memory that WebAssembly reaches.
 */

export class ReadMemory {
  readonly bytes: Uint8Array;
  /** Where what was read begins in `bytes`. */
  readonly start: number;
  /** The part that is read into. */
  readonly part: Uint8Array;

  /** Reads go to bytes[start, start + length). */
  constructor(bytes: Uint8Array, start: number, length: number) {
    this.bytes = bytes;
    this.start = start;
    this.part = bytes.subarray(start, start + length);
  }

  /** Copies in what was read elsewhere, from `at` on and as far as there is room; returns how many bytes. */
  put(read: Uint8Array, at: number): number {
    const length = Math.min(read.length - at, this.part.length);
    this.part.set(read.subarray(at, at + length));
    return length;
  }
}
