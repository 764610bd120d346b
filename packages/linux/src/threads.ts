/**
 * Which processors a thread runs on. Each function acts on the calling thread.
 *
 * A cpu_set_t is a bit per processor, lowest first: processors 0 and 9 are `01 02`. See sched_setaffinity(2).
 */
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { SyscallError } from "./syscall-error.ts";

/** Room for 8192 processors, the most a Linux kernel can be built for. */
const CPU_SET_BYTES = 1024;

const CALLING_THREAD = 0;

/** Numbers of the processors the calling thread may run on, ascending: what taskset, cpusets and containers leave. */
export function onlineCpus(): number[] {
  const set = new NativeMemory(CPU_SET_BYTES);
  if (libc().sched_getaffinity(CALLING_THREAD, CPU_SET_BYTES, set.address) < 0)
    throw new SyscallError("sched_getaffinity", foreignLibrary().lastErrno());
  const cpus: number[] = [];
  for (let cpu = 0; cpu < CPU_SET_BYTES * 8; cpu++)
    if (((set.bytes[cpu >> 3] ?? 0) >> (cpu & 7)) & 1) cpus.push(cpu);
  return cpus;
}

/**
 * Keeps the calling thread on these processors (and threads it starts later). Throws SyscallError with EINVAL when
 * none of them exists or is allowed, RangeError for a number that no processor can have.
 */
export function setThreadAffinity(cpus: readonly number[]): void {
  const set = new NativeMemory(CPU_SET_BYTES);
  for (const cpu of cpus) {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= CPU_SET_BYTES * 8)
      throw new RangeError(`Processor ${cpu}, expected 0 to ${CPU_SET_BYTES * 8 - 1}`);
    set.bytes[cpu >> 3] = (set.bytes[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  if (libc().sched_setaffinity(CALLING_THREAD, CPU_SET_BYTES, set.address) < 0)
    throw new SyscallError(
      "sched_setaffinity",
      foreignLibrary().lastErrno(),
      `processors ${cpus.join(",")}`,
    );
}
