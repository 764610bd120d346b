/**
 * A stream that comes in parts, as what `SnapshotReader` reads. Used where another process or node sends its swarms: by the
 * hand-over and by the cluster, each on the thread that it takes them on.
 */
import type { ByteSource } from "./reader.ts";

/** The reader asks for no more than has come. */
export class PartSource implements ByteSource {
  /** Whether the end of the stream is not known yet. */
  isOpen = true;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where in the stream `#bytes` begins. */
  #start = 0;

  get size(): number {
    return this.isOpen ? Number.MAX_SAFE_INTEGER : this.#start + this.#bytes.length;
  }

  /** What has come before is not read again. */
  put(bytes: Uint8Array): void {
    this.#start += this.#bytes.length;
    this.#bytes = bytes;
  }

  read(at: number, target: Uint8Array): number {
    const some = this.#bytes.subarray(at - this.#start, at - this.#start + target.length);
    target.set(some);
    return some.length;
  }
}
