/** Bytes in memory in place of a file, for the tests of the reader. */
import type { ByteSource } from "../reader.ts";

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(at, target) {
      const part = bytes.subarray(at, at + target.length);
      target.set(part);
      return part.length;
    },
  };
}
