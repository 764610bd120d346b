/**
 * A datagram socket that is connected to a path of the file system or to an abstract name (unix(7)): the way in which programs
 * tell systemd of their state (sd_notify(3)). Node has no such sockets.
 *
 * Opened on the main thread before privileges are dropped or a chroot hides the path; what is sent later needs neither.
 */
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { closeFd } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * struct sockaddr_un: 2 bytes family, then up to 108 bytes of path. An abstract name begins with a zero byte, written `@`.
 *
 *     /run/x   01 00 2f 72 75 6e 2f 78 00
 *     @x       01 00 00 78
 */
const PATH_OFFSET = 2;
const PATH_BYTES_MAX = 108;
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
    const name = new TextEncoder().encode(path);
    if (name.length >= PATH_BYTES_MAX)
      throw new RangeError(`the path of a socket has less than ${PATH_BYTES_MAX} bytes: ${path}`);
    const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new SyscallError("socket", foreignLibrary().lastErrno(), path);
    const isAbstract = path.startsWith("@");
    const address = new NativeMemory(PATH_OFFSET + PATH_BYTES_MAX);
    address.bytes[0] = AF_UNIX;
    address.bytes.set(name, PATH_OFFSET);
    if (isAbstract) address.bytes[PATH_OFFSET] = 0;
    const length = PATH_OFFSET + name.length + (isAbstract ? 0 : 1);
    if (libc().connect(fd, address.address, length) < 0) {
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
