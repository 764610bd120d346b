/** What an `EpollServer` is made with, in addition to what every conversation needs. */
import type { ConversationOptions } from "../../conversation/conversation-options.ts";

/**
 * Takes over the descriptor of a WebSocket upgrade with the client's address and the bytes that are not answered, the
 * upgrade request first.
 */
export type FdUpgrade = (fd: number, address: Uint8Array, bytes: Uint8Array) => void;

export interface EpollServerOptions extends ConversationOptions {
  /** Listening sockets, which the caller closes. */
  readonly listenerFds: readonly number[];
  /** Called only if the handler upgrades WebSockets. */
  readonly onUpgrade?: FdUpgrade;
}
