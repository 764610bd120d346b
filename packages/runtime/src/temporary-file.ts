/**
 * Where a file is written that takes another's name once it is whole (rename(2)), and how it is opened. Used by whoever writes files
 * for operators: snapshots, exports, the page as a file. See open(2).
 *
 *     swarms.4711-9f3c02d1.tmp        beside `swarms`: written by process 4711, and a random number
 *
 * Two processes may write the same file, as the two of a hand-over do: each has a temporary file of its own, and the one that is
 * renamed last stays. What a process that was killed left behind goes with the next one.
 */
import { randomBytes } from "node:crypto";
import { constants, readdirSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const { O_CREAT, O_EXCL, O_WRONLY } = constants;

/** Nobody else's file, FIFO or link is in the temporary file's place. */
export const TEMPORARY_FILE_FLAGS: number = O_WRONLY | O_CREAT | O_EXCL;

const RANDOM_BYTES = 4;
const SUFFIX = /^\.(\d+)-[0-9a-f]{8}\.tmp$/;

/**
 * A name that nobody has, beside the path; a process writes one such file at a time. Removes those of processes that have ended, as
 * far as it may.
 */
export function temporaryPathFor(path: string): string {
  const folder = dirname(path);
  const name = basename(path);
  for (const found of namesIn(folder)) {
    if (!found.startsWith(name)) continue;
    const [, pid] = SUFFIX.exec(found.slice(name.length)) ?? [];
    if (pid !== undefined && !isAnotherProcess(Number(pid))) remove(join(folder, found));
  }
  return `${path}.${process.pid}-${randomBytes(RANDOM_BYTES).toString("hex")}.tmp`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The file cannot be opened there either, or what is left in a folder that hides its names stays.
    return [];
  }
}

/** In a container every process has the same number, so that the own one is of a former process too. */
function isAnotherProcess(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It costs space, nothing else; the next one tries again.
  }
}
