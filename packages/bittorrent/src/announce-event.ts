/**
 * Announce events, numbered as BEP 15 numbers them on the wire and as the swarm store takes them.
 *
 * HTTP and WebTorrent spell the same events as words; the two functions below translate. `paused` is BEP 21's: a
 * client that has finished what it wanted but is not a seeder says so in every announce.
 */

/** A periodic announce. */
export const EVENT_NONE = 0;
/** The download has just finished. */
export const EVENT_COMPLETED = 1;
/** The first announce of a session. */
export const EVENT_STARTED = 2;
/** The peer leaves the swarm. */
export const EVENT_STOPPED = 3;
/** A partial seed (BEP 21): has all it wants, not all there is. */
export const EVENT_PAUSED = 4;

/** One of the five announce events, 0..4. */
export type AnnounceEvent =
  | typeof EVENT_NONE
  | typeof EVENT_COMPLETED
  | typeof EVENT_STARTED
  | typeof EVENT_STOPPED
  | typeof EVENT_PAUSED;

const NAMES = ["none", "completed", "started", "stopped", "paused"] as const;

/**
 * The event a word stands for. The empty word and BEP 3's `empty` are periodic announces; an unknown word is
 * `undefined`, and so is a known one in another case: every client sends lower case.
 */
export function parseAnnounceEventName(name: string): AnnounceEvent | undefined {
  switch (name) {
    case "":
    case "empty":
    case "none":
      return EVENT_NONE;
    case "completed":
      return EVENT_COMPLETED;
    case "started":
      return EVENT_STARTED;
    case "stopped":
      return EVENT_STOPPED;
    case "paused":
      return EVENT_PAUSED;
    default:
      return undefined;
  }
}

/** The word for an event, `none` for a periodic announce. */
export function announceEventName(event: AnnounceEvent): string {
  return NAMES[event];
}
