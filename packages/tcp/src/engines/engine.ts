/**
 * What an engine for TCP is: how connections come in and bytes go out. A new one is a folder beside this file and a line in
 * engines.ts.
 */
import type { SecureContext } from "node:tls";
import type { HttpHandler } from "@swarmtide/http";
import type { Listener, Serving, Steering } from "@swarmtide/runtime";
import type { ConversationOptions, ReloadedOptions } from "../conversation/conversation-options.ts";
import type { FdUpgrade } from "./epoll/epoll-options.ts";
import type { SocketUpgrade } from "./net/net-options.ts";

export interface TcpEngineOptions {
  readonly conversation: ConversationOptions;
  readonly listeners: readonly Listener[];
  /** Of listeners that the engine opens itself: listen(2), IPV6_V6ONLY. */
  readonly backlog: number;
  readonly onlyIpv6: boolean;
  /** Needed where a listener has TLS. */
  readonly secureContext: SecureContext | undefined;
  /** Takes over a paused socket that asked for an upgrade, with the client's address and the bytes read so far. Absent where WebTorrent is off. */
  readonly adoptSocket: SocketUpgrade | undefined;
  /** Takes over such a descriptor in another thread, with the client's address. */
  readonly sendDescriptor: FdUpgrade;
  /** Called by an engine without an event loop in each round: the clock of the store, hints for the operator. */
  readonly tick: () => void;
}

export interface TcpEngine {
  /** Its name in the configuration. */
  readonly name: string;
  /** How it works, as it continues its name in the documentation of the key. */
  readonly doc: string;
  /** True, or what it needs that this system does not have. */
  supported(): true | string;
  readonly servesTls: boolean;
  /**
   * Leaves the thread to its event loop, so that its workers also serve WebTorrent, and there are `workers` of [web].
   * Of others there are `workers` of [http]; they hand on what asks for an upgrade.
   */
  readonly hasEventLoop: boolean;
  /** Closes its listeners when it stops; otherwise whoever opened them does. */
  readonly closesListeners: boolean;
  /** Starts accepting. Rejects when a listener cannot listen. */
  open(options: TcpEngineOptions): TcpEngineRun | Promise<TcpEngineRun>;
}

export interface TcpEngineRun extends Pick<Serving<unknown>, "run" | "stop"> {
  readonly handler: HttpHandler;
  /** Takes what a reload has changed into use; connections that are open keep what concerns their beginning. */
  configure(news: ReloadedOptions): void;
  /** Accepts nobody any more and serves who is there, until none is left or `steering.goesOn()` is false. */
  drain(steering: Steering): void | Promise<void>;
  /** New connections get this context; those that are open keep theirs. */
  setSecureContext(secureContext: SecureContext): void;
}
