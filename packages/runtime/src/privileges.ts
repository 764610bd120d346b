/**
 * Giving up root: the section [privileges] and the step that carries it out. The main thread takes it once, after
 * every socket of both families is bound and every worker has loaded its modules, which a chroot would hide from it.
 * The change reaches all threads of the process (see the `linux` package); nothing waits for it but the main thread.
 */
import { relative, resolve, sep } from "node:path";
import {
  type Account,
  chroot,
  findAccount,
  linuxObstacle,
  SyscallError,
  switchUser,
  UnknownAccountError,
} from "@swarmtide/linux";
import { boolean, type ConfigOf, path, section, text } from "@swarmtide/toml-config";
import { OperatorError } from "./operator-error.ts";

/** [privileges] */
export const privilegesSection = section(
  "Giving up root after the sockets are bound. For programs that are started as root.",
  {
    drop_privileges: boolean({ default: false, doc: "Whether to do it." }),
    chroot_path: path({
      default: ".",
      optional: true,
      doc: "Folder that becomes the root of all paths, so that nothing else can be read any more. Files that are read again on a reload must lie inside.",
    }),
    group: text({
      default: "nogroup",
      pattern: /./,
      expected: "a name or number",
      doc: "Group to run as.",
    }),
    user: text({
      default: "nobody",
      pattern: /./,
      expected: "a name or number",
      doc: "User to run as.",
    }),
  },
);

export type PrivilegesConfig = ConfigOf<typeof privilegesSection>;

/** Drops privileges where the configuration says so. Throws OperatorError. */
export function dropPrivileges(config: PrivilegesConfig): void {
  if (!config.dropPrivileges) return;
  const obstacle = linuxObstacle();
  if (obstacle !== undefined)
    throw new OperatorError(
      `privileges.drop_privileges = true needs ${obstacle}; or set it to false and start as another user`,
      { code: "SWARMTIDE_LINUX_ONLY" },
    );
  const account = lookUp(config);
  try {
    if (config.chrootPath !== "") chroot(config.chrootPath);
    switchUser(account);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new OperatorError(error.message, { code: "SWARMTIDE_PRIVILEGES_REFUSED", cause: error });
  }
}

/** The numbers of the account, looked up while /etc is still there. */
function lookUp({ user, group }: PrivilegesConfig): Account {
  try {
    return findAccount({ user, group });
  } catch (error) {
    if (error instanceof UnknownAccountError)
      throw new OperatorError(`[privileges]: ${error.message}`, {
        code: "SWARMTIDE_ACCOUNT_UNKNOWN",
        cause: error,
      });
    throw error;
  }
}

/**
 * Where a file is found after privileges are dropped: `path` as it is without a chroot, the path below the new root
 * with one, undefined where the new root does not hold it. Relative paths begin at `folder`, the working folder before
 * they are dropped; a chroot changes it.
 */
export function pathAfterDrop(
  config: PrivilegesConfig,
  filePath: string,
  folder: string = process.cwd(),
): string | undefined {
  const absolute = resolve(folder, filePath);
  if (!config.dropPrivileges || config.chrootPath === "") return absolute;
  const inside = relative(resolve(folder, config.chrootPath), absolute);
  const isOutside = inside === "" || inside === ".." || inside.startsWith(`..${sep}`);
  return isOutside ? undefined : sep + inside;
}
