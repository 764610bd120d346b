/**
 * Swarms as bytes: where every field of a stream of records lies. Pure numbers, for the writer and the reader of streams; a
 * snapshot is such a stream in a file. docs/protocol/records.md says the same in prose, with a worked example.
 *
 * Numbers are big-endian; info hashes, addresses and ports are as they lie in an announce.
 *
 * Stream header, 32 bytes
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     8 | magic: 89 53 57 52 4D 0D 0A 1A, "SWRM" between bytes that a text transfer damages    |
 * |      8 |     2 | version of the stream, 1                                                          |
 * |     10 |     1 | compression of chunk bodies: 0 none, 1 gzip, 2 zstd                               |
 * |     11 |     1 | 0                                                                                 |
 * |     12 |     8 | when the stream was begun: Unix time, seconds                                     |
 * |     20 |     8 | 0                                                                                 |
 * |     28 |     4 | CRC-32 of bytes 0..27                                                             |
 *
 * Chunk header, 40 bytes, and the body behind it
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |     4 | kind: 53 57 41 52 "SWAR" records of torrents, 44 4F 4E 45 "DONE" the end           |
 * |      4 |     4 | number of the chunk in the stream, from 0                                         |
 * |      8 |     4 | seconds from the beginning of the stream to this chunk; its ages count from there   |
 * |     12 |     4 | records in the body                                                               |
 * |     16 |     4 | IPv4 peers in the body                                                            |
 * |     20 |     4 | IPv6 peers in the body                                                            |
 * |     24 |     4 | bytes of the body before compression, at most 2^20                                |
 * |     28 |     4 | bytes of the body as it follows; as many as before: it is not compressed          |
 * |     32 |     4 | CRC-32 of the body as it follows                                                  |
 * |     36 |     4 | CRC-32 of bytes 0..35                                                             |
 *
 * The body of the end, 32 bytes: the records, IPv4 peers, IPv6 peers and bytes before compression of all chunks together,
 * 8 bytes each. Its number is the number of chunks in front of it; the counts in its header are 0.
 *
 * Record of a torrent
 *
 * | offset | bytes | field                                                                             |
 * |-------:|------:|-----------------------------------------------------------------------------------|
 * |      0 |    20 | info hash                                                                         |
 * |     20 |     4 | completed                                                                         |
 * |     24 |     2 | bit 15: a peer has announced more than once; bits 0..13: hours without peers      |
 * |     26 |     2 | n, IPv4 peers that follow                                                         |
 * |     28 |     2 | m, IPv6 peers that follow those                                                   |
 * |     30 |    8n | IPv4 peers: address 4, port 2, state 2                                            |
 * |        |   20m | IPv6 peers: address 16, port 2, state 2                                           |
 *
 * State of a peer: bit 15 seeder, bit 14 paused, bit 13 its completed announce has been counted, bits 0..12 the time since
 * its last announce in units of 4 seconds; 8191 also stands for anything older.
 *
 * A swarm that does not fit comes in several records of the same info hash.
 */

export const STREAM_MAGIC: readonly number[] = [0x89, 0x53, 0x57, 0x52, 0x4d, 0x0d, 0x0a, 0x1a];
export const STREAM_VERSION = 1;
export const STREAM_HEADER_BYTES = 32;
export const STREAM_VERSION_AT = 8;
export const STREAM_COMPRESSION_AT = 10;
export const STREAM_TIME_AT = 12;
export const STREAM_CRC_AT = 28;

export const CHUNK_HEADER_BYTES = 40;
export const CHUNK_SWARMS = 0x53574152;
export const CHUNK_END = 0x444f4e45;
export const CHUNK_NUMBER_AT = 4;
export const CHUNK_SECONDS_AT = 8;
export const CHUNK_RECORDS_AT = 12;
export const CHUNK_PEERS_4_AT = 16;
export const CHUNK_PEERS_6_AT = 20;
export const CHUNK_BODY_BYTES_AT = 24;
export const CHUNK_STORED_BYTES_AT = 28;
export const CHUNK_BODY_CRC_AT = 32;
export const CHUNK_CRC_AT = 36;
/** What a reader takes; a writer of this project makes chunks of a quarter of it. */
export const CHUNK_BODY_BYTES_MAX = 2 ** 20;
export const END_BODY_BYTES = 32;

export const RECORD_HEADER_BYTES = 30;
export const INFO_HASH_BYTES = 20;
export const RECORD_COMPLETED_AT = 20;
export const RECORD_STATE_AT = 24;
export const RECORD_PEERS_4_AT = 26;
export const RECORD_PEERS_6_AT = 28;

/** Bit of a record's state: a peer of the torrent has announced more than once. */
export const RECORD_RENEWED = 0x8000;
/** Bits of a record's state: hours for which the torrent has had no peers. */
export const RECORD_HOURS_MASK = 0x3fff;

export const PEER_BYTES_4 = 8;
export const PEER_BYTES_6 = 20;

/** Bits of a peer's state. */
export const PEER_SEEDER = 0x8000;
export const PEER_PAUSED = 0x4000;
export const PEER_COMPLETED = 0x2000;
export const PEER_AGE_MASK = 0x1fff;
/** Unit of a peer's age. */
export const AGE_UNIT_SECONDS = 4;
