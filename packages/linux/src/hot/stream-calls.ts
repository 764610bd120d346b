/**
 * The calls on one TCP connection. They return a result of 0 or more, or a negative errno, and allocate nothing. Any
 * thread may call them; the memory belongs to the caller.
 *
 * recv(2), send(2), shutdown(2), close(2).
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import type { NativeMemory } from "../native-memory.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** `shutdownFd`: no more is written; the peer reads an end of stream. */
export const SHUTDOWN_WRITE = 1;

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
    throw new RangeError("A range outside its memory"); // hot-allow: a bug of the caller
}

/** Ends a direction (SHUTDOWN_WRITE). 0 or -errno. */
export function shutdownFd(fd: number, direction: number): number {
  return libc().shutdown(fd, direction) < 0 ? -foreignLibrary().lastErrno() : 0;
}

/** Closes a descriptor without throwing, which also ends its watch in every ConnectionPoller. 0 or -errno. */
export function closeConnection(fd: number): number {
  return libc().close(fd) < 0 ? -foreignLibrary().lastErrno() : 0;
}
