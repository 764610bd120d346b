/**
 * How much memory this process may use, and what says so: the host's, or less where a cgroup limits it (a container, a
 * systemd unit with MemoryMax). Called once at the start, on the main thread. Reads what Linux says in /proc and in the
 * cgroup file systems (cgroups(7), Documentation/admin-guide/cgroup-v2.rst); elsewhere the operating system is asked.
 *
 * A limit may stand at any level above the process, so every folder from its cgroup up to the mount is read:
 *
 * | version | lines that lead to the folder                                    | files read                |
 * |---------|------------------------------------------------------------------|---------------------------|
 * | 2       | `0::/system.slice/a.service`, mountinfo `… /sys/fs/cgroup … - cgroup2` | `memory.max`, `memory.high` |
 * | 1       | `4:memory:/docker/ab`, mountinfo `… - cgroup cgroup rw,memory`         | `memory.limit_in_bytes`     |
 *
 * Worked example: `0::/system.slice/a.service` with the mount `/ /sys/fs/cgroup` reads
 * /sys/fs/cgroup/system.slice/a.service/memory.max, then that of system.slice, then that of /sys/fs/cgroup. A container
 * that sees the host's path but its own folder mounted (mount root `/docker/ab`) reads /sys/fs/cgroup/memory.max alone.
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { posix } from "node:path";

const KIB = 1024;

/** Reads a file of /proc or of a cgroup; throws where there is none. Tests bring their own. */
export type ReadText = (path: string) => string;

export interface AvailableMemory {
  readonly bytes: number;
  /** What says so, for a line that an operator reads: "the host", or "cgroup /a (memory.max)". */
  readonly source: string;
}

const readText: ReadText = (path) => readFileSync(path, "utf8");

/** The least of what the host has and what the cgroups of this process allow. */
export function availableMemory(read: ReadText = readText): AvailableMemory {
  let least: AvailableMemory = { bytes: hostBytes(read), source: "the host" };
  for (const folder of memoryFolders(read))
    for (const file of folder.files) {
      const bytes = limitIn(read, posix.join(folder.path, file));
      if (bytes < least.bytes) least = { bytes, source: `cgroup ${folder.name} (${file})` };
    }
  return least;
}

/** MemTotal of /proc/meminfo, which a container's own /proc may have lowered (lxcfs). */
function hostBytes(read: ReadText): number {
  const kib = /^MemTotal:\s+(\d+) kB/m.exec(textOf(read, "/proc/meminfo"))?.[1];
  return kib === undefined ? totalmem() : Number(kib) * KIB;
}

/** Infinity where the file sets no limit, or is not there: the root of version 2 has none. */
function limitIn(read: ReadText, path: string): number {
  const text = textOf(read, path).trim();
  return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

interface MemoryFolder {
  /** Where it lies in the file system. */
  readonly path: string;
  /** The cgroup's own name, as /proc/self/cgroup writes it. */
  readonly name: string;
  readonly files: readonly string[];
}

/** The folders whose limits bind this process, its own first. */
function memoryFolders(read: ReadText): MemoryFolder[] {
  const mounts = textOf(read, "/proc/self/mountinfo").split("\n").map(cgroupMount);
  const folders: MemoryFolder[] = [];
  for (const line of textOf(read, "/proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const version = controllers === "" ? 2 : 1;
    if (version === 1 && !controllers.split(",").includes("memory")) continue;
    const mount = mounts.find((candidate) => candidate?.version === version);
    if (mount === undefined) continue;
    const files = version === 2 ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"];
    for (const name of upwards(belowMount(mount.root, path)))
      folders.push({
        path: posix.join(mount.point, name),
        name: posix.join(mount.root, name === "/" ? "" : name),
        files,
      });
  }
  return folders;
}

interface CgroupMount {
  readonly version: 1 | 2;
  /** Which cgroup is mounted, and where. */
  readonly root: string;
  readonly point: string;
}

/**
 * A line of mountinfo (proc(5)): `35 31 0:32 ROOT POINT rw,relatime - cgroup cgroup rw,memory`. Undefined where it mounts
 * no memory controller.
 */
function cgroupMount(line: string): CgroupMount | undefined {
  const [place = "", kind = ""] = line.split(" - ");
  const [, , , root = "", point = ""] = place.split(" ");
  const [type = "", , options = ""] = kind.split(" ");
  if (type === "cgroup2") return { version: 2, root, point };
  if (type === "cgroup" && options.split(",").includes("memory"))
    return { version: 1, root, point };
  return undefined;
}

/** A cgroup's path as seen from the mounted one. Where it does not lie below, the mounted one is all there is to read. */
function belowMount(root: string, path: string): string {
  if (root === "/") return path.startsWith("/..") ? "/" : path;
  return path.startsWith(`${root}/`) ? path.slice(root.length) : "/";
}

/** `/a/b`, `/a`, `/`. */
function upwards(path: string): string[] {
  const paths = [path];
  for (let at = path; at !== "/" && at !== "."; ) {
    at = posix.dirname(at);
    paths.push(at);
  }
  return paths;
}

function textOf(read: ReadText, path: string): string {
  try {
    return read(path);
  } catch {
    return "";
  }
}
