/**
 * Completions that another node counted: once at each node, so that a torrent's completed count is the same everywhere.
 * RemoteAnnounces calls it with the shard's lock held.
 *
 * | the record says           | peer not stored          | stored, not counted yet          | stored, counted |
 * |---------------------------|--------------------------|----------------------------------|-----------------|
 * | nothing                   |                          |                                  | stays counted   |
 * | counted (RECORD_COUNTED)  | marks it if it is a leecher | marks it; + 1 if it is a leecher | stays counted   |
 * | counted now (… COMPLETED) | marks it, + 1            | marks it, + 1                    | stays counted   |
 *
 * The second line makes up for a record that was lost: the completion is told with the peer's next renewal. A seeder that was not
 * stored is left unmarked by it, since the record of its completion may still be on its way from a third node. Where the peer has
 * moved to another node and stopped there before that record arrives, it may count twice: nothing is kept about peers that are gone.
 */
import { ANNOUNCE_COMPLETED } from "../../announce/hot/role.ts";
import { COMPLETED_BIT, COMPLETED_COUNT, RECORD_COMPLETED } from "../layout.ts";
import { RECORD_COUNTED } from "./announce-record.ts";

function isCounted(flags: number): boolean {
  return (flags & (RECORD_COUNTED | ANNOUNCE_COMPLETED)) !== 0;
}

/** Whether a peer that was not stored is marked. */
export function marksNew(flags: number, seeder: boolean): boolean {
  return seeder ? (flags & ANNOUNCE_COMPLETED) !== 0 : isCounted(flags);
}

/** For a peer that is stored, with its tail at `at`: returns how many completions it counts, 0 or 1. */
export function completeKnown(
  w: Int32Array,
  record: number,
  at: number,
  wasSeeder: boolean,
  flags: number,
): number {
  if (!isCounted(flags) || (w[at] & COMPLETED_BIT) !== 0) return 0;
  w[at] |= COMPLETED_BIT;
  if (wasSeeder && (flags & ANNOUNCE_COMPLETED) === 0) return 0;
  countOne(w, record);
  return 1;
}

/** For a peer that was not stored. */
export function completeNew(w: Int32Array, record: number, flags: number): number {
  if ((flags & ANNOUNCE_COMPLETED) === 0) return 0;
  countOne(w, record);
  return 1;
}

function countOne(w: Int32Array, record: number): void {
  w[record + RECORD_COMPLETED]++;
  w[COMPLETED_COUNT]++;
}
