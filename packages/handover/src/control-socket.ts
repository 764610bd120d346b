/**
 * The control socket: where a process that takes over asks the one that runs. Opened before privileges are dropped; whoever
 * connects must be the same user or root, for which the kernel vouches. Main thread.
 */
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import {
  closeFd,
  connectUnix,
  DescriptorChannel,
  duplicateFd,
  openUnixListener,
  peerCredentials,
  removeStaleSocket,
  SyscallError,
} from "@swarmtide/linux";
import { type HandedSocket, OperatorError } from "@swarmtide/runtime";
import { FrameChannel } from "./frame-channel.ts";

/** Opens the socket at `path`, in place of one that nobody listens at any more. Returns the descriptor. Throws OperatorError. */
export function openControlSocket(path: string): number {
  try {
    removeStaleSocket(path);
    return openUnixListener(path);
  } catch (error) {
    throw new OperatorError(`handover.control_socket = "${path}": ${reasonOf(error, path)}`, {
      code: "SWARMTIDE_CONTROL_SOCKET",
      cause: error,
    });
  }
}

/** Connects to the process that runs; undefined where there is none. Throws OperatorError. */
export function connectControlSocket(path: string): FrameChannel | undefined {
  let fd: number;
  try {
    fd = connectUnix(path);
  } catch (error) {
    if (error instanceof SyscallError && ["ENOENT", "ECONNREFUSED"].includes(error.code))
      return undefined;
    throw new OperatorError(`handover.control_socket = "${path}": ${reasonOf(error, path)}`, {
      code: "SWARMTIDE_HANDOVER_FAILED",
      cause: error,
    });
  }
  const { uid, pid } = peerCredentials(fd);
  if (isTrusted(uid)) return new FrameChannel(new DescriptorChannel(fd));
  closeFd(fd);
  throw new OperatorError(
    `handover.control_socket = "${path}": process ${pid} of user ${uid} listens there; expected one of this user or of root`,
    { code: "SWARMTIDE_HANDOVER_FAILED" },
  );
}

/** Accepts processes that ask, from those users that may. */
export class ControlListener {
  readonly #server: Server;
  readonly #fd: number;

  /** `fd` listens; `onChannel` gets each connection, `onRefused` a line for the log. */
  constructor(
    fd: number,
    onChannel: (channel: FrameChannel) => void,
    onRefused: (line: string) => void,
  ) {
    this.#fd = fd;
    // A copy for Node: it closes what it listens on, and by path it would remove what is another process's by then.
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      const own = duplicateFd(fdOf(socket));
      socket.destroy();
      const { uid, pid } = peerCredentials(own);
      if (isTrusted(uid)) return onChannel(new FrameChannel(new DescriptorChannel(own)));
      closeFd(own);
      return onRefused(
        `hand-over: process ${pid} of user ${uid} asked for it; only this user and root may`,
      );
    });
    this.#server.listen({ fd: duplicateFd(fd) });
    this.#server.unref();
  }

  /** For the process that takes over. */
  handed(path: string): HandedSocket {
    return { kind: "control", key: path, family: 4, address: "", port: 0, fd: this.#fd };
  }

  close(): void {
    this.#server.close();
    closeFd(this.#fd);
  }
}

/** Root may do everything anyway. */
const isTrusted = (uid: number): boolean =>
  uid === 0 || uid === process.geteuid?.() || uid === process.getuid?.();

function reasonOf(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  if (!("code" in error)) return error.message;
  switch (error.code) {
    case "EADDRINUSE":
      return "a process listens there, or something else has this name; take over with --take-over, stop it or choose another";
    case "ENOENT":
      return `${dirname(path)} does not exist; create it`;
    case "EACCES":
      return `permission is missing; let the user that starts the tracker write to ${dirname(path)}`;
    default:
      return error.message;
  }
}

/** The descriptor of a socket, which Node has but does not document. */
function fdOf(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
