/**
 * An event descriptor (eventfd(2)) that any thread can make readable: a descriptor for tests of pollers that need one
 * without a network. For tests only.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";

const EVENT_FLAGS = 0o4000 | 0o2000000; // EFD_NONBLOCK, EFD_CLOEXEC

/** Words 0 and 1 are written, words 2 and 3 read. */
const memory = new NativeMemory(16);

const result = (status: number): number => (status < 0 ? -foreignLibrary().lastErrno() : status);

/** Close it with `closeFd`. */
export const openWakeFd = (): number => result(libc().eventfd(0, EVENT_FLAGS));

/** Makes the descriptor readable. 0 or -errno. */
export function wakeFd(fd: number): number {
  memory.words[0] = 1;
  return Math.min(0, result(libc().write(fd, memory.address, 8)));
}

/** Makes it unreadable again. Returns how often it was woken since, or -EAGAIN when never. */
export function drainWakeFd(fd: number): number {
  const status = result(libc().read(fd, memory.address + 8, 8));
  return status < 0 ? status : (memory.words[2] ?? 0);
}
