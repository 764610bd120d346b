/**
 * What an engine of the UDP tracker is: how datagrams come in and replies go out. A new one is a folder beside this file and
 * a line in engines.ts.
 */
import type { RoundTimer } from "@swarmtide/metrics";
import type { Listener, Serving } from "@swarmtide/runtime";
import type { UdpTracker } from "../hot/udp-tracker.ts";

/** The longest request: an announce with URL data, or a scrape of 74 info hashes (1496 bytes). A longer one is dropped. */
export const REQUEST_BYTES_MAX = 2048;

export interface UdpEngineOptions {
  readonly tracker: UdpTracker;
  readonly rounds: RoundTimer;
  /** The longest reply, until `makeRoom`. */
  readonly replyBytesMax: number;
  readonly resendRepliesMax: number;
  readonly nowSeconds: () => number;
  readonly listeners: readonly Listener[];
  /** Of listeners that the engine opens itself: IPV6_V6ONLY. */
  readonly onlyIpv6: boolean;
  /** What the engine's `bind` made for this worker; undefined where it has none. */
  readonly bound?: unknown;
}

/** What an engine is to open beside the listeners. */
export interface EngineBindOptions {
  readonly workers: number;
  readonly replyBytesMax: number;
  /** The network interface to attach to, and in which way. */
  readonly interfaceName: string;
  readonly interfaceMode: "auto" | "native" | "generic";
  /** Whether the worker fetches packets from the card itself. */
  readonly isBusyPolled: boolean;
}

/** What an engine opens on the main thread beside the listeners, before any worker starts. */
export interface EngineBinding {
  /** For each worker, plain data that is posted to it. */
  readonly ofWorkers: readonly unknown[];
  /** How the engine works here, for the log. */
  readonly description: string;
  /** Closes it, when the workers have ended. */
  close(): void;
}

/** What stands in an engine's way on this host. */
export interface EngineObstacle {
  readonly reason: string;
  readonly remedy: string;
}

export interface UdpEngine {
  /** Its name in the configuration. */
  readonly name: string;
  /** How it works, as it continues its name in the documentation of the key. */
  readonly doc: string;
  /** True, or what it needs that this system does not have. */
  supported(): true | string;
  /** Whether "auto" may take it. */
  readonly isAutomatic: boolean;
  /** The engine to take, with a warning, where this one does not work; without it that is an error. */
  readonly fallback?: string;
  /** The longest reply that it can send, where that is less than a datagram can be. */
  readonly replyBytesMax?: number;
  /** Reads packet info, which tells at which of the machine's addresses a datagram arrived. */
  readonly readsPacketInfo: boolean;
  /** Whether all that has arrived and is not answered waits in the sockets, so that another process can take over with them. */
  readonly leavesRequestsInSockets: boolean;
  /** Closes its listeners when it stops; otherwise whoever opened them does. */
  readonly closesListeners: boolean;
  /** Opens what needs privileges. Throws OperatorError with the key and the remedy; nothing stays open then. */
  bind?(options: EngineBindOptions): EngineBinding;
  /** What `bind` would fail for, found without changing anything. */
  obstacles?(options: EngineBindOptions): EngineObstacle[];
  /**
   * Opens it in the thread it is to run in, with everything loaded and allocated. One whose loop blocks the thread has
   * `run`, see `Serving`.
   */
  open(options: UdpEngineOptions): EngineRun | Promise<EngineRun>;
}

export interface EngineRun extends Pick<Serving<unknown>, "run" | "stop"> {
  /** Sees to it that replies of so many bytes fit, between two requests. */
  makeRoom(replyBytesMax: number): void;
}
