/**
 * Reads a file whose path an operator configured: the configuration itself, an access list, a certificate, a key. The
 * path may lead anywhere, so the file is opened without waiting for a writer (O_NONBLOCK, open(2)), must be a regular
 * file and is read up to a limit. Called by the main thread, at the start and on reload.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";

const MIB = 2 ** 20;
const PIECE_BYTES_MIN = 4096;
/** Files of /proc say that they have no bytes. Some of them never end, so no more is read of a file that says so. */
const UNSIZED_BYTES_MAX = MIB;

/** Why a file cannot be read. `code` is an errno's name, or one of ENOTREGULAR, EFBIG and ECHANGED. */
export class FileReadError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "FileReadError";
    this.code = code;
  }
}

/** The whole file. Throws FileReadError, or Node's own error where it cannot be opened. */
export function readOperatorFile(path: string, bytesMax: number): Buffer {
  const file = OperatorFile.open(path, bytesMax);
  try {
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = file.read(Math.max(file.sizeBytes + 1, PIECE_BYTES_MIN));
      if (piece.length === 0) return Buffer.concat(pieces);
      pieces.push(piece);
    }
  } finally {
    file.close();
  }
}

/** A file that is read piece by piece, for those that would keep the main thread too long. */
export class OperatorFile {
  /** What it said when it was opened; files of /proc say 0. */
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #before: Stats;
  readonly #bytesMax: number;
  #readBytes = 0;

  private constructor(fd: number, before: Stats, bytesMax: number) {
    this.#fd = fd;
    this.#before = before;
    this.sizeBytes = before.size;
    this.#bytesMax = before.size === 0 ? Math.min(bytesMax, UNSIZED_BYTES_MAX) : bytesMax;
  }

  /** Throws FileReadError, or Node's own error where it cannot be opened. */
  static open(path: string, bytesMax: number): OperatorFile {
    // Looked at first: opening a device can do something (a watchdog starts, a tape winds back).
    refuse(statSync(path), bytesMax);
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const before = fstatSync(fd);
      refuse(before, bytesMax);
      return new OperatorFile(fd, before, bytesMax);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** The next bytes, at most so many; none at the end. Throws FileReadError where it is too long or has changed. */
  read(lengthMax: number): Buffer {
    const piece = Buffer.allocUnsafe(lengthMax);
    const length = readSync(this.#fd, piece, 0, lengthMax, null);
    this.#readBytes += length;
    if (this.#readBytes > this.#bytesMax) throw tooLong(this.#bytesMax);
    if (length === 0) this.#refuseChanged();
    return piece.subarray(0, length);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #refuseChanged(): void {
    const after = fstatSync(this.#fd);
    if (after.mtimeMs !== this.#before.mtimeMs || after.size !== this.#before.size)
      throw new FileReadError(
        "ECHANGED",
        "changed while it was read; write a new file and rename it",
      );
  }
}

function refuse(status: Stats, bytesMax: number): void {
  if (status.isDirectory()) throw new FileReadError("EISDIR", "is a folder, expected a file");
  if (!status.isFile())
    throw new FileReadError("ENOTREGULAR", `is ${kindOf(status)}, expected a regular file`);
  if (status.size > bytesMax) throw tooLong(bytesMax);
}

const kindOf = (status: Stats): string => (status.isFIFO() ? "a FIFO" : "a device or socket");

const tooLong = (bytesMax: number) =>
  new FileReadError("EFBIG", `is longer than ${Math.floor(bytesMax / MIB)} MiB`);
