/**
 * A message to workers of other nodes as it grows, record by record. Layout: remote-layout.ts.
 *
 * Made and owned by the worker's `RemoteOutbox`, which sends it and begins anew.
 */
import { writeId } from "./id-words.ts";
import {
  AGE_AT,
  CONNECTION_AT,
  GONE_BYTES,
  PEER_BYTES,
  PEER_INFO_HASH_AT,
  PEER_PEER_ID_AT,
  REMOTE_GONE,
  REMOTE_HEAD_BYTES,
  REMOTE_LAYOUT,
  REMOTE_PEER,
  SERIAL_AT,
  STATE_AT,
  TEXT_AT,
  TEXT_BYTES_AT,
  TO_CONNECTION_AT,
  TO_ID_AT,
  TO_SERIAL_AT,
} from "./remote-layout.ts";

/** A message is sent when the next record would make it longer; one record alone may be longer. */
export const REMOTE_BATCH_BYTES: number = 64 * 1024;

export class RemoteBatch {
  /** Whom it is for: a node, or ALL_NODES, and the worker there. */
  node = 0;
  lane = 0;
  bytes: Uint8Array = new Uint8Array(REMOTE_BATCH_BYTES);
  length = 0;
  /** Records of each kind, REMOTE_…, for who counts. */
  peers = 0;
  offers = 0;
  answers = 0;

  /** Begins a message of a worker. */
  begin(node: number, lane: number, fromLane: number): void {
    // One that a long record has made long would stay so.
    if (this.bytes.length > REMOTE_BATCH_BYTES) this.bytes = new Uint8Array(REMOTE_BATCH_BYTES); // hot-allow: after a long one
    this.node = node;
    this.lane = lane;
    this.peers = 0;
    this.offers = 0;
    this.answers = 0;
    this.bytes[0] = REMOTE_LAYOUT;
    this.bytes[1] = fromLane;
    this.length = REMOTE_HEAD_BYTES;
  }

  get isEmpty(): boolean {
    return this.length <= REMOTE_HEAD_BYTES;
  }

  /** Whether the message should go out before a record of so many bytes. */
  isFullFor(bytes: number): boolean {
    return !this.isEmpty && this.length + bytes > REMOTE_BATCH_BYTES;
  }

  /** The words hold a torrent's info hash and a peer's id. */
  writePeer(
    state: number,
    ageSeconds: number,
    connection: number,
    serial: number,
    infoHashes: Int32Array,
    infoHashAt: number,
    peerIds: Int32Array,
    peerIdAt: number,
  ): void {
    const at = this.beginRecord(REMOTE_PEER, PEER_BYTES, state, connection, serial);
    const { bytes } = this;
    bytes[at + AGE_AT] = ageSeconds >>> 8;
    bytes[at + AGE_AT + 1] = ageSeconds;
    writeId(infoHashes, infoHashAt, bytes, at + PEER_INFO_HASH_AT);
    writeId(peerIds, peerIdAt, bytes, at + PEER_PEER_ID_AT);
    this.peers++;
  }

  writeGone(connection: number, serial: number): void {
    this.beginRecord(REMOTE_GONE, GONE_BYTES, 0, connection, serial);
    this.peers++;
  }

  /** Makes room for an offer or an answer; its text is to be written at the offset that is returned, at once. */
  writeTo(
    kind: number,
    state: number,
    connection: number,
    serial: number,
    toConnection: number,
    toSerial: number,
    toIds: Int32Array,
    toIdAt: number,
    textBytes: number,
  ): number {
    const at = this.beginRecord(kind, TEXT_AT + textBytes, state, connection, serial);
    const { bytes } = this;
    writeUint32(bytes, at + TO_CONNECTION_AT, toConnection);
    writeUint32(bytes, at + TO_SERIAL_AT, toSerial);
    writeId(toIds, toIdAt, bytes, at + TO_ID_AT);
    writeUint32(bytes, at + TEXT_BYTES_AT, textBytes);
    return at + TEXT_AT;
  }

  private beginRecord(
    kind: number,
    recordBytes: number,
    state: number,
    connection: number,
    serial: number,
  ): number {
    const at = this.length;
    this.length += recordBytes;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(this.length); // hot-allow: for a record that is longer than a batch
      larger.set(this.bytes.subarray(0, at)); // hot-allow: the same
      this.bytes = larger;
    }
    const { bytes } = this;
    bytes[at] = kind;
    bytes[at + STATE_AT] = state;
    bytes[at + AGE_AT] = 0;
    bytes[at + AGE_AT + 1] = 0;
    writeUint32(bytes, at + CONNECTION_AT, connection);
    writeUint32(bytes, at + SERIAL_AT, serial);
    return at;
  }
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
