/**
 * How peers lie in memory: four tables of records (record-table.ts), all off the heap, all of the worker that owns the
 * torrents. A reference is the number of a record, 0 for none. The last word of each record is its chain in an index
 * (linear-index.ts), or the next free record.
 *
 * Torrent, 28 bytes:
 *
 * | word | meaning                                                                                            |
 * |------|----------------------------------------------------------------------------------------------------|
 * | 0–4  | info hash                                                                                          |
 * | 5    | its peers: of one alone ~(2 × peer + 1 for a seeder), of more the node that heads their list        |
 * | 6    | chain                                                                                              |
 *
 * Peer, a member of one torrent, 28 bytes:
 *
 * | word | meaning                                                                                            |
 * |------|----------------------------------------------------------------------------------------------------|
 * | 0    | bits 0–23 identity, 0 for a free record; 24–31 of its serial, bits 24–31                           |
 * | 1    | torrent                                                                                            |
 * | 2    | position in the torrent's list                                                                     |
 * | 3    | bits 0–25 the next peer of its identity; 26–31 of its serial, bits 12–17                           |
 * | 4    | bits 0–25 the previous peer of its identity; 26–31 of its serial, bits 18–23                       |
 * | 5    | bits 0–17 second of its last announce, modulo 2^18; 18–29 of its serial, bits 0–11; 30 has completed; 31 reply owed |
 * | 6    | chain                                                                                              |
 *
 * The serial tells a peer from those that had its record before: the worker's peers are numbered, modulo 2^32, as they come
 * (peer-serials.ts). It lies in bits that the references leave, as a word of its own would make the record longer.
 *
 * Identity, a peer id of one connection, 44 bytes:
 *
 * | word | meaning                                                                                            |
 * |------|----------------------------------------------------------------------------------------------------|
 * | 0–4  | peer id                                                                                            |
 * | 5, 6 | the connection: worker << 24 and slot, serial                                                      |
 * | 7    | its first peer                                                                                     |
 * | 8, 9 | the next and the previous identity of the connection                                               |
 * | 10   | chain                                                                                              |
 *
 * Node of a torrent's list, 32 bytes: eight peers, or eight nodes. The head of a list (member-lists.ts):
 *
 * | word | meaning                                                                                            |
 * |------|----------------------------------------------------------------------------------------------------|
 * | 0    | peers                                                                                              |
 * | 1    | leechers; these stand first                                                                        |
 * | 2    | how many have completed the torrent                                                                |
 * | 3    | depth: 0 where the next four words are peers, else the levels of nodes below them                  |
 * | 4–7  | four peers, or four nodes of 8^depth peers each                                                    |
 *
 * Example: two peers of torrent 7, a leecher (3) and a seeder (9), have the node `00000002 00000001 00000000 00000000
 * 00000003 00000009 00000000 00000000`; word 5 of the torrent is its number. When the seeder leaves, the node is free
 * again and the word is ~(2 × 3) = -7.
 *
 * A membership takes 28 bytes and a share of the indexes, 2.7 bytes a record: 61 with a torrent of its own, 36 in a torrent
 * of a hundred (`npm run bench:members`).
 */

/** The indexes of these tables have two buckets for every three records. */
export const RECORDS_PER_2_BUCKETS = 3;

export const TORRENT_WORDS = 7;
export const TORRENT_PEERS = 5;

/** Bits of a reference to a peer, and to an identity, of which there is one for every four peers. */
export const PEER_BITS = 26;
export const PEER_MASK: number = (1 << PEER_BITS) - 1;
export const IDENTITY_BITS: number = PEER_BITS - 2;
export const IDENTITY_MASK: number = (1 << IDENTITY_BITS) - 1;

export const PEER_WORDS = 7;
export const PEER_IDENTITY = 0;
export const PEER_TORRENT = 1;
export const PEER_POSITION = 2;
export const PEER_NEXT = 3;
export const PEER_PREVIOUS = 4;
export const PEER_STATE = 5;
export const SECOND_BITS = 18;
export const SECOND_MASK: number = (1 << SECOND_BITS) - 1;
export const STATE_COMPLETED: number = 1 << 30;
export const STATE_OWED: number = 1 << 31;

export const IDENTITY_WORDS = 11;
export const IDENTITY_CONNECTION = 5;
export const IDENTITY_SERIAL = 6;
export const IDENTITY_PEERS = 7;
export const IDENTITY_NEXT = 8;
export const IDENTITY_PREVIOUS = 9;

export const NODE_WORDS = 8;
export const NODE_BITS = 3;
export const HEAD_LENGTH = 0;
export const HEAD_LEECHERS = 1;
export const HEAD_COMPLETED = 2;
export const HEAD_DEPTH = 3;
export const HEAD_ROOTS = 4;
export const HEAD_ROOTS_LENGTH = 4;

/** Bits of a connection's slot beside its worker: more sockets than a process may have. */
export const SLOT_BITS = 24;
export const SLOT_MASK: number = (1 << SLOT_BITS) - 1;

/** A connection in one word. */
export function connectionWord(worker: number, slot: number): number {
  return (worker << SLOT_BITS) | slot;
}
