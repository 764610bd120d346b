/**
 * Completed counts that outlive their peers: a torrent without peers whose downloads were counted keeps its record for some
 * days. Called by cleaning, which decides, by the walk and by the restore; the caller holds the shard's lock.
 *
 * Since when it has been empty stands in the record itself: both words that refer to a swarm's memory hold the same mark
 * while neither family has peers. A first peer puts a reference in place of one mark and a last one leaves 0 there, so that
 * a mark never outlives a visit, and an announce pays nothing for it. A mark is the hour modulo 2^14, plus 1; 0 is none.
 *
 * Example: hour 5 of the tracker's clock is mark 6. A torrent marked 6 in hour 29 has been empty for 24 hours.
 */
import {
  EMPTY_HOURS_MASK,
  END,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
} from "./layout.ts";

const SECONDS_PER_HOUR = 3600;

/** An arena keeps at most one such torrent for each 2^8 words: a sixteenth of its memory. */
const KEPT_SHIFT = 8;

/** How many torrents without peers an arena keeps. */
export function keptTorrentsMax(w: Int32Array): number {
  return (w[END] ?? 0) >>> KEPT_SHIFT;
}

/** Whether the torrent has no peers of either family. */
export function isEmpty(w: Int32Array, record: number): boolean {
  return w[record + RECORD_SWARM_4 + 1] === 0 && w[record + RECORD_SWARM_6 + 1] === 0;
}

/** Whether there is a count to keep. */
export function hasCompleted(w: Int32Array, record: number): boolean {
  return w[record + RECORD_COMPLETED] !== 0;
}

/** The mark of a time of the store's clock. */
export function markOf(seconds: number): number {
  return (Math.floor(seconds / SECONDS_PER_HOUR) & EMPTY_HOURS_MASK) + 1;
}

/** Hours from a mark to a time of the store's clock, modulo 2^14. */
export function hoursSince(mark: number, nowSeconds: number): number {
  return (markOf(nowSeconds) - mark) & EMPTY_HOURS_MASK;
}

/** The mark of a torrent without peers; 0 where it has none yet. */
export function readMark(w: Int32Array, record: number): number {
  const mark = w[record + RECORD_SWARM_4] ?? 0;
  return mark === w[record + RECORD_SWARM_6] ? mark : 0;
}

export function writeMark(w: Int32Array, record: number, mark: number): void {
  w[record + RECORD_SWARM_4] = mark;
  w[record + RECORD_SWARM_6] = mark;
}
