/** How long ago a peer announced, from the tail word of its slot. Called where peers expire or give way. */
import { TICK_MASK, TICK_SHIFT, TICKS_AHEAD_MAX } from "../layout.ts";

/**
 * In ticks of 4 s. Negative, down to -TICKS_AHEAD_MAX, for a peer that has announced since `tick`: another thread's clock is
 * milliseconds ahead, and a pass of cleaning keeps the tick of its beginning.
 */
export function ageTicks(tail: number, tick: number): number {
  return ((tick - (tail >>> TICK_SHIFT) + TICKS_AHEAD_MAX) & TICK_MASK) - TICKS_AHEAD_MAX;
}
