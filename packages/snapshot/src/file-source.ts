/** Bytes of a file, for the reader of snapshots. The caller closes the file. */
import { fstatSync, readSync } from "node:fs";
import type { ByteSource } from "./reader.ts";

/** Reads an open file; its size is that of now. */
export function fileSource(file: number): ByteSource {
  return {
    size: fstatSync(file).size,
    read(at, target) {
      let read = 0;
      while (read < target.length) {
        const bytes = readSync(file, target, read, target.length - read, at + read);
        if (bytes === 0) break;
        read += bytes;
      }
      return read;
    },
  };
}
