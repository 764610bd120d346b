/**
 * Writes records of torrents into the body of one chunk (layout.ts). Pure: one memory, made once and filled anew for every
 * chunk. Called by whoever sends swarms: the writer of snapshots.
 *
 *     writer.torrent(infoHashes, at, completed, state, 1, 0);
 *     writer.peerIpv4(address, port, PEER_SEEDER | age);
 *
 * Addresses and ports are words and halfwords as they lie in an announce, read in the machine's byte order (little-endian):
 * 10.0.0.1 port 6881 is 0x0100000A and 0xE11A.
 */
import {
  CHUNK_BODY_BYTES_MAX,
  INFO_HASH_BYTES,
  PEER_BYTES_4,
  PEER_BYTES_6,
  RECORD_HEADER_BYTES,
} from "./layout.ts";

export class TorrentWriter {
  /** The body so far: bytes 0 to length − 1. */
  readonly bytes: Uint8Array;
  length = 0;
  records = 0;
  peersIpv4 = 0;
  peersIpv6 = 0;

  constructor(bytesMax: number) {
    if (bytesMax > CHUNK_BODY_BYTES_MAX) throw new RangeError(`${bytesMax} bytes in a chunk`);
    this.bytes = new Uint8Array(bytesMax);
  }

  /** Whether a record with so many peers still fits. */
  hasRoomFor(peersIpv4: number, peersIpv6: number): boolean {
    const bytes = RECORD_HEADER_BYTES + peersIpv4 * PEER_BYTES_4 + peersIpv6 * PEER_BYTES_6;
    return this.length + bytes <= this.bytes.length;
  }

  /** Begins a record, whose peers must follow: first those of IPv4. There must be room for all of it. */
  torrent(
    infoHashes: Uint8Array,
    infoHashAt: number,
    completed: number,
    state: number,
    peersIpv4: number,
    peersIpv6: number,
  ): void {
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < INFO_HASH_BYTES; i++) bytes[at++] = infoHashes[infoHashAt + i] ?? 0;
    bytes[at++] = completed >>> 24;
    bytes[at++] = completed >>> 16;
    bytes[at++] = completed >>> 8;
    bytes[at++] = completed;
    bytes[at++] = state >>> 8;
    bytes[at++] = state;
    bytes[at++] = peersIpv4 >>> 8;
    bytes[at++] = peersIpv4;
    bytes[at++] = peersIpv6 >>> 8;
    bytes[at++] = peersIpv6;
    this.length = at;
    this.records++;
    this.peersIpv4 += peersIpv4;
    this.peersIpv6 += peersIpv6;
  }

  peerIpv4(address: number, port: number, state: number): void {
    this.#word(address);
    this.#portAndState(port, state);
  }

  /** The address is four words from `addressAt`. */
  peerIpv6(words: Int32Array, addressAt: number, port: number, state: number): void {
    for (let i = 0; i < 4; i++) this.#word(words[addressAt + i] ?? 0);
    this.#portAndState(port, state);
  }

  #word(word: number): void {
    const { bytes } = this;
    const at = this.length;
    bytes[at] = word;
    bytes[at + 1] = word >>> 8;
    bytes[at + 2] = word >>> 16;
    bytes[at + 3] = word >>> 24;
    this.length = at + 4;
  }

  #portAndState(port: number, state: number): void {
    const { bytes } = this;
    const at = this.length;
    bytes[at] = port;
    bytes[at + 1] = port >>> 8;
    bytes[at + 2] = state >>> 8;
    bytes[at + 3] = state;
    this.length = at + 4;
  }

  /** Forgets what was written, for the next chunk. */
  clear(): void {
    this.length = 0;
    this.records = 0;
    this.peersIpv4 = 0;
    this.peersIpv6 = 0;
  }
}
