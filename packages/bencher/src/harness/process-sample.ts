/**
 * What a process and the machine have used so far, read from Linux' /proc: the benchmark takes a sample before and
 * after a stretch of load and divides the difference by the responses of that stretch.
 *
 * Called by the benchmark runners, never by a server. Field numbers: proc(5).
 */
import { readFileSync } from "node:fs";

/** /proc counts CPU time in these, whatever the kernel's own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** CPU seconds of all threads of a process, ended threads included. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/** Memory of a process in bytes. */
export interface ProcessMemory {
  /** Resident now (VmRSS). */
  readonly residentBytes: number;
  /** The most that was ever resident (VmHWM). */
  readonly peakBytes: number;
}

/** Parses /proc/PID/stat. The second field is the program's name in brackets and may hold blanks and brackets. */
export function parseProcessStat(text: string): CpuSeconds {
  const afterName = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Field 14 is utime and 15 stime; the text after the name begins with field 3.
  const user = Number(afterName[11]);
  const system = Number(afterName[12]);
  if (!Number.isFinite(user) || !Number.isFinite(system))
    throw new Error(`Not the text of a /proc/PID/stat: ${JSON.stringify(text.slice(0, 80))}`);
  return { user: user / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND };
}

/** Parses /proc/PID/status. */
export function parseProcessStatus(text: string): ProcessMemory {
  const kibibytes = (key: string): number => {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text);
    if (!match) throw new Error(`/proc/PID/status names no ${key}`);
    return Number(match[1]) * 1024;
  };
  return { residentBytes: kibibytes("VmRSS"), peakBytes: kibibytes("VmHWM") };
}

/** Parses the first line of /proc/stat: the seconds all CPUs together were busy, stolen time included. */
export function parseMachineStat(text: string): number {
  const match = /^cpu +([\d ]+)/.exec(text);
  if (!match) throw new Error("/proc/stat has no cpu line");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (match[1] ?? "")
    .trim()
    .split(" ")
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

export const processCpu = (pid: number): CpuSeconds =>
  parseProcessStat(readFileSync(`/proc/${pid}/stat`, "latin1"));

export const processMemory = (pid: number): ProcessMemory =>
  parseProcessStatus(readFileSync(`/proc/${pid}/status`, "latin1"));

export const machineBusySeconds = (): number =>
  parseMachineStat(readFileSync("/proc/stat", "latin1"));
