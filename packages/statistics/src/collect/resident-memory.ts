/**
 * The resident memory of the process. On Linux read from /proc/self/status (proc(5)), through a descriptor that is opened
 * before a chroot hides the file: `process.memoryUsage()` throws there. Main thread.
 */
import { closeSync, openSync, readSync } from "node:fs";

const STATUS_BYTES_MAX = 8192;
const KIB = 1024;

export class ResidentMemory {
  readonly #fd: number | undefined;
  readonly #bytes = Buffer.alloc(STATUS_BYTES_MAX);

  constructor(path = "/proc/self/status") {
    this.#fd = openIfThere(path);
  }

  /** Bytes; 0 where this system does not tell. */
  read(): number {
    try {
      if (this.#fd === undefined) return process.memoryUsage.rss();
      const length = readSync(this.#fd, this.#bytes, 0, STATUS_BYTES_MAX, 0);
      const text = this.#bytes.toString("latin1", 0, length);
      const [, kibibytes = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
      return Number(kibibytes) * KIB;
    } catch {
      return 0;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}
