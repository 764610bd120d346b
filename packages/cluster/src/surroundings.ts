/** What the parts of a node are given: how to send, clocks, chance, log and counters. Made by the cluster thread, or by a test. */
import type { CounterRow } from "@swarmtide/metrics";
import type { Logger } from "@swarmtide/runtime";

/** Takes messages to other nodes. */
export interface Bus {
  /** False where there is no connection or too much waits: the message is lost. The bytes belong to the bus afterwards. */
  publish(subject: string, bytes: Uint8Array): boolean;
}

export interface Surroundings {
  readonly bus: Bus;
  /** Goes on evenly. */
  readonly nowMilliseconds: () => number;
  /** The time of day, which others need not have the same of. */
  readonly timeMilliseconds: () => number;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly log: Logger;
  readonly counters: CounterRow<"cluster">;
}

/** Something later than `now` by between half of it and all of it, so that many do not do it at once. */
export const jittered = (milliseconds: number, random: () => number): number =>
  milliseconds * (0.5 + random() / 2);
