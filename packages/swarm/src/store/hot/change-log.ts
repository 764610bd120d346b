/**
 * What announces change while another process takes the swarms over: each shard notes it in the order in which its lock was
 * held, so that whoever applies the notes in their order has the same swarms. Written by SwarmStore under the shard's lock,
 * taken by `ChangeReader`; nothing is noted, and no memory is touched, while NOTING is 0.
 *
 * A change says what is true afterwards, not what happened: applying it twice, or after a copy that has it already, changes
 * nothing. A shard has 2^16 words for them, 5461 changes, which are taken every few milliseconds.
 *
 * | word of a change | meaning                                                                    |
 * |-----------------:|----------------------------------------------------------------------------|
 * | 0..4             | info hash                                                                  |
 * | 5                | the torrent's completed count                                              |
 * | 6                | CHANGE_…: 1 the peer is there, 2 it is a seeder, 4 it is one of IPv6        |
 * | 7..10            | its address; of IPv4 the first word alone                                  |
 * | 11               | its tail (layout.ts); of one that is gone, its port                        |
 *
 * Example: a leecher at 10.0.0.1, port 6881, has announced in tick 3: the words from 5 on are
 * `00000000 00000001 0100000a 00000000 00000000 00000000 0003e11a`.
 */
import type { Announce } from "../../announce/hot/announce.ts";
import { NOTED_WORDS, NOTING, RECORD_COMPLETED, SLOT_WORDS_4, SLOT_WORDS_6 } from "../layout.ts";

/** 64 locks are enough that 16 workers rarely meet, and 64 arenas of 1 GiB are what hosts let a process reserve. */
export const SHARD_COUNT = 64;

export const CHANGE_WORDS = 12;
/** Of each shard. */
export const CHANGES_WORDS: number = 2 ** 16;

export const CHANGE_COMPLETED_AT = 5;
export const CHANGE_STATE_AT = 6;
export const CHANGE_ADDRESS_AT = 7;
export const CHANGE_TAIL_AT = 11;

export const CHANGE_PRESENT = 1;
export const CHANGE_SEEDER = 2;
export const CHANGE_IPV6 = 4;

/** Values of NOTING. */
export const NOTING_ON = 1;
export const NOTING_LOST = 2;

/** Notes how a peer stands now: in `slot`, or nowhere where that is 0. `key` is its address and port. */
export function noteChange(
  w: Int32Array,
  changes: Int32Array,
  hash: number,
  record: number,
  { infoHash, infoHashAt, family }: Announce,
  key: Int32Array,
  slot: number,
  seeder: boolean,
): void {
  const noted = w[NOTED_WORDS];
  if (noted + CHANGE_WORDS > CHANGES_WORDS) {
    w[NOTING] = NOTING_LOST;
    return;
  }
  const at = (hash & (SHARD_COUNT - 1)) * CHANGES_WORDS + noted;
  for (let i = 0; i < 5; i++) changes[at + i] = infoHash[infoHashAt + i];
  changes[at + CHANGE_COMPLETED_AT] = w[record + RECORD_COMPLETED];
  const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
  let state = family === 4 ? 0 : CHANGE_IPV6;
  if (slot !== 0) state |= seeder ? CHANGE_PRESENT | CHANGE_SEEDER : CHANGE_PRESENT;
  changes[at + CHANGE_STATE_AT] = state;
  for (let i = 0; i < slotWords - 1; i++) changes[at + CHANGE_ADDRESS_AT + i] = key[i];
  changes[at + CHANGE_TAIL_AT] = slot === 0 ? key[slotWords - 1] : w[slot + slotWords - 1];
  w[NOTED_WORDS] = noted + CHANGE_WORDS;
}
