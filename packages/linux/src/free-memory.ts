/**
 * Memory that the C library keeps although nobody uses it: malloc_trim(3), of glibc only.
 *
 * glibc returns memory to the kernel only from the end of each of its arenas, where one block in use keeps everything in
 * front of it. After many connections over TLS, whose state OpenSSL allocates in small blocks, that is nearly all.
 */
import { foreignLibrary } from "./ffi.ts";
import type { ForeignFunction } from "./foreign-library.ts";
import { linuxSupported } from "./libc.ts";

let mallocTrim: ForeignFunction | undefined;
let isLookedUp = false;

/**
 * Gives the free pages of the whole process back to the kernel. False where the C library cannot. Other threads wait
 * while the arena they allocate from is searched.
 */
export function trimFreeMemory(): boolean {
  if (!isLookedUp) mallocTrim = findMallocTrim();
  isLookedUp = true;
  mallocTrim?.(0);
  return mallocTrim !== undefined;
}

function findMallocTrim(): ForeignFunction | undefined {
  if (!linuxSupported()) return undefined;
  try {
    return foreignLibrary().bind("malloc_trim", "int", ["word"]);
  } catch {
    // musl has no such function.
    return undefined;
  }
}
