/**
 * Reads the records of torrents in the body of one chunk (layout.ts). Pure, and safe with any bytes: a record that claims
 * more than the body holds ends the reading. Called by whoever receives swarms: the reader of snapshots.
 *
 *     reader.open(body, 0, body.length);
 *     while (reader.next())
 *       for (let i = 0; i < reader.peersIpv4; i++) take(reader.addressWord(reader.peerAtIpv4(i)));
 *
 * Addresses and ports come as they are given to TorrentWriter.
 */
import {
  PEER_BYTES_4,
  PEER_BYTES_6,
  RECORD_COMPLETED_AT,
  RECORD_HEADER_BYTES,
  RECORD_HOURS_MASK,
  RECORD_PEERS_4_AT,
  RECORD_PEERS_6_AT,
  RECORD_RENEWED,
  RECORD_STATE_AT,
} from "./layout.ts";

export class TorrentReader {
  /** Where the info hash of this record begins in `bytes`. */
  infoHashAt = 0;
  completed = 0;
  isRenewed = false;
  hoursEmpty = 0;
  peersIpv4 = 0;
  peersIpv6 = 0;
  /** True once a record did not fit into its body; what came before it is valid. */
  isMalformed = false;
  bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** Reads bytes `start` to `end` − 1 from now on. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.isMalformed = false;
  }

  /** The next record. False at the end, or where the bytes are not a record. */
  next(): boolean {
    const at = this.#at;
    if (at === this.#end) return false;
    if (at + RECORD_HEADER_BYTES > this.#end) return this.#fail();
    const peersIpv4 = this.#halfword(at + RECORD_PEERS_4_AT);
    const peersIpv6 = this.#halfword(at + RECORD_PEERS_6_AT);
    const end = at + RECORD_HEADER_BYTES + peersIpv4 * PEER_BYTES_4 + peersIpv6 * PEER_BYTES_6;
    if (end > this.#end) return this.#fail();
    const state = this.#halfword(at + RECORD_STATE_AT);
    this.infoHashAt = at;
    this.completed =
      this.#halfword(at + RECORD_COMPLETED_AT) * 0x10000 +
      this.#halfword(at + RECORD_COMPLETED_AT + 2);
    this.isRenewed = (state & RECORD_RENEWED) !== 0;
    this.hoursEmpty = state & RECORD_HOURS_MASK;
    this.peersIpv4 = peersIpv4;
    this.peersIpv6 = peersIpv6;
    this.#at = end;
    return true;
  }

  /** Where peer `index` of this record begins in `bytes`. */
  peerAtIpv4(index: number): number {
    return this.infoHashAt + RECORD_HEADER_BYTES + index * PEER_BYTES_4;
  }

  peerAtIpv6(index: number): number {
    return this.peerAtIpv4(this.peersIpv4) + index * PEER_BYTES_6;
  }

  /** Four bytes of an info hash or an address. */
  word(at: number): number {
    const { bytes } = this;
    return (
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    );
  }

  /** The port behind the address of a peer. */
  port(portAt: number): number {
    return (this.bytes[portAt] ?? 0) | ((this.bytes[portAt + 1] ?? 0) << 8);
  }

  /** The state behind the port of a peer, see PEER_…. */
  state(portAt: number): number {
    return this.#halfword(portAt + 2);
  }

  #halfword(at: number): number {
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  #fail(): boolean {
    this.isMalformed = true;
    return false;
  }
}
