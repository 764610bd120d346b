/**
 * Stops one thread of a running program for a while, as a debugger does, while its other threads go on: ptrace(2) with
 * PTRACE_SEIZE, PTRACE_INTERRUPT and PTRACE_DETACH. The program knows nothing of it. Done by python3, which can call it.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { linuxSupported } from "@swarmtide/linux";

const SCRIPT = `
import ctypes, os, sys, time
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WAIT_ALL = 17, 0x4206, 0x4207, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
thread, seconds = int(sys.argv[1]), float(sys.argv[2])
def ptrace(request):
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
ptrace(PTRACE_SEIZE)
ptrace(PTRACE_INTERRUPT)
os.waitpid(thread, WAIT_ALL)
time.sleep(seconds)
ptrace(PTRACE_DETACH)
`;

/** Why threads cannot be stopped here, or undefined. */
export function stallObstacle(): string | undefined {
  if (!linuxSupported()) return "needs Linux";
  if (spawnSync("python3", ["--version"]).status !== 0) return "python3 is missing";
  return process.getuid?.() === 0 ? undefined : "only root may stop threads of every process";
}

/** The thread of a process, its main thread aside, that takes most processor time while something is done. */
export async function busiestThread(pid: number, act: () => Promise<void>): Promise<number> {
  const before = processorTimes(pid);
  await act();
  const used = [...processorTimes(pid)].map(
    ([thread, time]) => [thread, time - (before.get(thread) ?? 0)] as const,
  );
  const [[thread = 0] = []] = used
    .filter(([each]) => each !== pid)
    .sort(([, left], [, right]) => right - left);
  return thread;
}

/** Nanoseconds that each thread has run, proc(5). */
const processorTimes = (pid: number): Map<number, number> =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => [
      Number(thread),
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]),
    ]),
  );

/** Stops a thread for this time; resolves when it runs again. */
export async function stallThread(thread: number, seconds: number): Promise<void> {
  const child = spawn("python3", ["-c", SCRIPT, String(thread), String(seconds)]);
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`thread ${thread} could not be stopped: ${complaint}`);
}
