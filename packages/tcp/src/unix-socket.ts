/**
 * The unix socket of [web] (unix(7)): HTTP and WebTorrent for reverse proxies of the same machine. Opened by the main thread
 * before privileges are dropped. The file stays when the tracker stops, since another process may serve it by then; the next
 * start replaces it.
 *
 * Whoever connects is a trusted proxy: it has no address, and must name its client. AcceptBatch and NetServer give it the
 * address 0.0.0.0, which no IP connection comes from.
 */
import { dirname } from "node:path";
import { findAccount, openUnixListener, removeStaleSocket, SyscallError } from "@swarmtide/linux";
import { OperatorError } from "@swarmtide/runtime";
import type { WebConfig } from "./config.ts";

export const UNIX_SOCKET_KEY = "web.unix_socket";

const OCTAL = 8;

/** Listens at `path`, in place of a socket that nobody listens at any more. Throws OperatorError. */
export function openUnixSocket(path: string, config: WebConfig): { fd: number; port: number } {
  try {
    removeStaleSocket(path);
    const fd = openUnixListener(path, {
      mode: Number.parseInt(config.unixSocketMode, OCTAL),
      group: groupOf(config.unixSocketGroup),
      backlog: config.tcpBacklog,
    });
    return { fd, port: 0 };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new OperatorError(`${UNIX_SOCKET_KEY} = "${path}": ${reasonOf(error, path)}`, {
      code: isInUse(error) ? "SWARMTIDE_PORT_IN_USE" : "SWARMTIDE_LISTEN_FAILED",
      cause: error,
    });
  }
}

const groupOf = (name: string): number | undefined =>
  name === "" ? undefined : findAccount({ user: 0, group: name }).group;

const isInUse = (error: Error): boolean =>
  error instanceof SyscallError && error.code === "EADDRINUSE";

function reasonOf(error: Error, path: string): string {
  if (isInUse(error))
    return "a process listens there, or the name is that of another file; stop it or choose another path";
  switch ("code" in error ? error.code : undefined) {
    case "ENOENT":
      return `${dirname(path)} does not exist; create it`;
    case "EACCES":
      return `permission is missing; let the user that starts the tracker write to ${dirname(path)}`;
    case "EPERM":
      return "this user may not give the file to web.unix_socket_group; start as root or as a member of the group";
    default:
      return error.message;
  }
}
