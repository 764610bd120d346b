/**
 * The seam to the foreign function library: everything this package knows about koffi stands in this file, so that
 * another library (bun:ffi, node:ffi) can take its place by offering the same four functions.
 *
 * Called by `libc.ts` once per thread and by whoever needs the address of a buffer. koffi is loaded on first use, so
 * importing this package on another platform costs and breaks nothing.
 *
 * Pointers travel as plain JavaScript numbers: user space ends below 2^47, far inside the exact integers. Of all forms
 * koffi takes (Buffer, BigInt, number) a number declared `uintptr_t` is the cheapest, see `bench/ffi-call.bench.ts`.
 */
import { createRequire } from "node:module";

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

/** What is used of koffi, declared by hand: its own types are all `any`. */
interface Koffi {
  load(path: string | null): {
    func(name: string, result: string, parameters: readonly string[]): ForeignFunction;
  };
  errno(): number;
  address(value: ArrayBufferView): bigint;
  view(address: number, lengthBytes: number): ArrayBuffer;
}

const KOFFI_TYPE: Readonly<Record<ForeignType, string>> = {
  int: "int",
  word: "long",
  address: "uintptr_t",
};

/** Tried in turn: the process itself (Node links libc dynamically nearly everywhere), then the names libc goes by. */
const LIBC_NAMES = [null, "libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"] as const;

let library: ForeignLibrary | undefined;

/** The library of this thread. Throws what koffi throws when it has no binary for this platform. */
export function foreignLibrary(): ForeignLibrary {
  library ??= openForeignLibrary();
  return library;
}

function openForeignLibrary(): ForeignLibrary {
  const koffi: Koffi = createRequire(import.meta.url)("koffi");
  return {
    bind: openLibc(koffi),
    lastErrno: koffi.errno,
    addressOf: (view) => Number(koffi.address(view)),
    bufferAt: (address, lengthBytes) => koffi.view(address, lengthBytes),
  };
}

function openLibc(koffi: Koffi): ForeignLibrary["bind"] {
  let failure: unknown;
  for (const name of LIBC_NAMES) {
    try {
      const libc = koffi.load(name);
      libc.func("syscall", "long", []); // Throws in a process without libc, such as a static one.
      return (symbol, result, parameters) =>
        libc.func(
          symbol,
          KOFFI_TYPE[result],
          parameters.map((parameter) => KOFFI_TYPE[parameter]),
        );
    } catch (error) {
      failure = error;
    }
  }
  throw new Error("No C library was found in this process", { cause: failure });
}
