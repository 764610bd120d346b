/**
 * The tail of a peer's slot (layout.ts) in terms that leave the store: age, role and flags instead of ticks and bits. Pure; a
 * snapshot's writer reads slots of a walk with it, its reader makes slots for SwarmRestore.
 *
 * Example: port 6881 (0xE11A in packet order), paused, 2 ticks old in tick 5: tail 0x4003E11A.
 */
import {
  COMPLETED_BIT,
  PAUSED_BIT,
  PORT_MASK,
  SECONDS_PER_TICK,
  TICK_MASK,
  TICK_SHIFT,
} from "./layout.ts";

/** The tick of a time of the store's clock. */
export function tickOf(seconds: number): number {
  return Math.trunc(seconds / SECONDS_PER_TICK) & TICK_MASK;
}

/** The port, in packet order. */
export function portOfTail(tail: number): number {
  return tail & PORT_MASK;
}

/** Ticks of 4 s since the peer's last announce. */
export function ageOfTail(tail: number, tick: number): number {
  return (tick - (tail >>> TICK_SHIFT)) & TICK_MASK;
}

export function isPausedTail(tail: number): boolean {
  return (tail & PAUSED_BIT) !== 0;
}

/** Whether the peer's completed announce has been counted. */
export function isCountedTail(tail: number): boolean {
  return (tail & COMPLETED_BIT) !== 0;
}

/** The tail of a peer that announced `ageTicks` before `tick`. */
export function makeTail(
  port: number,
  tick: number,
  ageTicks: number,
  isPaused: boolean,
  isCounted: boolean,
): number {
  return (
    port |
    (((tick - ageTicks) & TICK_MASK) << TICK_SHIFT) |
    (isPaused ? PAUSED_BIT : 0) |
    (isCounted ? COMPLETED_BIT : 0)
  );
}
