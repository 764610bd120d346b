/**
 * Memory for the messages that a thread receives, within reach of WebAssembly: there, masks are taken off and offers are
 * passed over sixteen bytes at a time (vector-scan.wat).
 *
 * One per thread, made when it is first asked for. Sockets are read into its first part; a message that lies elsewhere,
 * because it came in pieces, is copied to the second while a request is read from it. Where WebAssembly has no vectors (a
 * processor without SSE 4.1, an engine without the feature, no address space) it is memory like any other, and the code
 * in TypeScript does all the work.
 *
 * | bytes          | what                                                        |
 * |----------------|-------------------------------------------------------------|
 * | 0–65535        | what the vector code reports about the offers it has passed      |
 * | 65536–131071   | read from a socket                                          |
 * | 131072–327615  | a message copied here                                       |
 * | 327616–327679  | nothing: vectors may read past the end of a message         |
 */
import { VECTOR_SCAN_MODULE } from "./hot/vector-scan-module.ts";

const MEMORY_BYTES = 5 * 65_536;
/** Where sockets are read to, and how much at once: as much as libuv reads. */
export const READ_AT = 65_536;
export const READ_BYTES = 65_536;
/** Where a message is copied to, and the longest that has room. */
export const COPY_AT = 131_072;
export const COPY_BYTES_MAX: number = MEMORY_BYTES - COPY_AT - 64;
/** The word that says how many offers were passed, and the first of their ranges. */
export const OFFER_COUNT_WORD = 0;
export const OFFER_RANGES_WORD = 4;

/** What vector-scan.wat exports; positions are those of `MessageMemory.bytes`. */
export interface VectorScan {
  readonly memory: { readonly buffer: ArrayBuffer };
  unmask(start: number, end: number, key: number): void;
  offers(start: number, end: number, room: number): number;
}

export class MessageMemory {
  readonly bytes: Uint8Array;
  /** The part that sockets are read into. */
  readonly readBytes: Uint8Array;
  readonly words: Int32Array;
  /** Undefined where WebAssembly has no vectors. */
  readonly scan: VectorScan | undefined;

  constructor(scan: VectorScan | undefined) {
    const memory = scan?.memory.buffer ?? new ArrayBuffer(MEMORY_BYTES);
    this.bytes = new Uint8Array(memory);
    this.readBytes = this.bytes.subarray(READ_AT, READ_AT + READ_BYTES);
    this.words = new Int32Array(memory);
    this.scan = scan;
  }
}

/** The thread's memory, once it was asked for. */
export let threadMemory: MessageMemory | undefined;

/** The memory of this thread. */
export function messageMemory(): MessageMemory {
  threadMemory ??= new MessageMemory(makeVectorScan());
  return threadMemory;
}

/** The part of WebAssembly's interface that is used here; TypeScript knows it of browsers only. */
interface WebAssemblyParts {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** The vector code, or undefined where it does not run. */
export function makeVectorScan(): VectorScan | undefined {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyParts };
  const text = atob(VECTOR_SCAN_MODULE);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(index);
  if (WebAssembly?.validate(bytes) !== true) return undefined;
  // A process whose address space is limited has no room for WebAssembly's guard pages.
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as VectorScan;
  } catch {
    return undefined;
  }
}
