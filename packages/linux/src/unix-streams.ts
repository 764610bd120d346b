/**
 * Streams between processes of one machine (unix(7), SOCK_STREAM): to listen at a path, to connect to it, and to know who is at
 * the other end. Node has such sockets too, but it tells nobody's user, and it removes the path when it stops listening, which
 * by then may be another process's. Called on the main thread; nothing here runs per packet.
 */
import { chmodSync } from "node:fs";
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } from "./socket-numbers.ts";
import { closeFd } from "./sockets.ts";
import { SyscallError } from "./syscall-error.ts";
import { AF_UNIX, unixAddress } from "./unix-address.ts";

const SO_PEERCRED = 17;
const BACKLOG = 4;
const OWNER_ONLY = 0o600;

/** Who is at the other end: of a connection, the process that connected; of its client, the one that began to listen. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Listens at `path`, which must be free, for processes of the same user and root. Returns the descriptor. Throws SyscallError. */
export function openUnixListener(path: string): number {
  return openStream("bind", path, (fd, address, length) => {
    check("bind", libc().bind(fd, address, length), path);
    // Between bind and listen nobody can connect.
    if (!path.startsWith("@")) chmodSync(path, OWNER_ONLY);
    check("listen", libc().listen(fd, BACKLOG), path);
  });
}

/** Connects to whoever listens at `path`. Returns the descriptor. Throws SyscallError. */
export function connectUnix(path: string): number {
  return openStream("connect", path, (fd, address, length) =>
    check("connect", libc().connect(fd, address, length), path),
  );
}

/** The process at the other end, as the kernel vouches for it. Throws SyscallError. */
export function peerCredentials(fd: number): PeerCredentials {
  // struct ucred: pid, uid, gid, 4 bytes each; behind it the length.
  const { words, address } = new NativeMemory(64);
  words[8] = 12;
  const status = libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, address, address + 32);
  check("getsockopt SO_PEERCRED", status, `fd ${fd}`);
  const [pid = 0, uid = 0, gid = 0] = words;
  return { pid, uid: uid >>> 0, gid: gid >>> 0 };
}

function openStream(
  call: string,
  path: string,
  open: (fd: number, address: number, length: number) => void,
): number {
  const { memory, length } = unixAddress(path);
  const fd = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(`socket for ${call}`, fd, path);
  try {
    open(fd, memory.address, length);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function check(call: string, status: number, subject: string): void {
  if (status < 0) throw new SyscallError(call, foreignLibrary().lastErrno(), subject);
}
