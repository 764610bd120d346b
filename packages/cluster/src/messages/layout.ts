/**
 * Messages between nodes of a cluster: where every field lies. Pure numbers, for whoever writes and reads them;
 * docs/protocol/cluster.md says the same in prose, with worked examples.
 *
 * Numbers are big-endian; info hashes, addresses and ports are as they lie in an announce.
 *
 * Header, 32 bytes, the name of the node and the body behind it
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     4 | magic: 8A 53 57 43, "SWC" behind a byte that is no text                              |
 * |      4 |     2 | version, 1                                                                        |
 * |      6 |     1 | kind, KIND_…                                                                      |
 * |      7 |     1 | n, bytes of the name, 1 to 64                                                     |
 * |      8 |     8 | instance: drawn at random when the node's process started                          |
 * |     16 |     4 | sequence: number of the message in its series, from 1; 0 where there is no series   |
 * |     20 |     8 | when it was sent: the sender's clock, milliseconds                                  |
 * |     28 |     4 | bytes of the body                                                                 |
 * |     32 |     n | name of the node: letters, digits, "_" and "-"                                       |
 * | 32 + n |       | body                                                                              |
 *
 * Body of KIND_RECORDS
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     4 | i, records of IPv4 peers                                                           |
 * |      4 |     4 | j, records of IPv6 peers                                                           |
 * |      8 |   28i | info hash 20, address 4, port 2, state 2                                           |
 * |        |   40j | info hash 20, address 16, port 2, state 2                                          |
 *
 * State: bit 15 seeder, bit 14 paused, bit 13 its completed announce has been counted, bit 12 stopped, bit 11 it was counted for this
 * announce, bits 0..10 the time from the announce to the sending of the message in units of 4 seconds; 2047 also stands for
 * anything longer. Bits 13 to 15 are those of a peer in a stream of records.
 *
 * Body of KIND_HELLO, 20 bytes
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     2 | 1 where its swarms can be asked for, else 0                                         |
 * |      2 |     2 | ends of its channel: workers that serve WebTorrent                                  |
 * |      4 |     4 | sequence of its last message of records                                            |
 * |      8 |     4 | sequence of its last message to all channels                                        |
 * |     12 |     4 | peers that it knows                                                                |
 * |     16 |     4 | seconds since it started                                                           |
 *
 * KIND_BYE has no body. Body of all others
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     8 | instance that it is for; 0 for all                                                  |
 * |      8 |     4 | KIND_ASK, KIND_REFUSED, KIND_PART, KIND_TAKEN: number of the stream, by who asks; KIND_CHANNEL: lane |
 * |     12 |     4 | KIND_ASK: the greatest age of peers, seconds; KIND_REFUSED: REASON_…; KIND_PART: number of the part, from 0; KIND_TAKEN: how many parts were taken; KIND_CHANNEL: 0 |
 * |     16 |       | KIND_PART: the header or one chunk of a stream of records (docs/protocol/records.md); KIND_CHANNEL: the message |
 */

export const MAGIC = 0x8a535743;
/** What is written. */
export const VERSION = 1;
/** What is read: this version and the one before. Version 1 is the first. */
export const VERSIONS_READ: readonly number[] = [1];

export const MESSAGE_HEADER_BYTES = 32;
export const VERSION_AT = 4;
export const KIND_AT = 6;
export const NAME_BYTES_AT = 7;
export const INSTANCE_AT = 8;
export const SEQUENCE_AT = 16;
export const SENT_AT = 20;
export const BODY_BYTES_AT = 28;
export const NAME_AT = 32;
export const NAME_BYTES_MAX = 64;

/** Announces. */
export const KIND_RECORDS = 1;
/** A node is there, every other second. */
export const KIND_HELLO = 2;
/** It goes. */
export const KIND_BYE = 3;
/** Asks a node for its swarms as a stream. */
export const KIND_ASK = 4;
/** There will be no such stream. */
export const KIND_REFUSED = 5;
/** A piece of a stream. */
export const KIND_PART = 6;
/** How much of it was taken. */
export const KIND_TAKEN = 7;
/** From a worker to workers of other nodes. */
export const KIND_CHANNEL = 8;

export const RECORDS_HEADER_BYTES = 8;
export const RECORD_BYTES_4 = 28;
export const RECORD_BYTES_6 = 40;
/** A whole message of records, its header included. */
export const RECORDS_MESSAGE_BYTES_MAX: number = 2 ** 16;
/** What of it records may take, whatever the name. */
export const RECORDS_BYTES_MAX: number =
  RECORDS_MESSAGE_BYTES_MAX - MESSAGE_HEADER_BYTES - NAME_BYTES_MAX - RECORDS_HEADER_BYTES;

/** Bits of a record's state. */
export const STATE_SEEDER = 0x8000;
export const STATE_PAUSED = 0x4000;
export const STATE_COUNTED = 0x2000;
export const STATE_STOPPED = 0x1000;
export const STATE_COMPLETED = 0x0800;
/** In ticks of four seconds. */
export const STATE_AGE_MASK = 0x07ff;

export const HELLO_BYTES = 20;
export const HELLO_CAN_GIVE_AT = 0;
export const HELLO_ENDS_AT = 2;
export const HELLO_RECORDS_AT = 4;
export const HELLO_CHANNEL_AT = 8;
export const HELLO_PEERS_AT = 12;
export const HELLO_SECONDS_AT = 16;

export const DIRECTED_HEADER_BYTES = 16;
export const DIRECTED_FIRST_AT = 8;
export const DIRECTED_SECOND_AT = 12;
/** A message of a channel, with its headers, is the longest. */
export const MESSAGE_BYTES_MAX: number =
  MESSAGE_HEADER_BYTES + NAME_BYTES_MAX + DIRECTED_HEADER_BYTES + 2 ** 18;

/** Of KIND_REFUSED: others are served, or its own swarms are not whole yet. */
export const REASON_BUSY = 1;
export const REASON_NOT_READY = 2;
