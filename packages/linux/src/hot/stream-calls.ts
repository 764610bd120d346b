/**
 * The calls on one TCP connection, and the event descriptor that wakes a blocked worker. They return a result of 0 or
 * more, or a negative errno, and allocate nothing. Any thread may call them; the memory belongs to the caller.
 *
 * recv(2), send(2), shutdown(2), close(2), eventfd(2).
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { SyscallError } from "../syscall-error.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EVENT_FLAGS = 0o4000 | 0o2000000; // EFD_NONBLOCK, EFD_CLOEXEC

/** `shutdownFd`: no more is read. */
export const SHUTDOWN_READ = 0;
/** `shutdownFd`: no more is written; the peer reads an end of stream. */
export const SHUTDOWN_WRITE = 1;
export const SHUTDOWN_BOTH = 2;

/**
 * Reads what waits into memory[offset, offset + length), without blocking. Bytes read, 0 when the peer closed its
 * side, or -errno (-EAGAIN when nothing waits). Throws a RangeError for a range outside the memory.
 */
export function receiveBytes(
  fd: number,
  memory: NativeMemory,
  offset: number,
  length: number,
): number {
  checkRange(memory, offset, length);
  const count = libc().recv(fd, memory.address + offset, length, MSG_DONTWAIT);
  return count < 0 ? -foreignLibrary().lastErrno() : count;
}

/**
 * Writes memory[offset, offset + length), without blocking and without SIGPIPE. Bytes taken by the kernel, which may
 * be fewer, or -errno (-EAGAIN when its buffer is full, -EPIPE or -ECONNRESET when the peer is gone). Throws a
 * RangeError for a range outside the memory.
 */
export function sendBytes(
  fd: number,
  memory: NativeMemory,
  offset: number,
  length: number,
): number {
  checkRange(memory, offset, length);
  const count = libc().send(fd, memory.address + offset, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return count < 0 ? -foreignLibrary().lastErrno() : count;
}

function checkRange(memory: NativeMemory, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= memory.bytes.length))
    throw new RangeError("A range outside its memory");
}

/** Ends one or both directions (SHUTDOWN_…). 0 or -errno. */
export function shutdownFd(fd: number, direction: number): number {
  return libc().shutdown(fd, direction) < 0 ? -foreignLibrary().lastErrno() : 0;
}

/** Closes a descriptor without throwing, which also ends its watch in every ConnectionPoller. 0 or -errno. */
export function closeConnection(fd: number): number {
  return libc().close(fd) < 0 ? -foreignLibrary().lastErrno() : 0;
}

let eventValue: NativeMemory | undefined;

function eventMemory(): NativeMemory {
  eventValue ??= new NativeMemory(16);
  return eventValue;
}

/**
 * A descriptor that becomes readable when any thread calls `wakeFd` on it: watch it with a ConnectionPoller or a
 * ReadinessPoller to be woken out of `wait`. Throws SyscallError; close with `closeFd`.
 */
export function openWakeFd(): number {
  const fd = libc().eventfd(0, EVENT_FLAGS);
  if (fd < 0) throw new SyscallError("eventfd", foreignLibrary().lastErrno());
  return fd;
}

/** Makes a wake descriptor readable. 0 or -errno. */
export function wakeFd(fd: number): number {
  const memory = eventMemory();
  memory.words[0] = 1;
  return libc().write(fd, memory.address, 8) < 0 ? -foreignLibrary().lastErrno() : 0;
}

/** Makes it unreadable again: how often it was woken since, or -EAGAIN when never. */
export function drainWakeFd(fd: number): number {
  const memory = eventMemory();
  const status = libc().read(fd, memory.address + 8, 8);
  return status < 0 ? -foreignLibrary().lastErrno() : memory.words[2];
}
