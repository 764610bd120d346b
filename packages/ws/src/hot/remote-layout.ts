/**
 * What nodes of a cluster tell each other about WebTorrent: the message of a CHANNEL (docs/protocol/cluster.md has the same
 * tables and an example). Read and written by remote-reader.ts and remote-batch.ts; numbers are big-endian.
 *
 * | offset | bytes | field  | meaning                                                                                   |
 * |-------:|------:|--------|-------------------------------------------------------------------------------------------|
 * |      0 |     1 | layout | 1                                                                                         |
 * |      1 |     1 | lane   | of the sending node's worker that owns the torrents: what is for their peers goes to it   |
 * |      2 |     … | records | of one of the kinds below, to the end                                                     |
 *
 * Every record begins with a peer's connection, as the sending node knows it:
 *
 * | offset | bytes | field      | meaning                                                                               |
 * |-------:|------:|------------|---------------------------------------------------------------------------------------|
 * |      0 |     1 | kind       | 1 PEER, 2 GONE, 3 OFFER, 4 ANSWER                                                     |
 * |      1 |     1 | state      | of PEER and OFFER; bit 7 seeder, 6 has completed, 5 has left; else 0                   |
 * |      2 |     2 | age        | of PEER: seconds since its last announce                                              |
 * |      4 |     4 | connection | worker, 8 bits, and slot, 24 bits                                                     |
 * |      8 |     4 | serial     | of the connection: no other in this slot has had it                                   |
 *
 * GONE ends here: the connection has gone, and all its peers. PEER goes on with info hash (20 bytes) and peer id (20 bytes).
 * OFFER and ANSWER go on with whom they are for, and a message as a client would have sent it (ws-protocol, passed-on.ts):
 *
 * | offset | bytes | field         | meaning                                            |
 * |-------:|------:|---------------|----------------------------------------------------|
 * |     12 |     4 | to connection | as the receiving node knows it                     |
 * |     16 |     4 | to serial     | of that connection                                 |
 * |     20 |    20 | to peer id    | of the peer                                        |
 * |     40 |     4 | text bytes    | n, from 1                                          |
 * |     44 |     n | text          | JSON: an announce with this one offer, or answer   |
 *
 * Example: lane 0 says that slot 7 of worker 1, serial 42, has gone: `01 00 | 02 00 0000 01000007 0000002a`.
 */

export const REMOTE_LAYOUT = 1;
export const REMOTE_HEAD_BYTES = 2;

export const REMOTE_PEER = 1;
export const REMOTE_GONE = 2;
export const REMOTE_OFFER = 3;
export const REMOTE_ANSWER = 4;
/** What the reader returns at the end, and where a message is not one. */
export const REMOTE_END = 0;
export const REMOTE_MALFORMED = 5;

export const STATE_AT = 1;
export const AGE_AT = 2;
export const CONNECTION_AT = 4;
export const SERIAL_AT = 8;
export const GONE_BYTES = 12;
export const PEER_INFO_HASH_AT = 12;
export const PEER_PEER_ID_AT = 32;
export const PEER_BYTES = 52;
export const TO_CONNECTION_AT = 12;
export const TO_SERIAL_AT = 16;
export const TO_ID_AT = 20;
export const TEXT_BYTES_AT = 40;
export const TEXT_AT = 44;

export const REMOTE_SEEDER = 0x80;
export const REMOTE_COMPLETED = 0x40;
export const REMOTE_LEFT = 0x20;

export const AGE_SECONDS_MAX = 0xffff;
