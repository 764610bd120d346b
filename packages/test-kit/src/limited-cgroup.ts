/**
 * A memory cgroup of version 1 with a limit, below the one that this process is in, for tests of what a container sees
 * (cgroups(7)). Made as root where that controller is mounted, and removed with the test.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until.ts";

let made = 0;

/** Why no such cgroup can be made here, for a test's `skip`; false where it can. */
export function cgroupsMissing(): string | false {
  if (parentFolder() === undefined)
    return "no memory controller of cgroup version 1 is mounted here";
  return process.getuid?.() === 0 ? false : "only root can make a cgroup";
}

/** A cgroup whose processes have `bytes` of memory: the path of the file that takes their ids. */
export function limitedCgroup(t: { after(undo: () => unknown): void }, bytes: number): string {
  const parent = parentFolder();
  if (parent === undefined) throw new Error("ask cgroupsMissing first");
  const folder = join(parent, `swarmtide-test-${process.pid}-${made++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, "memory.limit_in_bytes"), String(bytes));
  t.after(() => until("the cgroup is empty", () => isRemoved(folder)));
  return join(folder, "cgroup.procs");
}

function isRemoved(folder: string): boolean {
  rmdirSync(folder);
  return true;
}

/** Where the cgroup of this process is mounted. */
function parentFolder(): string | undefined {
  const own = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(textOf("/proc/self/cgroup"))?.[1];
  const mount = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup \S+ (?:\S*,)?memory\b/m.exec(
    textOf("/proc/self/mountinfo"),
  )?.[1];
  return own === undefined || mount === undefined ? undefined : join(mount, own);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
