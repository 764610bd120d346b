/**
 * Accepts the connections that wait on a listener, with the addresses they come from: accept4(2) in a loop over
 * memory allocated once. One object per worker thread, which owns it.
 *
 * An accept4 that finds nobody costs the kernel 3.7 µs (it makes the socket first), so the loop does not run into
 * -EAGAIN: tcp_info, 0.4 µs, says how many wait (tcp(7); word 6, tcpi_unacked, of a listener is its accept queue).
 *
 * The descriptors are non-blocking and close on exec. TCP_NODELAY is inherited from the listener (`openTcpListener`).
 */
import { EAGAIN, ECONNABORTED, EINTR, EPROTO } from "../errno.ts";
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { AF_INET, type IpFamily, socketAddressBytes } from "../socket-address.ts";
import { SOURCE_BYTES } from "./message-table.ts";
import { sourceAddressAt, sourceFamily } from "./source-address.ts";

const ACCEPT_FLAGS = 0o4000 | 0o2000000; // SOCK_NONBLOCK, SOCK_CLOEXEC
const SOURCE_WORDS = SOURCE_BYTES / 4;
const SOCKADDR_BYTES_MAX = socketAddressBytes(6);

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_INFO_BYTES = 32;
const TCP_INFO_UNACKED_WORD = 6;
const LENGTH_WORD = 8;
/** What the kernel writes of the client of a unix socket: sun_family alone (unix(7)). */
const UNIX_ADDRESS_BYTES = 2;

export class AcceptBatch {
  readonly batchSize: number;
  /** After `accept`: descriptor of connection i. */
  readonly fds: Int32Array;
  /** @internal After `accept`: sockaddr_in or sockaddr_in6 of the peer of connection i at i × SOURCE_BYTES. */
  readonly sourceBytes: Uint8Array;
  /** The same memory as `sourceBytes` in 32-bit words: addresses stand where `addressAt` says. */
  readonly sourceWords: Int32Array;
  private readonly sourcesAddress: number;
  /** Words 0–7: start of tcp_info. Word 8: the length of an address or of tcp_info, which the kernel overwrites. */
  private readonly scratch = new NativeMemory(64);
  private readonly lengthAddress = this.scratch.address + LENGTH_WORD * 4;
  private readonly getsockopt = libc().getsockopt;
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

  /** After `accept`: the word of `sourceWords` at which the peer's address begins, 1 word of IPv4 or 4 of IPv6. */
  addressAt(index: number): number {
    return sourceAddressAt(this.sourceWords, index * SOURCE_WORDS);
  }

  /** The family of that address: 4 for an IPv4 client of an IPv6 listener, too. */
  familyAt(index: number): IpFamily {
    return sourceFamily(this.sourceWords, index * SOURCE_WORDS);
  }

  /**
   * Accepts what waits, without blocking: 1 to `batchSize` connections, or a negative errno when there is none:
   * -EAGAIN nobody waits, -EMFILE or -ENFILE out of descriptors (the connection stays in the queue, so the listener
   * stays readable: stop watching it for a while). Connections that were gone before they were accepted are skipped.
   * Call it when a poller reports the listener: without anybody waiting it is dear.
   */
  accept(listenerFd: number): number {
    let count = 0;
    for (let attempt = this.attempts(listenerFd); attempt > 0; attempt--) {
      this.scratch.words[LENGTH_WORD] = SOCKADDR_BYTES_MAX;
      const address = this.sourcesAddress + count * SOURCE_BYTES;
      const fd = this.accept4(listenerFd, address, this.lengthAddress, ACCEPT_FLAGS);
      if (fd >= 0) {
        if (this.scratch.words[LENGTH_WORD] === UNIX_ADDRESS_BYTES) this.setNoAddress(count);
        this.fds[count++] = fd;
        continue;
      }
      const errno = this.lastErrno();
      if (errno === ECONNABORTED || errno === EINTR || errno === EPROTO) continue;
      return count > 0 ? count : -errno;
    }
    return count > 0 ? count : -EAGAIN;
  }

  /** The client of a unix socket counts as 0.0.0.0. */
  private setNoAddress(index: number): void {
    this.sourceWords[index * SOURCE_WORDS] = AF_INET;
    this.sourceWords[index * SOURCE_WORDS + 1] = 0;
  }

  /** How many connections wait, at most a batch; 1 where the kernel does not tell, the poller having reported some. */
  private attempts(listenerFd: number): number {
    const { address, words } = this.scratch;
    words[TCP_INFO_UNACKED_WORD] = 0;
    words[LENGTH_WORD] = TCP_INFO_BYTES;
    this.getsockopt(listenerFd, IPPROTO_TCP, TCP_INFO, address, this.lengthAddress);
    return Math.max(1, Math.min(this.batchSize, words[TCP_INFO_UNACKED_WORD]));
  }
}
