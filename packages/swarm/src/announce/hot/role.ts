/**
 * The role of an announce: what its event and its `left` say about the peer. The one rule for UDP, HTTP and WebTorrent;
 * each worker calls it for every announce. BEP 3 (events, left), BEP 21 (paused).
 *
 * | event     | left 0                  | left more | left unknown            |
 * |-----------|-------------------------|-----------|-------------------------|
 * | none      | SEEDER                  | 0         | 0                       |
 * | started   | SEEDER                  | 0         | 0                       |
 * | completed | SEEDER + COMPLETED      | 0         | SEEDER + COMPLETED      |
 * | paused    | SEEDER                  | PAUSED    | PAUSED                  |
 * | stopped   | STOPPED                 | STOPPED   | STOPPED                 |
 *
 * Example: `paused` with 1000 bytes left is a partial seed, a leecher that does not download: ANNOUNCE_PAUSED.
 */
import { EVENT_COMPLETED, EVENT_PAUSED, EVENT_STOPPED } from "@swarmtide/bittorrent";

/** Bits of an announce's flags. A peer without SEEDER is a leecher; PAUSED is a leecher's, COMPLETED a seeder's. */
export const ANNOUNCE_STOPPED = 1;
export const ANNOUNCE_SEEDER = 2;
export const ANNOUNCE_PAUSED = 4;
export const ANNOUNCE_COMPLETED = 8;

/** `left` of a client that does not say it: absent, or −1, which UDP sends as 2^64 − 1. Any negative number counts. */
export const LEFT_UNKNOWN = -1;

/** The flags of an announce with `event` (EVENT_…) of a peer that lacks `left` bytes; only the sign of `left` counts. */
export function announceFlags(event: number, left: number): number {
  if (event === EVENT_STOPPED) return ANNOUNCE_STOPPED;
  if (event === EVENT_COMPLETED) return left > 0 ? 0 : ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
  if (left === 0) return ANNOUNCE_SEEDER;
  return event === EVENT_PAUSED ? ANNOUNCE_PAUSED : 0;
}
