/**
 * How much of what was written to a TCP connection may wait in the kernel before it has been sent: TCP_NOTSENT_LOWAT, tcp(7).
 *
 * The kernel lets its send buffer grow to megabytes, and what lies in it can no longer be overtaken or left out. This option
 * bounds only what has not been sent, so that a fast connection stays as fast: what is on its way is not counted.
 */
import { libc, linuxSupported } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";

const IPPROTO_TCP = 6;
/** include/uapi/linux/tcp.h, since Linux 3.12. */
const TCP_NOTSENT_LOWAT = 25;

let value: NativeMemory | undefined;

/** Bounds the unsent bytes of a connection. False where the system cannot, or the descriptor is not of a TCP socket. */
export function limitUnsentBytes(fd: number, bytes: number): boolean {
  if (fd < 0 || !linuxSupported()) return false;
  value ??= new NativeMemory(4);
  value.words[0] = bytes;
  return libc().setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, value.address, 4) === 0;
}
