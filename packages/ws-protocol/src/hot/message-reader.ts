/**
 * The stream of bytes from one WebSocket peer, cut into messages (RFC 6455, sections 5.4–5.6 and 7).
 *
 * One per connection, owned by the worker of the connection: `push` a chunk as it comes from the socket, then call
 * `next` until it says READ_MORE. A message that lies whole in a chunk is unmasked there and handed out where it
 * lies; only one that comes in pieces is gathered in a buffer of the pool, which grows with the bytes that have
 * really come and never beyond `messageBytesMax`. Nothing is kept of a connection between messages.
 */
import type { BytePool } from "./byte-pool.ts";
import { CLOSE_NONE, closeCodeOf, isCloseCode } from "./close-codes.ts";
import {
  FRAME_ERROR_CLOSE_CODE,
  FRAME_ERROR_FRAGMENTS,
  FRAME_ERROR_INTERRUPTED,
  FRAME_ERROR_NO_ROOM,
  FRAME_ERROR_STRAY_CONTINUATION,
  FRAME_ERROR_TOO_LONG,
  FRAME_ERROR_UTF8,
  FRAME_MORE,
  FRAME_OK,
  FrameHeader,
  frameHeaderBytesOf,
  OPCODE_CLOSE,
  OPCODE_CONTINUATION,
  OPCODE_PING,
  OPCODE_TEXT,
  parseFrameHeader,
} from "./frame.ts";
import { unmask } from "./unmask.ts";
import { isUtf8 } from "./utf8.ts";

/** Nothing is complete: push the next chunk. */
export const READ_MORE = 0;
export const READ_TEXT = 1;
export const READ_BINARY = 2;
export const READ_PING = 3;
export const READ_PONG = 4;
/** The peer closes; `closeCode` says why (CLOSE_NONE where it did not say). Nothing follows. */
export const READ_CLOSE = 5;
/** The peer broke the protocol; `failure` says how, `closeCode` what to tell it. Nothing follows. */
export const READ_FAILED = 6;

/** More fragments than any sender has a reason for: the smallest useful message would be cut into bytes. */
export const FRAGMENTS_MAX = 4096;

/** The header of the frame that a reader of this thread is at; none is needed between two calls. */
const header = new FrameHeader();

const NOTHING = new Uint8Array(0);

export class MessageReader {
  /** Where the message lies that `next` has just handed out; good until the next call of `next` or `push`. */
  bytes: Uint8Array = NOTHING;
  offset = 0;
  length = 0;
  closeCode = 0;
  /** One of FRAME_ERROR_* after READ_FAILED. */
  failure = 0;

  private readonly pool: BytePool;
  private readonly fromClient: boolean;
  private readonly messageBytesMax: number;
  private readonly checksText: boolean;
  private chunk: Uint8Array = NOTHING;
  private chunkOffset = 0;
  private chunkEnd = 0;
  /** A frame of which some bytes have come in earlier chunks, header included. */
  private frame: Uint8Array = NOTHING;
  private frameLength = 0;
  /** Where the payload of the frame just taken lies. */
  private payload: Uint8Array = NOTHING;
  private payloadOffset = 0;
  private isFrameHandedOut = false;
  /** A message of which some fragments have come, without headers and masks. */
  private message: Uint8Array = NOTHING;
  private messageLength = 0;
  private messageOpcode = 0;
  private fragments = 0;
  private isMessageHandedOut = false;
  private isFinished = false;

  /**
   * `fromClient`: whether the bytes come from a client (and so must be masked).
   * `checksText`: false where the receiver checks the UTF-8 of text itself while reading it.
   */
  constructor(pool: BytePool, fromClient: boolean, messageBytesMax: number, checksText: boolean) {
    this.pool = pool;
    this.fromClient = fromClient;
    this.messageBytesMax = messageBytesMax;
    this.checksText = checksText;
  }

