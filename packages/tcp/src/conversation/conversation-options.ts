/**
 * What a conversation over TCP may do, the same for every engine. Made once per worker from the configuration
 * (answering.ts); an engine adds where it listens and who takes its upgrades.
 */
import type { HttpHandlerOptions } from "@swarmtide/http";
import type { CounterRow, RefusalWriter, RoundTimer } from "@swarmtide/metrics";
import type { ConversationSettings } from "./conversation-keys.ts";

/** Deadlines are checked this often. */
export const SWEEP_MILLISECONDS = 500;

/** The settings of [web] that a conversation reads (conversation-keys.ts), and what its worker gives it. */
export interface ConversationOptions extends ConversationSettings {
  readonly handler: HttpHandlerOptions;
  readonly requestBytesMax: number;
  readonly connectionsMax: number;
  /** See `connectionFdsEnd`. */
  readonly fdsEnd: number;
  /** Of this worker. */
  readonly counters: CounterRow<"tcp">;
  /** Where refusals are noted for the log. */
  readonly refusals: RefusalWriter<"tcp">;
  /** Of this worker; it is told the time of nowMilliseconds. */
  readonly rounds: RoundTimer;
  /** A clock that does not jump. */
  readonly nowMilliseconds: () => number;
}

/** What a reload changes: keys with `reload: true` in [web] and [http]. */
export type ReloadedOptions = ConversationSettings & Pick<ConversationOptions, "handler">;
