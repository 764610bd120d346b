/**
 * One WebSocket connection as the worker that holds it keeps it: its reader, what waits to be sent.
 *
 * Made by the tracker's `open`; everything here is that worker's. An idle connection holds no buffers: those for
 * reading and for sending come from the worker's pool and go back to it. It takes 430 bytes of heap (Node 20; Node's
 * socket comes on top); its peers lie elsewhere (peer-layout.ts).
 */
import type { AddressWords } from "@swarmtide/metrics";
import { type BytePool, MessageReader } from "@swarmtide/ws-protocol";
import type { AnnouncingConnection } from "./delivery.ts";

/** The socket behind a connection, as its owner sees it. */
export interface ConnectionSink {
  /** Who is at the other end, for the log where the client is not known; undefined where that is not known any more. */
  readonly address?: AddressWords | undefined;
  /**
   * Sends the bytes after all earlier ones. They belong to the sink until the owner has told the tracker by `written`
   * that they have left, once for each call of `write` and in their order; it may tell from within `write`.
   */
  write(bytes: Uint8Array): void;
  /** Ends the connection once what was written has left; where `isAborted`, at once. */
  close(isAborted: boolean): void;
}

/** Open: messages are read. */
export const CONNECTION_OPEN = 0;
/** The last frames go out with the next flush, then the socket is closed. */
export const CONNECTION_CLOSING = 1;
/** Nothing more goes in or out. */
export const CONNECTION_CLOSED = 2;

/** With so much in the socket that has not left, no more is given to it. */
const HELD_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** Writes that were made while an earlier one had not left. */
class LaterWrites {
  readonly buffers: Uint8Array[] = [];
  readonly lengths: number[] = [];
}

export class Connection implements AnnouncingConnection {
  readonly worker: number;
  readonly connectionSlot: number;
  readonly connectionSerial: number;
  readonly addressHash: number;
  readonly sink: ConnectionSink;
  /** 0 for IPv4, 1 for IPv6: the place of its counters among those of both. */
  readonly familyIndex: 0 | 1;
  readonly reader: MessageReader;
  /** Peers that it has, in all torrents; the workers that own those tell. */
  peers = 0;
  /** Whether other workers have heard of it, and have to hear of its end. */
  isKnownElsewhere = false;
  state = CONNECTION_OPEN;
  /** Whether the socket is not worth waiting for when closing. */
  isAborted = false;
  /** Whether it stands in the tracker's list of connections to be flushed. */
  isDirty = false;
  /** When the last message or pong came, in milliseconds of the tracker's clock. */
  heardMilliseconds: number;
  /** When it last was in a torrent. */
  usedMilliseconds: number;
  isPinged = false;
  /** When the socket last took something, or had nothing to take. */
  writtenMilliseconds: number;
  /** Whether replies are owed to its peers. */
  isOwedReplies = false;
  /** Messages it may still send, as of `tokensMilliseconds`. */
  tokens: number;
  tokensMilliseconds: number;
  /** Bytes given to the sink and not reported as written. */
  unsentBytes = 0;
  private pending: Uint8Array = NOTHING;
  private pendingLength = 0;
  /** Answers that came while the socket was behind: they go out before all else that waits. */
  private urgent: Uint8Array = NOTHING;
  urgentLength = 0;
  /** The oldest write that has not left, and how many bytes of the buffer it is; and those after it. */
  private oldest: Uint8Array = NOTHING;
  private oldestLength = 0;
  private later: LaterWrites | undefined = undefined;
  private readonly pool: BytePool;

  constructor(
    address: AnnouncingConnection,
    sink: ConnectionSink,
    family: 4 | 6,
    pool: BytePool,
    messageBytesMax: number,
    nowMilliseconds: number,
    tokens: number,
  ) {
    this.worker = address.worker;
    this.connectionSlot = address.connectionSlot;
    this.connectionSerial = address.connectionSerial;
    this.addressHash = address.addressHash;
    this.sink = sink;
    this.familyIndex = family === 6 ? 1 : 0;
    this.pool = pool;
    // The request parser checks UTF-8 itself.
    this.reader = new MessageReader(pool, true, messageBytesMax, false);
    this.heardMilliseconds = nowMilliseconds;
    this.usedMilliseconds = nowMilliseconds;
    this.writtenMilliseconds = nowMilliseconds;
    this.tokensMilliseconds = nowMilliseconds;
    this.tokens = tokens;
  }

