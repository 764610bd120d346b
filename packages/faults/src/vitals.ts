/** What a process takes right now, as Linux shows it in /proc/PID (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

export interface Vitals {
  /** Resident memory that is the process's own: VmRSS without the pages of files, which the kernel may drop. */
  readonly rssMib: number;
  readonly descriptors: number;
  readonly threads: number;
}

const KIB_PER_MIB = 1024;

export function vitalsOf(pid: number): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const numberOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    rssMib: Math.round((numberOf("VmRSS") - numberOf("RssFile")) / KIB_PER_MIB),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberOf("Threads"),
  };
}
