/**
 * Accepts the connections that wait on a listener, with the addresses they come from: accept4(2) in a loop over
 * memory allocated once. One object per worker thread, which owns it.
 *
 * The descriptors are non-blocking and close on exec. TCP_NODELAY is inherited from the listener (`openTcpListener`).
 */
import { EAGAIN, ECONNABORTED, EINTR, EPROTO } from "../errno.ts";
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";

const ACCEPT_FLAGS = 0o4000 | 0o2000000; // SOCK_NONBLOCK, SOCK_CLOEXEC
const SOURCE_BYTES = 32;
const SOCKADDR_IN6_BYTES = 28;

export class AcceptBatch {
  readonly batchSize: number;
  /** After `accept`: descriptor of connection i. */
  readonly fds: Int32Array;
  /** After `accept`: sockaddr_in or sockaddr_in6 of the peer of connection i at i × sourceStride. */
  readonly sourceBytes: Uint8Array;
  /** The same memory as `sourceBytes` in 32-bit words. */
  readonly sourceWords: Int32Array;
  readonly sourceStride = SOURCE_BYTES;
  private readonly sourcesAddress: number;
  /** The length of the address, which the kernel overwrites. */
  private readonly length = new NativeMemory(4);
  private readonly accept4 = libc().accept4;
  private readonly lastErrno = foreignLibrary().lastErrno;

  /** `batchSize` is the most that one call accepts. */
  constructor(batchSize: number) {
    this.batchSize = batchSize;
    this.fds = new Int32Array(batchSize);
    const sources = new NativeMemory(batchSize * SOURCE_BYTES);
    this.sourceBytes = sources.bytes;
    this.sourceWords = sources.words;
    this.sourcesAddress = sources.address;
  }

  /**
   * Accepts what waits, without blocking: 1 to `batchSize` connections, or a negative errno when there is none:
   * -EAGAIN nobody waits, -EMFILE or -ENFILE out of descriptors (the connection stays in the queue, so the listener
   * stays readable: stop watching it for a while). Connections that were gone before they were accepted are skipped.
   */
  accept(listenerFd: number): number {
    let count = 0;
    // Twice the batch bounds the time spent on connections that are gone already.
    for (let attempt = this.batchSize * 2; attempt > 0 && count < this.batchSize; attempt--) {
      this.length.words[0] = SOCKADDR_IN6_BYTES;
      const address = this.sourcesAddress + count * SOURCE_BYTES;
      const fd = this.accept4(listenerFd, address, this.length.address, ACCEPT_FLAGS);
      if (fd >= 0) {
        this.fds[count++] = fd;
        continue;
      }
      const errno = this.lastErrno();
      if (errno === ECONNABORTED || errno === EINTR || errno === EPROTO) continue;
      return count > 0 ? count : -errno;
    }
    return count > 0 ? count : -EAGAIN;
  }
}
