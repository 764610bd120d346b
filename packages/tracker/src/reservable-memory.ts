/**
 * How much address space the swarm store may reserve here. The store takes 64 GiB of addresses by default, which cost
 * nothing where the system hands them out freely. Where it does not (`ulimit -v`, strict overcommit) the store must not
 * take what the worker threads, started after it, need for themselves: V8 ends the process when it gets no memory.
 *
 * Reads what Linux says in /proc; elsewhere nothing is known, and the store asks for all it may have.
 */
import { readFileSync } from "node:fs";
import type { ReadText } from "@swarmtide/runtime";

const MIB = 2 ** 20;
const KIB = 2 ** 10;
/** Addresses that a Node worker thread takes for code, heap, stacks and malloc: 530 to 840 MiB measured on Node 20. */
const THREAD_BYTES = 768 * MIB;
/** For what the main thread does later, such as laying out a new access list. */
const SPARE_BYTES = 384 * MIB;

const readText: ReadText = (path) => readFileSync(path, "utf8");

export interface ReservableMemory {
  /** May be negative. */
  readonly bytes: number;
  /** What sets the limit, as an operator knows it. */
  readonly limit: string;
}

/** What may be reserved when `threads` workers follow; undefined where nothing limits it. */
export function reservableMemory(
  threads: number,
  read: ReadText = readText,
): ReservableMemory | undefined {
  const taken = SPARE_BYTES + threads * THREAD_BYTES;
  try {
    const limits = [
      { limit: "the address space limit (ulimit -v)", left: addressesLeft(read) },
      { limit: "strict overcommit (vm.overcommit_memory = 2)", left: commitmentLeft(read) },
    ];
    let least: ReservableMemory | undefined;
    for (const { limit, left } of limits)
      if (left !== undefined && left - taken < (least?.bytes ?? Number.POSITIVE_INFINITY))
        least = { limit, bytes: left - taken };
    return least;
  } catch {
    return undefined; // No /proc.
  }
}

/** What RLIMIT_AS leaves to this process (getrlimit(2), proc(5)). */
function addressesLeft(read: ReadText): number | undefined {
  const limit = /^Max address space +(\d+)/m.exec(read("/proc/self/limits"))?.[1];
  const usedKib = /^VmSize:\s+(\d+) kB/m.exec(read("/proc/self/status"))?.[1];
  if (limit === undefined || usedKib === undefined) return undefined;
  return Number(limit) - Number(usedKib) * KIB;
}

/** What strict overcommit (vm.overcommit_memory = 2) leaves to all processes. */
function commitmentLeft(read: ReadText): number | undefined {
  if (read("/proc/sys/vm/overcommit_memory").trim() !== "2") return undefined;
  const meminfo = read("/proc/meminfo");
  const kibOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1]);
  const left = (kibOf("CommitLimit") - kibOf("Committed_AS")) * KIB;
  return Number.isNaN(left) ? undefined : left;
}
