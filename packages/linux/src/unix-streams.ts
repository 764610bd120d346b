/**
 * Streams between processes of one machine (unix(7), SOCK_STREAM): to listen at a path, to connect to it, and to know who is at
 * the other end. Node has such sockets too, but it tells nobody's user, and it removes the path when it stops listening, which
 * by then may be another process's. Called on the main thread; nothing here runs per packet.
 */
import { chmodSync, chownSync, lstatSync, unlinkSync } from "node:fs";
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

/** Who may connect to a listener, and how many may wait. */
export interface UnixListenerOptions {
  /** Permission bits of the file; to connect takes write permission. Default: the owner alone, and root. */
  readonly mode?: number;
  /** Group of the file by number; by default that of the process. */
  readonly group?: number | undefined;
  /** Connections that may wait to be accepted. Default 4. */
  readonly backlog?: number;
}

/** Listens at `path`, which must be free. Returns the descriptor. Throws SyscallError, and the errors of chmod(2) and chown(2). */
export function openUnixListener(
  path: string,
  { mode = OWNER_ONLY, group, backlog = BACKLOG }: UnixListenerOptions = {},
): number {
  return openStream("bind", path, (fd, address, length) => {
    check("bind", libc().bind(fd, address, length), path);
    // Between bind and listen nobody can connect.
    if (!path.startsWith("@")) {
      if (group !== undefined) chownSync(path, -1, group);
      chmodSync(path, mode);
    }
    check("listen", libc().listen(fd, backlog), path);
  });
}

/** Removes the file of a socket that nobody listens at any more, as a killed process leaves it. Anything else stays. */
export function removeStaleSocket(path: string): void {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
  if (isSocket && !isListening(path)) unlinkSync(path);
}

function isListening(path: string): boolean {
  try {
    closeFd(connectUnix(path));
    return true;
  } catch (error) {
    return !(error instanceof SyscallError && error.code === "ECONNREFUSED");
  }
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
