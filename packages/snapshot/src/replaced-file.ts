/**
 * A file that is replaced as a whole or not at all: written beside its place, synced, renamed, and the folder synced. Whatever
 * fails or ends the process before the rename leaves the former file as it was. Called by the writer of snapshots, on its thread.
 *
 * rename(2) replaces a file in one step; fsync(2) says why the folder is synced too: without it a power cut may undo the
 * rename.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { TEMPORARY_FILE_FLAGS, temporaryPathFor } from "@swarmtide/runtime";

/** The system calls it takes. Tests put calls that fail in their place. */
export interface FileCalls {
  open(path: string, flags: number, mode: number): number;
  write(file: number, bytes: Uint8Array): number;
  fdatasync(file: number): void;
  fsync(file: number): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
}

export const nodeFileCalls: FileCalls = {
  open: openSync,
  write: (file, bytes) => writeSync(file, bytes),
  fdatasync: fdatasyncSync,
  fsync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  unlink: unlinkSync,
};

/** After so many bytes the disk is waited for: dirty pages would pile up until the last fsync and slow others down. */
const BYTES_PER_SYNC = 8 * 2 ** 20;
/** Addresses of peers are nobody else's business. */
const MODE = 0o640;
const { O_DIRECTORY, O_RDONLY } = constants;

export class ReplacedFile {
  readonly path: string;
  /** Where it is written; left behind only by a process that was killed, and removed by the next one. */
  readonly temporaryPath: string;
  bytesWritten = 0;
  readonly #calls: FileCalls;
  #file: number | undefined;
  #bytesSynced = 0;

  /** Opens the temporary file. Throws what the system says. */
  constructor(path: string, calls: FileCalls = nodeFileCalls) {
    this.path = path;
    this.temporaryPath = temporaryPathFor(path);
    this.#calls = calls;
    this.#file = calls.open(this.temporaryPath, TEMPORARY_FILE_FLAGS, MODE);
  }

  write(bytes: Uint8Array): void {
    const file = this.#opened();
    for (let at = 0; at < bytes.length; )
      at += this.#calls.write(file, at === 0 ? bytes : bytes.subarray(at));
    this.bytesWritten += bytes.length;
    if (this.bytesWritten - this.#bytesSynced < BYTES_PER_SYNC) return;
    this.#calls.fdatasync(file);
    this.#bytesSynced = this.bytesWritten;
  }

  /** Puts it in its place. Once this returns it is there after a power cut too. */
  replace(): void {
    this.#calls.fsync(this.#opened());
    this.#close();
    this.#calls.rename(this.temporaryPath, this.path);
    const folder = this.#calls.open(dirname(this.path), O_RDONLY | O_DIRECTORY, 0);
    try {
      this.#calls.fsync(folder);
    } finally {
      this.#calls.close(folder);
    }
  }

  /** Gives it up. The former file stays. */
  abandon(): void {
    try {
      if (this.#file !== undefined) this.#close();
      this.#calls.unlink(this.temporaryPath);
    } catch {
      // Nobody can do more about it; the next process removes it.
    }
  }

  #opened(): number {
    if (this.#file === undefined) throw new Error(`${this.temporaryPath} is closed`);
    return this.#file;
  }

  #close(): void {
    const file = this.#opened();
    this.#file = undefined;
    this.#calls.close(file);
  }
}
