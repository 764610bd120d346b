/** What a `NetServer` and its transport are made with, in addition to what every conversation needs. */
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { ConversationOptions } from "../../conversation/conversation-options.ts";
import type { NetConnection } from "./hot/net-connection.ts";

/** A place to listen: a listening descriptor, which the server closes, or an address. */
export interface NetListener {
  /** The key of the configuration that asks for it, for errors. */
  readonly key: string;
  readonly isTls: boolean;
  /** Whether it is a unix socket, whose clients have no address. */
  readonly isUnix?: boolean;
  readonly at:
    | { readonly fd: number }
    | {
        readonly host: string;
        readonly port: number;
        readonly backlog: number;
        readonly ipv6Only?: boolean;
      };
}

/**
 * Takes over the paused socket of a WebSocket upgrade with the client's address and the bytes that are not answered, the
 * upgrade request first.
 */
export type SocketUpgrade = (socket: Socket, address: Uint8Array, bytes: Uint8Array) => void;

/** Begins the TLS handshake of a connection, of which `early` has arrived. */
export type HandshakeStarter = (connection: NetConnection, early: Uint8Array) => void;

export interface NetServerOptions extends ConversationOptions {
  readonly listeners: readonly NetListener[];
  /** Needed where a listener has TLS. */
  readonly secureContext?: SecureContext | undefined;
  /** How long the thread has slept since it began; by default what Node tells of its event loop. */
  readonly sleptMilliseconds?: () => number;
  /** Called only if the handler upgrades WebSockets. */
  readonly onUpgrade?: SocketUpgrade;
}
