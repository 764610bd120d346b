/** Child processes of the benchmarks: each on a CPU of its own, and gone when its round is over. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const EXIT_STOPPED = 143;
const running = new Set<ChildProcess>();

/** A bench that is told to stop takes its servers and testers along. */
function stopWithUs(child: ChildProcess): void {
  if (running.size === 0) {
    process.once("exit", () => {
      for (const other of running) other.kill("SIGKILL");
    });
    process.once("SIGTERM", () => process.exit(EXIT_STOPPED));
  }
  running.add(child);
}

/**
 * Starts a command on one CPU, or on a list such as "0,1", its output piped. It may open as many files as the system's hard limit allows: not every
 * server asks for that itself.
 */
export function pinned(cpu: number | string, command: readonly string[]): ChildProcess {
  const child = spawn(
    "taskset",
    [
      ...["--cpu-list", `${cpu}`, "sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec "$@"', "sh"],
      ...command,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  stopWithUs(child);
  return child;
}

export const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

export async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill("SIGKILL"); // aquatic takes its time with SIGTERM, and nothing is to be kept
  await once(child, "exit");
}
