/**
 * One WebSocket connection as the worker that holds it keeps it: its reader, what waits to be sent, its torrents.
 *
 * Made by the tracker's `open`; everything here is that worker's. An idle connection holds no buffers: those for
 * reading and for sending come from the worker's pool and go back to it. Nor does it hold an array for what is rare: an
 * array that something was ever pushed to keeps room for 17. It takes 430 bytes, and 890 more with its peer in a torrent
 * (Node 20; Node's socket comes on top).
 */
import { type BytePool, MessageReader } from "@swarmtide/ws-protocol";
import type { ConnectionAddress } from "./delivery.ts";
import type { IdWords } from "./id-words.ts";

/** The socket behind a connection, as its owner sees it. */
export interface ConnectionSink {
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

/** A connection's peer in one torrent. */
export class Membership {
  readonly connection: Connection;
  readonly slot: number;
  readonly infoHash: IdWords;
  readonly hash: number;
  readonly peerId: IdWords;
  /** The worker that owns the torrent. */
  readonly owner: number;
  /** Place in the connection's list. */
  position = 0;
  announcedSecond = 0;

  constructor(
    connection: Connection,
    slot: number,
    infoHash: IdWords,
    hash: number,
    peerId: IdWords,
    owner: number,
  ) {
    this.connection = connection;
    this.slot = slot;
    this.infoHash = infoHash;
    this.hash = hash;
    this.peerId = peerId;
    this.owner = owner;
  }
}

const NOTHING = new Uint8Array(0);

/** Writes that were made while an earlier one had not left. */
class LaterWrites {
  readonly buffers: Uint8Array[] = [];
  readonly lengths: number[] = [];
}

/** What a connection in no torrent has; never changed. */
const NO_MEMBERSHIPS: Membership[] = [];

export class Connection implements ConnectionAddress {
  readonly worker: number;
  readonly connectionSlot: number;
  readonly connectionSerial: number;
  readonly sink: ConnectionSink;
  readonly reader: MessageReader;
  /** Changed by `Memberships` only. */
  memberships: Membership[] = NO_MEMBERSHIPS;
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
  /** Too much waits to be sent: it is closed at the next flush. */
  isDoomed = false;
  /** The access list against which its torrents were checked last. */
  accessGeneration = 0;
  /** Messages it may still send, as of `heardTokens`. */
  tokens: number;
  tokensMilliseconds: number;
  /** Bytes given to the sink and not reported as written. */
  unsentBytes = 0;
  private pending: Uint8Array = NOTHING;
  private pendingLength = 0;
  /** The oldest write that has not left, and how many bytes of the buffer it is; and those after it. */
  private oldest: Uint8Array = NOTHING;
  private oldestLength = 0;
  private later: LaterWrites | undefined = undefined;
  private readonly pool: BytePool;

  constructor(
    address: ConnectionAddress,
    sink: ConnectionSink,
    pool: BytePool,
    messageBytesMax: number,
    nowMilliseconds: number,
    tokens: number,
  ) {
    this.worker = address.worker;
    this.connectionSlot = address.connectionSlot;
    this.connectionSerial = address.connectionSerial;
    this.sink = sink;
    this.pool = pool;
    // The request parser checks UTF-8 itself.
    this.reader = new MessageReader(pool, true, messageBytesMax, false);
    this.heardMilliseconds = nowMilliseconds;
    this.usedMilliseconds = nowMilliseconds;
    this.tokensMilliseconds = nowMilliseconds;
    this.tokens = tokens;
  }

  /** Bytes that wait: with the sink, and here for the end of the tick. */
  get waitingBytes(): number {
    return this.unsentBytes + this.pendingLength;
  }

  /** The buffer of what goes out with this tick; good until the next `append`. */
  get pendingBytes(): Uint8Array {
    return this.pending;
  }

  /** Makes room for so many more bytes and returns where they go in `pendingBytes`. */
  append(bytes: number): number {
    const wanted = this.pendingLength + bytes;
    if (wanted > this.pending.length) {
      const larger = this.pool.take(Math.max(wanted, 2 * this.pending.length));
      if (this.pending.length > 0) {
        larger.set(this.pending.subarray(0, this.pendingLength));
        this.pool.give(this.pending);
      }
      this.pending = larger;
    }
    const at = this.pendingLength;
    this.pendingLength = wanted;
    return at;
  }

  /** Gives what waits to the sink in one write; returns how many bytes. */
  flush(): number {
    const length = this.pendingLength;
    if (length === 0) return 0;
    const bytes = this.pending;
    this.pending = NOTHING;
    this.pendingLength = 0;
    this.unsentBytes += length;
    if (this.oldestLength === 0) {
      this.oldest = bytes;
      this.oldestLength = length;
    } else {
      if (this.later === undefined) this.later = new LaterWrites();
      this.later.buffers.push(bytes);
      this.later.lengths.push(length);
    }
    this.sink.write(bytes.subarray(0, length));
    return length;
  }

  /** The oldest write has left: its buffer is free again. */
  written(): void {
    if (this.oldestLength === 0) throw new Error("a connection reports a write that was not made");
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
    this.pending = NOTHING;
    this.pendingLength = 0;
  }
}
