/**
 * How many datagrams the kernel has dropped because nobody took them from a socket in time: its queue was full. Called by
 * workers about once a second. socket(7); SO_MEMINFO of Linux 4.12 and newer, include/uapi/linux/sock_diag.h.
 *
 * | word of SO_MEMINFO | meaning                               |
 * |--------------------|---------------------------------------|
 * | 0                  | SK_MEMINFO_RMEM_ALLOC: bytes queued   |
 * | 1                  | SK_MEMINFO_RCVBUF: bytes it may queue |
 * | 8                  | SK_MEMINFO_DROPS                      |
 */
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { SOL_SOCKET } from "./socket-numbers.ts";

const SO_MEMINFO = 55;
const MEMINFO_BYTES = 36;
const DROPS_WORD = 8;
const LENGTH_WORD = 16;

const scratch = { memory: undefined as NativeMemory | undefined };

/** Datagrams dropped since the socket was opened, modulo 2^32; undefined where the kernel does not say. */
export function socketDrops(fd: number): number | undefined {
  scratch.memory ??= new NativeMemory(128);
  const { address, words } = scratch.memory;
  words[LENGTH_WORD] = MEMINFO_BYTES;
  const status = libc().getsockopt(fd, SOL_SOCKET, SO_MEMINFO, address, address + 4 * LENGTH_WORD);
  if (status !== 0 || (words[LENGTH_WORD] ?? 0) < MEMINFO_BYTES) return undefined;
  return (words[DROPS_WORD] ?? 0) >>> 0;
}
