/**
 * Whether the process may open as many files as it needs (RLIMIT_NOFILE, getrlimit(2)). `bin.ts` asks before it loads
 * anything else: the loader of modules opens many files at once and fails with a stack of its own. `startTracker` asks again
 * when it knows how many threads and connections there will be. Imports nothing of ours for that reason.
 */
import { readFileSync } from "node:fs";

/** Fewer than this, and the modules of the main thread cannot be loaded: 96 fails now and then, measured on Node 20. */
export const OPEN_FILES_MIN = 128;
/** A thread's own descriptors are ten; the rest is what its loader has open at once: 4 threads fail with 234 every second time,
 * with 256 now and then. */
const OPEN_FILES_PER_THREAD = 60;
const OPEN_FILES_OF_MAIN = 64;
/** What a thread keeps open: its event loop, its pipes, a socket of each family. */
const KEPT_PER_THREAD = 10;

const REMEDY = "raise it with LimitNOFILE= (systemd) or ulimit -n";

/** The limit of this process (proc(5)); undefined where nothing limits it or the system does not say. */
export function openFilesLimit(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined; // No /proc.
  }
}

/** What to tell an operator before anything is loaded; undefined where the limit suffices for that. */
export function tooFewToLoad(limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= OPEN_FILES_MIN) return undefined;
  return `the limit of open files is ${limit} (ulimit -n), at least ${OPEN_FILES_MIN} are needed to start; ${REMEDY}`;
}

/** What to tell where so many threads cannot be started; undefined where they can. */
export function tooFewForThreads(limit: number | undefined, threads: number): string | undefined {
  const needed = OPEN_FILES_OF_MAIN + threads * OPEN_FILES_PER_THREAD;
  if (limit === undefined || limit >= needed) return undefined;
  return `the limit of open files is ${limit} (ulimit -n), starting ${threads} threads takes ${needed}; ${REMEDY}, or lower workers`;
}

/** What to tell where not all connections fit beside so many threads; undefined where they do. */
export function tooFewForConnections(
  limit: number | undefined,
  threads: number,
  connectionsMax: number,
): string | undefined {
  if (limit === undefined) return undefined;
  const left = Math.max(0, limit - OPEN_FILES_OF_MAIN - threads * KEPT_PER_THREAD);
  if (left >= connectionsMax) return undefined;
  return `web.max_connections = ${connectionsMax}: the limit of open files, ${limit} (ulimit -n), leaves room for about ${left}; ${REMEDY}, or lower max_connections`;
}