  /** Takes a chunk, which is overwritten (unmasked) in place and let go of at READ_MORE. */
  push(bytes: Uint8Array, offset: number, length: number): void {
    this.chunk = bytes;
    this.chunkOffset = offset;
    this.chunkEnd = offset + length;
  }

  /** The next thing in the stream: one of READ_*. */
  next(): number {
    if (this.isFrameHandedOut) this.dropFrame();
    if (this.isMessageHandedOut) this.dropMessage();
    while (!this.isFinished) {
      const status = this.takeFrame();
      if (status === FRAME_MORE) {
        this.chunk = NOTHING;
        return READ_MORE;
      }
      if (status !== FRAME_OK) return this.fail(status);
      const opcode = header.opcode;
      const read = opcode >= OPCODE_CLOSE ? this.readControl(opcode) : this.readData(opcode);
      if (read !== READ_MORE) return read;
      if (this.isFrameHandedOut) this.dropFrame();
    }
    return READ_MORE;
  }

  /** Gives every buffer back; call it when the connection is gone. */
  close(): void {
    this.isFinished = true;
    this.dropFrame();
    this.dropMessage();
    this.chunk = NOTHING;
    this.payload = NOTHING;
    this.bytes = NOTHING;
  }

  /** Bytes held for messages that are not complete yet. */
  get heldBytes(): number {
    return this.frame.length + this.message.length;
  }

  /** Finds the next whole frame and takes its mask off: FRAME_OK, FRAME_MORE or an error. */
  private takeFrame(): number {
    if (this.frameLength > 0) return this.completeFrame();
    const available = this.chunkEnd - this.chunkOffset;
    const status = parseFrameHeader(
      this.chunk,
      this.chunkOffset,
      available,
      this.fromClient,
      header,
    );
    if (status < 0) return status;
    if (status === FRAME_OK) {
      if (this.isTooLong()) return FRAME_ERROR_TOO_LONG;
      const frameBytes = header.headerBytes + header.payloadBytes;
      if (available >= frameBytes) {
        this.setPayload(this.chunk, this.chunkOffset + header.headerBytes);
        this.chunkOffset += frameBytes;
        return FRAME_OK;
      }
    }
    if (available > 0 && !this.gather(available)) return FRAME_ERROR_NO_ROOM;
    return FRAME_MORE;
  }

  /** Goes on with a frame that earlier chunks have begun. */
  private completeFrame(): number {
    for (;;) {
      const status = parseFrameHeader(this.frame, 0, this.frameLength, this.fromClient, header);
      if (status < 0) return status;
      let wanted = this.frameLength < 2 ? 2 : frameHeaderBytesOf(this.frame[1]);
      if (status === FRAME_OK) {
        if (this.isTooLong()) return FRAME_ERROR_TOO_LONG;
        wanted = header.headerBytes + header.payloadBytes;
        if (this.frameLength === wanted) {
          this.setPayload(this.frame, header.headerBytes);
          this.isFrameHandedOut = true;
          return FRAME_OK;
        }
      }
      const available = this.chunkEnd - this.chunkOffset;
      if (available === 0) return FRAME_MORE;
      if (!this.gather(Math.min(available, wanted - this.frameLength))) return FRAME_ERROR_NO_ROOM;
    }
  }

  private isTooLong(): boolean {
    return (
      header.opcode < OPCODE_CLOSE &&
      header.payloadBytes > this.messageBytesMax - this.messageLength
    );
  }

  private setPayload(bytes: Uint8Array, offset: number): void {
    this.payload = bytes;
    this.payloadOffset = offset;
    if (header.isMasked) unmask(bytes, offset, header.payloadBytes, header.maskKey);
  }

  /** Whether a buffer of so many bytes is there or may be taken. */
  private hasRoom(bytes: Uint8Array, wanted: number): boolean {
    return wanted <= bytes.length || this.pool.allows(wanted);
  }