  /** Bytes that wait: with the sink, and here for the end of the tick. */
  get waitingBytes(): number {
    return this.unsentBytes + this.pendingLength + this.urgentLength;
  }

  /** Whether the socket has enough that has not left: what is to be sent stays here, where answers can overtake. */
  get isHeld(): boolean {
    return this.unsentBytes >= HELD_BYTES;
  }

  /** The buffer of answers that overtake; good until the next `appendUrgent`. */
  get urgentBytes(): Uint8Array {
    return this.urgent;
  }

  /** Makes room for an answer and returns where it goes in `urgentBytes`. */
  appendUrgent(bytes: number): number {
    const at = this.urgentLength;
    this.urgent = this.grown(this.urgent, at, at + bytes);
    this.urgentLength = at + bytes;
    return at;
  }

  private grown(buffer: Uint8Array, used: number, wanted: number): Uint8Array {
    if (wanted <= buffer.length) return buffer;
    const larger = this.pool.take(Math.max(wanted, 2 * buffer.length));
    if (buffer.length > 0) {
      larger.set(buffer.subarray(0, used)); // hot-allow: as the buffer doubles
      this.pool.give(buffer);
    }
    return larger;
  }

  /** The buffer of what goes out with this tick; good until the next `append`. */
  get pendingBytes(): Uint8Array {
    return this.pending;
  }

  /** Makes room for so many more bytes and returns where they go in `pendingBytes`. */
  append(bytes: number): number {
    const at = this.pendingLength;
    this.pending = this.grown(this.pending, at, at + bytes);
    this.pendingLength = at + bytes;
    return at;
  }

  /**
   * Gives what waits to the sink, answers that overtake first and the rest in one write, unless the socket is behind;
   * returns how many bytes.
   */
  flush(nowMilliseconds: number): number {
    if (this.isHeld && this.state === CONNECTION_OPEN) return 0;
    if (this.unsentBytes === 0) this.writtenMilliseconds = nowMilliseconds;
    const { urgent, urgentLength, pending, pendingLength } = this;
    this.urgent = NOTHING;
    this.urgentLength = 0;
    this.pending = NOTHING;
    this.pendingLength = 0;
    if (urgentLength > 0) this.write(urgent, urgentLength);
    if (pendingLength > 0) this.write(pending, pendingLength);
    return urgentLength + pendingLength;
  }

  private write(bytes: Uint8Array, length: number): void {
    this.unsentBytes += length;
    if (this.oldestLength === 0) {
      this.oldest = bytes;
      this.oldestLength = length;
    } else {
      if (this.later === undefined) this.later = new LaterWrites(); // hot-allow: where the socket is behind
      this.later.buffers.push(bytes);
      this.later.lengths.push(length);
    }
    this.sink.write(bytes.subarray(0, length)); // hot-allow: what a socket takes, once a round
  }

  /** The oldest write has left: its buffer is free again. */
  written(): void {
    if (this.oldestLength === 0) throw new Error("a connection reports a write that was not made"); // hot-allow: a bug of the caller
    this.unsentBytes -= this.oldestLength;
    this.pool.give(this.oldest);
    const { later } = this;
    this.oldest = later?.buffers.shift() ?? NOTHING;
    this.oldestLength = later?.lengths.shift() ?? 0;
    if (later !== undefined && later.lengths.length === 0) this.later = undefined;
  }

  /** Lets go of the reader's buffers and of what was to be sent; what the sink has stays until it is written. */
  release(): void {
    this.reader.close();
    if (this.pending.length > 0) this.pool.give(this.pending);
    if (this.urgent.length > 0) this.pool.give(this.urgent);
    this.pending = NOTHING;
    this.pendingLength = 0;
    this.urgent = NOTHING;
    this.urgentLength = 0;
  }
}
