/** What a foreign function library offers here: koffi.ts and node-ffi.ts alike. */

/** C types by meaning: `address` is any pointer as a number, `word` a C `long` or `size_t`. */
export type ForeignType = "int" | "word" | "address";

/** A C function whose arguments and result all are numbers. */
export type ForeignFunction = (...values: number[]) => number;

export interface ForeignLibrary {
  /** Finds a symbol of the running process and describes its C signature. Throws when it does not exist. */
  bind(symbol: string, result: ForeignType, parameters: readonly ForeignType[]): ForeignFunction;
  /** errno as the last call of this thread left it. Valid only right after a failed call. */
  lastErrno(): number;
  /** Address of the first byte of a view over an ArrayBuffer or SharedArrayBuffer; 0 for an empty one. */
  addressOf(view: ArrayBufferView): number;
  /** Memory that the kernel mapped, as a buffer. It must stay mapped for as long as anybody has the buffer. */
  bufferAt(address: number, lengthBytes: number): ArrayBuffer;
}
