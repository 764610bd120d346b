/**
 * The C functions this package calls, bound on first use, once per thread. Nothing here checks a result: callers turn
 * -1 into a negative errno (hot code) or a SyscallError (everything else).
 *
 * `syscall` is used for recvmmsg and sendmmsg because musl's sendmmsg is a loop of sendmsg calls: one system call per
 * datagram where the kernel offers one per batch; and for bpf(2) and io_uring(7), which have no function in any C library.
 */
import { endianness } from "node:os";
import { foreignLibrary, foreignLibraryName } from "./ffi.ts";
import type { ForeignFunction, ForeignType } from "./foreign-library.ts";

const SIGNATURES = {
  accept4: ["int", ["int", "address", "address", "int"]],
  bind: ["int", ["int", "address", "int"]],
  chroot: ["int", ["address"]],
  close: ["int", ["int"]],
  connect: ["int", ["int", "address", "int"]],
  dup: ["int", ["int"]],
  epoll_create1: ["int", ["int"]],
  epoll_ctl: ["int", ["int", "int", "int", "address"]],
  epoll_wait: ["int", ["int", "address", "int", "int"]],
  eventfd: ["int", ["int", "int"]],
  getrlimit: ["int", ["int", "address"]],
  getsockname: ["int", ["int", "address", "address"]],
  getsockopt: ["int", ["int", "int", "int", "address", "address"]],
  ioctl: ["int", ["int", "word", "address"]],
  listen: ["int", ["int", "int"]],
  mmap: ["address", ["address", "word", "int", "int", "int", "word"]],
  munmap: ["int", ["address", "word"]],
  poll: ["int", ["address", "word", "int"]],
  read: ["word", ["int", "address", "word"]],
  recv: ["word", ["int", "address", "word", "int"]],
  recvmsg: ["word", ["int", "address", "int"]],
  sched_getaffinity: ["int", ["int", "word", "address"]],
  sched_setaffinity: ["int", ["int", "word", "address"]],
  send: ["word", ["int", "address", "word", "int"]],
  sendmsg: ["word", ["int", "address", "int"]],
  setgid: ["int", ["int"]],
  setgroups: ["int", ["word", "address"]],
  setsockopt: ["int", ["int", "int", "int", "address", "int"]],
  setuid: ["int", ["int"]],
  shutdown: ["int", ["int", "int"]],
  socket: ["int", ["int", "int", "int"]],
  syscall: ["word", ["word", "word", "address", "word", "word", "address"]],
  /** `syscall` with one argument more, for io_uring_enter: the others are spared it. */
  syscall6: ["word", ["word", "word", "word", "word", "word", "address", "word"], "syscall"],
  write: ["word", ["int", "address", "word"]],
} as const satisfies Record<
  string,
  readonly [ForeignType, readonly ForeignType[], symbol?: string]
>;

export type Libc = Readonly<Record<keyof typeof SIGNATURES, ForeignFunction>>;

/** Everywhere the same: they are younger than the common numbering. */
const IO_URING_NUMBERS = { ioUringSetup: 425, ioUringEnter: 426, ioUringRegister: 427 } as const;

/** Numbers of the system calls made through `syscall`, by process.arch (asm/unistd_64.h, asm-generic/unistd.h). */
const SYSCALL_NUMBERS = {
  x64: { recvmmsg: 299, sendmmsg: 307, bpf: 321, ...IO_URING_NUMBERS },
  arm64: { recvmmsg: 243, sendmmsg: 269, bpf: 280, ...IO_URING_NUMBERS },
} as const;

let bound: Libc | undefined;

/** All functions, bound. Throws where `linuxSupported` is false. */
export function libc(): Libc {
  bound ??= bindAll();
  return bound;
}

function bindAll(): Libc {
  const library = foreignLibrary();
  return Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, [result, parameters, symbol]]) => [
      name,
      library.bind(symbol ?? name, result, parameters),
    ]),
  ) as Libc;
}

/** Numbers for `syscall` on this processor. */
export function syscallNumbers(): Readonly<Record<keyof (typeof SYSCALL_NUMBERS)["x64"], number>> {
  return process.arch === "arm64" ? SYSCALL_NUMBERS.arm64 : SYSCALL_NUMBERS.x64;
}

let supported: boolean | undefined;

/** Whether this package works here: Linux on x86-64 or arm64, and the foreign function library loads. */
export function linuxSupported(): boolean {
  supported ??= findSupport();
  return supported;
}

/** What this package needs and does not find here, as it continues "needs"; undefined where it works. */
export function linuxObstacle(): string | undefined {
  if (linuxSupported()) return undefined;
  if (loadFailure === undefined) return "Linux on x64 or arm64";
  return `${foreignLibraryName()}, the library for system calls, which does not load here (${loadFailure}): install the dependencies again on this system`;
}

/** Why the library does not load on a Linux that it has binaries for. */
let loadFailure: string | undefined;

function findSupport(): boolean {
  if (process.platform !== "linux" || endianness() !== "LE") return false;
  if (process.arch !== "x64" && process.arch !== "arm64") return false;
  try {
    libc();
    return true;
  } catch (error) {
    [loadFailure] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    return false;
  }
}
