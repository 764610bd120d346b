/**
 * Messages between the process that runs and the one that takes over, each a frame on their stream. docs/protocol/hand-over.md
 * says which follows which. Pure: bytes to frames and back; frame-channel.ts sends and receives them. Called on the main thread.
 *
 * | offset | bytes | field                                                      |
 * |-------:|------:|------------------------------------------------------------|
 * |      0 |     4 | kind, FRAME_…, big-endian                                   |
 * |      4 |     4 | bytes of the payload, at most 2^21, big-endian              |
 * |      8 |       | payload: JSON, a piece of a stream of records, or changes   |
 *
 * Example: FRAME_PREPARED has no payload: `00 00 00 06 00 00 00 00`.
 */
/** Who this is and, of the running process, what it hands over: JSON. */
export const FRAME_HELLO = 1;
/** Why there is no hand-over: JSON. */
export const FRAME_REFUSED = 2;
/** The places of some sockets as JSON; their descriptors come with it. */
export const FRAME_SOCKETS = 3;
/** The header or one chunk of a stream of records (docs/protocol/records.md). */
export const FRAME_RECORDS = 4;
/** Changes (packages/swarm/src/store/hot/change-log.ts), in the order in which they are to be applied. */
export const FRAME_CHANGES = 5;
/** The new process is ready to serve. */
export const FRAME_PREPARED = 6;
/** The running process holds still; its counters: JSON. */
export const FRAME_GO = 7;
/** The new process serves. */
export const FRAME_RUNNING = 8;
/** The running process lets go. */
export const FRAME_RELEASED = 9;
/** It has finished all connections: nothing follows. */
export const FRAME_END = 10;

const HEADER_BYTES = 8;
const PAYLOAD_BYTES_MAX = 2 ** 21;

export interface Frame {
  readonly kind: number;
  /** Its own memory. */
  readonly payload: Uint8Array;
}

/** Thrown where the other process has gone, is silent for too long or says what it should not. */
export class ChannelFailure extends Error {}

/** The bytes of a frame. */
export function encodeFrame(kind: number, payload: Uint8Array): Buffer {
  if (payload.length > PAYLOAD_BYTES_MAX)
    throw new RangeError(`a message of ${payload.length} bytes: at most ${PAYLOAD_BYTES_MAX}`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(kind, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Cuts what arrives, in pieces of any length, into frames. */
export class FrameReader {
  #received: Buffer = Buffer.alloc(0);

  /** Bytes that have arrived; they are copied. */
  push(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
  }

  /** The next whole frame; undefined where more has to arrive. Throws ChannelFailure where no frame can be so long. */
  next(): Frame | undefined {
    const received = this.#received;
    if (received.length < HEADER_BYTES) return undefined;
    const length = received.readUInt32BE(4);
    if (length > PAYLOAD_BYTES_MAX)
      throw new ChannelFailure(`the other process announced a message of ${length} bytes`);
    if (received.length < HEADER_BYTES + length) return undefined;
    this.#received = received.subarray(HEADER_BYTES + length);
    const payload = new Uint8Array(received.subarray(HEADER_BYTES, HEADER_BYTES + length));
    return { kind: received.readUInt32BE(0), payload };
  }
}
