/** What this process may have: getrlimit(2). Asked once by the main thread. */
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";

const RLIMIT_NOFILE = 7;
const RLIMIT_MEMLOCK = 8;
const RLIMIT_BYTES = 16;
/** All 64 bits, as a double has them. */
const RLIM_INFINITY = 2 ** 64;

/**
 * How many descriptors it may have open: the soft limit, which Node has raised to the hard one when it started. Undefined
 * where the kernel does not say.
 */
export const openFilesMax = (): number | undefined => softLimit(RLIMIT_NOFILE);

/** Bytes that it may pin in memory without CAP_IPC_LOCK; infinite where there is no limit, or the kernel does not say. */
export function lockableBytesMax(): number {
  const limit = softLimit(RLIMIT_MEMLOCK) ?? RLIM_INFINITY;
  return limit >= RLIM_INFINITY ? Number.POSITIVE_INFINITY : limit;
}

function softLimit(resource: number): number | undefined {
  const limit = new NativeMemory(RLIMIT_BYTES);
  if (libc().getrlimit(resource, limit.address) < 0) return undefined;
  const [low = 0, high = 0] = new Uint32Array(limit.bytes.buffer, limit.bytes.byteOffset, 2);
  return high * 2 ** 32 + low;
}
