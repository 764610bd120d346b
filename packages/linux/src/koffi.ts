/**
 * koffi as the four functions of foreign-library.ts: everything this package knows about it. Loaded by `foreignLibrary` on first use.
 *
 * Pointers travel as plain JavaScript numbers: user space ends below 2^47, far inside the exact integers. Of all forms
 * koffi takes (Buffer, BigInt, number) a number declared `uintptr_t` is the cheapest, see `bench/calls.bench.ts`.
 */
import { createRequire } from "node:module";
import type { ForeignFunction, ForeignLibrary, ForeignType } from "./foreign-library.ts";

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

/** Throws what koffi throws where it has no binary for this platform. */
export function openKoffi(): ForeignLibrary {
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
