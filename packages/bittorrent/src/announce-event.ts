/**
 * Announce events, numbered as BEP 15 numbers them on the wire and as the swarm store takes them.
 *
 * HTTP and WebTorrent spell the same events as words. `paused` is BEP 21's: a client that has finished what it wanted
 * but is not a seeder sends it in every announce.
 */

/** A periodic announce. */
export const EVENT_NONE = 0;
/** The download has just finished. */
export const EVENT_COMPLETED = 1;
/** The first announce of a session. */
export const EVENT_STARTED = 2;
/** The peer leaves the swarm. */
export const EVENT_STOPPED = 3;
/** A partial seed (BEP 21): has everything it wants, but not the whole torrent. */
export const EVENT_PAUSED = 4;

/** One of the five announce events, 0..4. */
export type AnnounceEvent =
  | typeof EVENT_NONE
  | typeof EVENT_COMPLETED
  | typeof EVENT_STARTED
  | typeof EVENT_STOPPED
  | typeof EVENT_PAUSED;

const NAMES = ["none", "completed", "started", "stopped", "paused"] as const;

/** The word for an event, `none` for a periodic announce. */
export function announceEventName(event: AnnounceEvent): string {
  return NAMES[event];
}