  /** Moves bytes of the chunk to the buffer of the unfinished frame; false where there is no memory for them. */
  private gather(count: number): boolean {
    if (!this.hasRoom(this.frame, this.frameLength + count)) return false;
    this.frame = this.grown(this.frame, this.frameLength, this.frameLength + count);
    const from = this.chunkOffset;
    const part = this.chunk.subarray(from, from + count); // hot-allow: only of a frame that comes in pieces
    this.frame.set(part, this.frameLength);
    this.frameLength += count;
    this.chunkOffset += count;
    return true;
  }

  private grown(bytes: Uint8Array, used: number, wanted: number): Uint8Array {
    if (bytes.length >= wanted) return bytes;
    const larger = this.pool.take(Math.max(wanted, bytes.length * 2));
    if (bytes.length > 0) {
      larger.set(bytes.subarray(0, used)); // hot-allow: as the buffer doubles
      this.pool.give(bytes);
    }
    return larger;
  }

  private readControl(opcode: number): number {
    const length = header.payloadBytes;
    this.handOut(this.payload, this.payloadOffset, length);
    if (opcode === OPCODE_PING) return READ_PING;
    if (opcode !== OPCODE_CLOSE) return READ_PONG;
    if (length === 0) {
      this.closeCode = CLOSE_NONE;
    } else {
      const code = (this.bytes[this.offset] << 8) | this.bytes[this.offset + 1];
      if (length === 1 || !isCloseCode(code)) return this.fail(FRAME_ERROR_CLOSE_CODE);
      if (!isUtf8(this.bytes, this.offset + 2, length - 2)) return this.fail(FRAME_ERROR_UTF8);
      this.closeCode = code;
    }
    this.isFinished = true;
    return READ_CLOSE;
  }

  private readData(opcode: number): number {
    const isContinuation = opcode === OPCODE_CONTINUATION;
    if (isContinuation !== this.fragments > 0)
      return this.fail(isContinuation ? FRAME_ERROR_STRAY_CONTINUATION : FRAME_ERROR_INTERRUPTED);
    if (!isContinuation && header.isFinal)
      return this.readMessage(opcode, this.payload, this.payloadOffset, header.payloadBytes);

    if (!isContinuation) this.messageOpcode = opcode;
    this.fragments++;
    if (this.fragments > FRAGMENTS_MAX) return this.fail(FRAME_ERROR_FRAGMENTS);
    const length = this.messageLength + header.payloadBytes;
    if (!this.hasRoom(this.message, length)) return this.fail(FRAME_ERROR_NO_ROOM);
    this.message = this.grown(this.message, this.messageLength, length);
    const end = this.payloadOffset + header.payloadBytes;
    const part = this.payload.subarray(this.payloadOffset, end); // hot-allow: only of a message in fragments
    this.message.set(part, this.messageLength);
    this.messageLength = length;
    if (!header.isFinal) return READ_MORE;
    this.isMessageHandedOut = true;
    return this.readMessage(this.messageOpcode, this.message, 0, length);
  }

  private readMessage(opcode: number, bytes: Uint8Array, offset: number, length: number): number {
    this.handOut(bytes, offset, length);
    if (opcode !== OPCODE_TEXT) return READ_BINARY;
    if (this.checksText && !isUtf8(bytes, offset, length)) return this.fail(FRAME_ERROR_UTF8);
    return READ_TEXT;
  }

  private handOut(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
  }

  private fail(failure: number): number {
    this.failure = failure;
    this.closeCode = closeCodeOf(failure);
    this.close();
    return READ_FAILED;
  }

  private dropFrame(): void {
    if (this.frame.length > 0) this.pool.give(this.frame);
    this.frame = NOTHING;
    this.frameLength = 0;
    this.isFrameHandedOut = false;
  }

  private dropMessage(): void {
    if (this.message.length > 0) this.pool.give(this.message);
    this.message = NOTHING;
    this.messageLength = 0;
    this.fragments = 0;
    this.isMessageHandedOut = false;
  }
}
