/**
 * Reads a file whose path an operator configured: the configuration itself, an access list, a certificate, a key. The
 * path may lead anywhere, so the file is opened without waiting for a writer (O_NONBLOCK, open(2)), must be a regular
 * file and is read up to a limit. Called by the main thread, at the start and on reload.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";

const MIB = 2 ** 20;

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
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const before = fstatSync(fd);
    refuse(before, bytesMax);
    const bytes = readUpTo(fd, before.size, bytesMax);
    const after = fstatSync(fd);
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size)
      throw new FileReadError(
        "ECHANGED",
        "changed while it was read; write a new file and rename it",
      );
    return bytes;
  } finally {
    closeSync(fd);
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

/** Files of /proc say that they have no bytes, so the end is where a read finds nothing. */
function readUpTo(fd: number, expectedBytes: number, bytesMax: number): Buffer {
  let bytes = Buffer.allocUnsafe(Math.max(expectedBytes + 1, 4096));
  let length = 0;
  for (;;) {
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length, bytesMax + 1));
    const read = readSync(fd, bytes, length, bytes.length - length, null);
    length += read;
    if (length > bytesMax) throw tooLong(bytesMax);
    if (read === 0) return bytes.subarray(0, length);
  }
}
