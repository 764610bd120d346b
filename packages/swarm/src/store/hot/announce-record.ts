/**
 * An announce on its way between the nodes of a cluster, as words: what a worker writes into its ring (announce-ring.ts), what the
 * cluster's thread reads from there and sends, and what it applies when it comes from another node (remote-announces.ts).
 *
 * It says how the peer stands after the announce, so that applying a record twice changes nothing: but for ANNOUNCE_COMPLETED,
 * which says that this very announce made a torrent's completed count grow.
 *
 * | word of a record | meaning                                                                                      |
 * |-----------------:|----------------------------------------------------------------------------------------------|
 * | 0..4             | info hash, as it lies in a packet                                                            |
 * | 5                | flags: ANNOUNCE_… of role.ts (1 stopped, 2 seeder, 4 paused, 8 this announce was counted as a completion), 16 RECORD_IPV6, 32 RECORD_COUNTED: it was counted, now or before |
 * | 6..9             | address, as it lies in a packet; of IPv4 the first word alone, the others are 0               |
 * | 10               | port, in packet order                                                                        |
 * | 11               | in a ring: the store's time of the announce, in sixteenths of a second modulo 2^32; elsewhere its age in ticks of 4 s |
 *
 * A record that says stopped has no other flag but RECORD_IPV6.
 *
 * Example: a seeder at 10.0.0.1, port 6881, whose completion was counted earlier, 9 seconds ago: the words from 5 on are
 * `00000022 0100000a 00000000 00000000 00000000 0000e11a 00000002`.
 */

export const ANNOUNCE_RECORD_WORDS = 12;
export const RECORD_FLAGS_AT = 5;
export const RECORD_ADDRESS_AT = 6;
export const RECORD_PORT_AT = 10;
export const RECORD_TIME_AT = 11;
export const RECORD_AGE_AT = 11;

export const RECORD_IPV6 = 16;
export const RECORD_COUNTED = 32;

/** Times of a ring count sixteenths of a second; 64 of them are a tick. */
export const TIME_PER_SECOND = 16;
export const TIME_TICK_SHIFT = 6;
/** The oldest that a record can be: with more, the ticks of a slot would take it for a young one (layout.ts). */
export const RECORD_AGE_MAX = 0x1fff;
