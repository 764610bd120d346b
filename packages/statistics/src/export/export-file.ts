/**
 * A file that appears whole or not at all: lines are gathered, compressed a part at a time and written to a temporary file
 * next to it, which takes its name at the end (rename(2)). Used by the thread that walks the torrents, which has no event
 * loop: every call blocks. Parts of gzip and zstd that follow one another are one file to every reader (RFC 1952 §2.2,
 * RFC 8878 §3).
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import * as zlib from "node:zlib";
import { TEMPORARY_FILE_FLAGS, temporaryPathFor } from "@swarmtide/runtime";

/** As much as is compressed and written at once. */
const PART_BYTES = 2 ** 20;
/** The longest line is less. */
const LINE_BYTES_MAX = 128;

export type ExportCompression = "none" | "gzip" | "zstd";

type Compress = (bytes: Uint8Array) => Uint8Array;

const COMPRESS: Readonly<Record<ExportCompression, Compress | undefined>> = {
  none: (bytes) => bytes,
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  // Since Node 22.15.
  zstd: Reflect.get(zlib, "zstdCompressSync") as Compress | undefined,
};

/** Whether this Node can compress so. */
export const canCompress = (compression: ExportCompression): boolean =>
  COMPRESS[compression] !== undefined;

export class ExportFile {
  readonly #path: string;
  readonly #temporaryPath: string;
  readonly #compress: Compress;
  readonly #fd: number;
  readonly #part = Buffer.allocUnsafe(PART_BYTES + LINE_BYTES_MAX);
  #length = 0;

  /** Throws the error of open(2). */
  constructor(path: string, compression: ExportCompression) {
    this.#path = path;
    this.#temporaryPath = temporaryPathFor(path);
    this.#compress = COMPRESS[compression] ?? ((bytes) => bytes);
    this.#fd = openSync(this.#temporaryPath, TEMPORARY_FILE_FLAGS, 0o644);
  }

  /** A line of ASCII without its end, shorter than 128 bytes. */
  line(text: string): void {
    this.#length += this.#part.write(text, this.#length, "latin1");
    this.#part[this.#length++] = 0x0a;
    if (this.#length >= PART_BYTES) this.#flush();
  }

  /** Gives the file its name. */
  finish(): void {
    this.#flush();
    closeSync(this.#fd);
    renameSync(this.#temporaryPath, this.#path);
  }

  /** Leaves nothing behind. */
  abandon(): void {
    closeSync(this.#fd);
    rmSync(this.#temporaryPath, { force: true });
  }

  #flush(): void {
    const bytes = this.#compress(this.#part.subarray(0, this.#length));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#length = 0;
  }
}
