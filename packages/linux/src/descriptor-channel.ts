/**
 * Bytes and open descriptors over a stream between two processes: sendmsg(2) and recvmsg(2) with SCM_RIGHTS (unix(7), cmsg(3)).
 * What is sent is the open socket itself, so that whatever waits in it (datagrams, connections that nobody has accepted) is the
 * receiver's to read. Node can pass descriptors to its own children only. Owned by the main thread; not per packet.
 *
 * struct msghdr, 56 bytes, as 32-bit words: 4 → the iovec, 6 its count, 8 → the control message, 10 its length, 12 flags.
 * struct iovec: word 0 → the data, word 2 its length.
 *
 * Control message (struct cmsghdr and the descriptors)
 *
 * | word | meaning                                    |
 * |-----:|--------------------------------------------|
 * | 0, 1 | length without the padding: 16 + 4 n        |
 * | 2    | SOL_SOCKET                                 |
 * | 3    | SCM_RIGHTS                                 |
 * | 4 …  | n descriptors, padded to 8 bytes           |
 *
 * Descriptor 17 alone: `14 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00 11 00 00 00 00 00 00 00`.
 */
import { EAGAIN, EINTR } from "./errno.ts";
import { foreignLibrary } from "./ffi.ts";
import { ReadinessPoller } from "./hot/readiness-poller.ts";
import { libc } from "./libc.ts";
import { NativeMemory, storeAddress } from "./native-memory.ts";
import { SOL_SOCKET } from "./socket-numbers.ts";
import { closeFd } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";

/** More is refused by the kernel (SCM_MAX_FD). */
const FDS_PER_MESSAGE_MAX = 253;

const SCM_RIGHTS = 1;
const MSG_CTRUNC = 8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

const IOVEC_WORD = 4;
const IOVEC_COUNT_WORD = 6;
const CONTROL_WORD = 8;
const CONTROL_LENGTH_WORD = 10;
const FLAGS_WORD = 12;
/** The iovec lies behind the header. */
const VECTOR_WORD = 16;
const CMSG_HEADER_BYTES = 16;
const CONTROL_BYTES = 1040;
const DATA_BYTES = 2 ** 18;

export interface Received {
  /** A view that the next `receive` overwrites; empty where the other end has closed. */
  readonly bytes: Uint8Array;
  readonly fds: readonly number[];
}

/** One end of a connected stream. */
export class DescriptorChannel {
  readonly #fd: number;
  readonly #header = new NativeMemory(128);
  readonly #control = new NativeMemory(CONTROL_BYTES);
  readonly #data = new NativeMemory(DATA_BYTES);
  readonly #poller: ReadinessPoller;

  /** `fd` is non-blocking, and closed by `close`. */
  constructor(fd: number) {
    this.#fd = fd;
    this.#poller = new ReadinessPoller([fd]);
  }

  /**
   * Sends the beginning of `bytes`, at least one, without waiting. Returns how many went out, 0 where there is no room;
   * `fds` go with the first of them. Throws SyscallError where the other end has gone.
   */
  send(bytes: Uint8Array, fds: readonly number[] = []): number {
    if (fds.length > FDS_PER_MESSAGE_MAX)
      throw new RangeError(
        `${fds.length} descriptors in a message: at most ${FDS_PER_MESSAGE_MAX}`,
      );
    const length = Math.min(bytes.length, DATA_BYTES);
    this.#data.bytes.set(bytes.subarray(0, length));
    const control = this.#control.words;
    control.fill(0);
    control[0] = CMSG_HEADER_BYTES + 4 * fds.length;
    control[2] = SOL_SOCKET;
    control[3] = SCM_RIGHTS;
    control.set(fds, 4);
    const controlBytes = fds.length === 0 ? 0 : Math.ceil((control[0] ?? 0) / 8) * 8;
    this.#prepare(length, controlBytes);
    const sent = libc().sendmsg(this.#fd, this.#header.address, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent >= 0 ? sent : this.#nothing("sendmsg") && 0;
  }

  /** What has arrived, at most as much as was sent together with descriptors; undefined where nothing has. Throws SyscallError. */
  receive(): Received | undefined {
    this.#prepare(DATA_BYTES, CONTROL_BYTES);
    const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    const count = libc().recvmsg(this.#fd, this.#header.address, flags);
    if (count < 0) {
      this.#nothing("recvmsg");
      return undefined;
    }
    const fds = this.#receivedFds();
    if (((this.#header.words[FLAGS_WORD] ?? 0) & MSG_CTRUNC) !== 0) {
      for (const fd of fds) closeFd(fd);
      throw new Error("descriptors were lost on the way: are there too few left (ulimit -n)?");
    }
    return { bytes: this.#data.bytes.subarray(0, count), fds };
  }

  /** Blocks the thread until there is something to receive, the other end closes or the time is over. Whether there is. */
  wait(timeoutMilliseconds: number): boolean {
    return this.#poller.wait(timeoutMilliseconds) > 0;
  }

  close(): void {
    closeFd(this.#fd);
  }

  #prepare(dataBytes: number, controlBytes: number): void {
    const { words, address } = this.#header;
    words.fill(0);
    storeAddress(words, IOVEC_WORD, address + VECTOR_WORD * 4);
    words[IOVEC_COUNT_WORD] = 1;
    if (controlBytes > 0) storeAddress(words, CONTROL_WORD, this.#control.address);
    words[CONTROL_LENGTH_WORD] = controlBytes;
    storeAddress(words, VECTOR_WORD, this.#data.address);
    words[VECTOR_WORD + 2] = dataBytes;
  }

  #receivedFds(): number[] {
    const control = this.#control.words;
    if ((this.#header.words[CONTROL_LENGTH_WORD] ?? 0) < CMSG_HEADER_BYTES) return [];
    if (control[2] !== SOL_SOCKET || control[3] !== SCM_RIGHTS) return [];
    const count = ((control[0] ?? 0) - CMSG_HEADER_BYTES) / 4;
    return Array.from(control.subarray(4, 4 + count));
  }

  /** True where there is only nothing to be done now. */
  #nothing(call: string): true {
    const errno = foreignLibrary().lastErrno();
    if (errno === EAGAIN || errno === EINTR) return true;
    throw new SyscallError(call, errno, "the control socket");
  }
}
