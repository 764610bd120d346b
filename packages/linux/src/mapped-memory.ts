/**
 * Memory mapped with mmap(2): of the kernel's (rings of an AF_XDP socket, values of a BPF map), or pages of our own that
 * the kernel pins. Mapped by the main thread; the address is plain data, so that workers view the same memory
 * (`viewMapped`). Throws SyscallError.
 */
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { SyscallError } from "./syscall-error.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
/** The pages are there at once, so that no first touch waits later. */
const MAP_POPULATE = 0x8000;
/** What mmap returns for a failure, (void *) -1, as an unsigned number that lost its last bits. */
const FAILED = 2 ** 63;

/** Plain data: may be posted to a worker. Mapped until `unmapMemory`. */
export interface MappedMemory {
  readonly address: number;
  readonly lengthBytes: number;
}

/** Maps what stands behind a descriptor at an offset. */
export function mapMemory(fd: number, lengthBytes: number, offset = 0): MappedMemory {
  return map(lengthBytes, MAP_SHARED | MAP_POPULATE, fd, offset);
}

/** Fresh pages, zeroed. */
export function allocatePages(lengthBytes: number): MappedMemory {
  return map(lengthBytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

/** The bytes of it in this thread. One view a thread: keep it. */
export function viewMapped({ address, lengthBytes }: MappedMemory): ArrayBuffer {
  return foreignLibrary().bufferAt(address, lengthBytes);
}

/** Gives it back. Nobody may touch a view of it afterwards. */
export function unmapMemory({ address, lengthBytes }: MappedMemory): void {
  libc().munmap(address, lengthBytes);
}

function map(lengthBytes: number, flags: number, fd: number, offset: number): MappedMemory {
  const address = libc().mmap(0, lengthBytes, PROT_READ_WRITE, flags, fd, offset);
  if (address < 0 || address >= FAILED)
    throw new SyscallError("mmap", foreignLibrary().lastErrno(), `${lengthBytes} bytes`);
  return { address, lengthBytes };
}
