/**
 * Giving up root after the sockets are bound: look up the account, chroot, then groups, group, user. Called once by
 * the main thread; libc's own wrappers carry the change to every thread of the process (a bare system call would
 * change only one). See chroot(2), setgroups(2), setgid(2), setuid(2), nptl(7).
 *
 * Accounts come from /etc/passwd and /etc/group: the account of a daemon is a local one, and name services need files
 * that a chroot hides. Look the account up before `chroot`.
 */
import { readFileSync } from "node:fs";
import { foreignLibrary } from "./ffi.ts";
import { libc } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { SyscallError } from "./syscall-error.ts";

/** A user and a group, each by name or by number. */
export interface AccountNames {
  readonly user: string | number;
  readonly group: string | number;
}

/** The same as numbers, as the kernel knows them. */
export interface Account {
  readonly user: number;
  readonly group: number;
}

/** The user or group of the configuration does not exist. `message` names it and the file that should list it. */
export class UnknownAccountError extends Error {
  constructor(kind: "user" | "group", name: string, path: string) {
    super(`No ${kind} "${name}" in ${path}; create it or configure another`);
    this.name = "UnknownAccountError";
  }
}

const ID_MAX = 2 ** 32 - 2; // The largest, 2^32 - 1, means "leave as it is".
const NUMBER_FIELD = 2;

/** Finds the numbers of a user and a group; numeric names need not stand in the files. Throws UnknownAccountError. */
export function findAccount(
  names: AccountNames,
  { passwdPath = "/etc/passwd", groupPath = "/etc/group" } = {},
): Account {
  return {
    user: findId("user", names.user, passwdPath),
    group: findId("group", names.group, groupPath),
  };
}

function findId(kind: "user" | "group", name: string | number, path: string): number {
  if (typeof name === "string") {
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const fields = line.split(":");
      if (fields[0] === name && /^\d+$/.test(fields[NUMBER_FIELD] ?? ""))
        return Number(fields[NUMBER_FIELD]);
    }
    if (!/^\d+$/.test(name)) throw new UnknownAccountError(kind, name, path);
  }
  const id = Number(name);
  if (!Number.isInteger(id) || id < 0 || id > ID_MAX)
    throw new UnknownAccountError(kind, String(name), path);
  return id;
}

/** Makes a folder the root of all paths, and the working folder. Throws SyscallError (EPERM without root, ENOENT). */
export function chroot(path: string): void {
  const bytes = new TextEncoder().encode(path);
  if (bytes.includes(0)) throw new RangeError("A path with a NUL byte");
  const memory = new NativeMemory(bytes.length + 1);
  memory.bytes.set(bytes);
  check("chroot", libc().chroot(memory.address), path);
  // Until then the old working folder is a way out.
  process.chdir("/");
}

/**
 * Turns the whole process, with all its threads, into another user and group without supplementary groups. There is
 * no way back, which is tried before this returns. Throws SyscallError (EPERM without root), UnknownAccountError.
 */
export function switchUser(names: AccountNames): void {
  const { user, group } = findAccount(names);
  const { setgid, setgroups, setuid } = libc();
  check("setgroups", setgroups(0, 0), "to none");
  // Numbers from 2^31 up are the same 32 bits as a negative int.
  check("setgid", setgid(group | 0), `${names.group}`);
  check("setuid", setuid(user | 0), `${names.user}`);
  if (user !== 0 && setuid(0) === 0)
    throw new Error("The process could become root again after it changed its user");
}

function check(call: string, status: number, subject: string): void {
  if (status < 0) throw new SyscallError(call, foreignLibrary().lastErrno(), subject);
}
