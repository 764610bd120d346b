/**
 * The limits of [limits] that the store keeps itself, because only it knows what a peer announced before. Each worker thread
 * has one (limits.ts); `store/hot/announce.ts` asks it with the shard's lock held.
 *
 * A repeat costs nothing to recognise: the slot of a known peer says in which tick of four seconds it announced last. Two
 * announces that are d ticks apart lie less than 4 (d + 1) seconds apart, so with 30 s a repeat is what lies at most 6
 * ticks behind: everything within 24 s, nothing from 28 s on.
 */
import { PAUSED_BIT, SLOT_WORDS_4, TICK_MASK, TICK_SHIFT } from "../../store/layout.ts";
import type { AddressBlocks } from "./address-blocks.ts";

/** `repeatTicksMax` where no announce is a repeat. */
export const NO_REPEATS = -1;

export class AnnounceLimits {
  /** The greatest distance of a repeat in ticks, or NO_REPEATS. */
  readonly repeatTicksMax: number;
  private readonly exempt: AddressBlocks;

  constructor(repeatTicksMax: number, exempt: AddressBlocks) {
    this.repeatTicksMax = repeatTicksMax;
    this.exempt = exempt;
  }

  /**
   * Whether a peer in the same role, whose slot ends in `old`, announces too early with what would be its new `tail`. `key`
   * is its address and port, `repeatTicksMax` this limit or NO_REPEATS.
   */
  isRepeat(
    old: number,
    tail: number,
    key: Int32Array,
    slotWords: number,
    repeatTicksMax: number,
  ): boolean {
    const ticks = ((tail >>> TICK_SHIFT) - (old >>> TICK_SHIFT)) & TICK_MASK;
    if (ticks > repeatTicksMax || ((old ^ tail) & PAUSED_BIT) !== 0) return false;
    return !this.exempt.holds(key, 0, slotWords === SLOT_WORDS_4 ? 4 : 6);
  }
}
