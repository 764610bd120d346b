/** What the descriptors of a process are, as Linux shows it in /proc/PID/fd and /proc/PID/net (proc(5)). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Each descriptor in words: a path, `anon_inode:[eventpoll]`, `pipe`, or a TCP socket with both of its addresses. */
export function descriptorsOf(pid: number): string[] {
  const sockets = new Map<string, string>();
  for (const family of ["tcp", "tcp6"])
    for (const line of readFileSync(`/proc/${pid}/net/${family}`, "latin1").split("\n").slice(1)) {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
      if (inode !== undefined)
        sockets.set(inode, `${family} ${local} to ${remote}, state ${state}`);
    }
  return readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    const target = targetOf(`/proc/${pid}/fd/${number}`);
    if (target === undefined) return [];
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) return [sockets.get(inode) ?? "socket"];
    return [target.startsWith("pipe:") ? "pipe" : target];
  });
}

/** Those of `after` that `before` has not, each as often as there are more of it. */
export function moreDescriptors(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  return after.filter((descriptor) => {
    const at = left.indexOf(descriptor);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** Undefined where it was closed in between. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
