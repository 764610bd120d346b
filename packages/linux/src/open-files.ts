/** How many descriptors this process may have open: getrlimit(2). Asked once by the main thread. */
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";

const RLIMIT_NOFILE = 7;
const RLIMIT_BYTES = 16;

/** The soft limit (Node has raised it to the hard one when it started); undefined where the kernel does not say. */
export function openFilesMax(): number | undefined {
  const limit = new NativeMemory(RLIMIT_BYTES);
  if (libc().getrlimit(RLIMIT_NOFILE, limit.address) < 0) return undefined;
  const [low = 0, high = 0] = new Uint32Array(limit.bytes.buffer, limit.bytes.byteOffset, 2);
  return high * 2 ** 32 + low;
}
