/**
 * A datagram socket that is connected to a path of the file system or to an abstract name (unix(7)): the way in which programs
 * tell systemd of their state (sd_notify(3)). Node has no such sockets.
 *
 * Opened on the main thread before privileges are dropped or a chroot hides the path; what is sent later needs neither.
 */
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./socket-numbers.ts";
import { closeFd } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";
import { AF_UNIX, unixAddress } from "./unix-address.ts";

const MSG_NOSIGNAL = 0x4000;

/** States are some dozens of bytes. */
const MESSAGE_BYTES_MAX = 1024;

/** A connected socket. */
export class NotifySocket {
  readonly #fd: number;
  readonly #memory = new NativeMemory(MESSAGE_BYTES_MAX);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Connects to `path`; `@name` is an abstract name. Throws SyscallError. */
  static open(path: string): NotifySocket {
    const { memory, length } = unixAddress(path);
    const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SyscallError("socket", foreignLibrary().lastErrno(), path);
    if (libc().connect(fd, memory.address, length) < 0) {
      const errno = foreignLibrary().lastErrno();
      closeFd(fd);
      throw new SyscallError("connect", errno, path);
    }
    return new NotifySocket(fd);
  }

  /** Sends one datagram without waiting; returns whether it went out. */
  send(text: string): boolean {
    const { bytes, address } = this.#memory;
    const { written = 0 } = new TextEncoder().encodeInto(text, bytes);
    return libc().send(this.#fd, address, written, MSG_NOSIGNAL) === written;
  }

  close(): void {
    closeFd(this.#fd);
  }
}
