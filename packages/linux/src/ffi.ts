/**
 * The seam to the foreign function library: four functions, which koffi.ts and node-ffi.ts offer alike, so that another library
 * (bun:ffi) can take their place.
 *
 * Called by `libc.ts` once per thread and by whoever needs the address of a buffer. The library is loaded on first use, so
 * importing this package on another platform costs and breaks nothing.
 */
import type { ForeignLibrary } from "./foreign-library.ts";
import { openKoffi } from "./koffi.ts";
import { openNodeFfi } from "./node-ffi.ts";

let library: ForeignLibrary | undefined;

/** A program in one file has no folder that koffi's binary could lie in; its modules have no file's URL. */
const isOneFile = (): boolean => !import.meta.url.startsWith("file:");

/** The name of the library, for the operator. */
export const foreignLibraryName = (): string => (isOneFile() ? "node:ffi" : "koffi");

/** The library of this thread. Throws what it throws where it does not work on this platform. */
export function foreignLibrary(): ForeignLibrary {
  library ??= isOneFile() ? openNodeFfi() : openKoffi();
  return library;
}
