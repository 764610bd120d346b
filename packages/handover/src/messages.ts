/** What the messages of a hand-over hold that are JSON; frames.ts lists all. */
import type { Sample } from "@swarmtide/metrics";
import type { HandedSocket } from "@swarmtide/runtime";
import type { StoreTotals } from "@swarmtide/swarm";

/** Counts up where a message or the order of messages changes; other versions are refused. */
export const HANDOVER_VERSION = 1;

/** What of a configuration cannot change in a hand-over: `udp.engine`, and what it is. */
export type Facts = Readonly<Record<string, string>>;

/** FRAME_HELLO of the process that takes over. */
export interface TakerHello {
  readonly handover: number;
  /** Of the program, for the log. */
  readonly version: string;
  readonly pid: number;
}

/** FRAME_HELLO of the process that runs. */
export interface GiverHello extends TakerHello {
  readonly facts: Facts;
  /** Zero of the clock of its store, and now, both on the monotonic clock. */
  readonly startedSeconds: number;
  readonly nowSeconds: number;
  /** Keys by name, in base64. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How many FRAME_SOCKETS follow. */
  readonly socketFrames: number;
}

/** FRAME_SOCKETS. */
export type SocketsMessage = readonly Omit<HandedSocket, "fd">[];

/** FRAME_GO. */
export interface GoMessage {
  readonly counters: readonly Pick<Sample, "name" | "labels" | "value">[];
  readonly totals: StoreTotals;
}
