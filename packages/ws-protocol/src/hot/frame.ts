/**
 * The header of a WebSocket frame, read and written (RFC 6455, section 5.2). No extension is ever negotiated, so the
 * three reserved bits must be zero.
 *
 * Called by the message reader and by everyone who sends; the memory is the caller's.
 *
 * | offset | bytes | name | meaning |
 * |---|---|---|---|
 * | 0 | 1 | FIN (0x80), RSV1–3 (0x70), opcode (0x0f) | last fragment?, zero, what it is |
 * | 1 | 1 | MASK (0x80), length (0x7f) | masked?, 0–125, or 126, or 127 |
 * | 2 | 0, 2 or 8 | extended length | big-endian; only the shortest form that fits is allowed |
 * | 2, 4 or 10 | 0 or 4 | masking key | only where MASK is set: clients mask, servers do not |
 *
 * Worked example: `81 85 37 fa 21 3d 7f 9f 4d 51 58` is a final text frame of 5 masked bytes, key 37 fa 21 3d,
 * payload "Hello".
 */

export const OPCODE_CONTINUATION = 0x0;
export const OPCODE_TEXT = 0x1;
export const OPCODE_BINARY = 0x2;
export const OPCODE_CLOSE = 0x8;
export const OPCODE_PING = 0x9;
export const OPCODE_PONG = 0xa;

/** The longest header there is: two bytes, eight of length, four of mask. */
export const FRAME_HEADER_BYTES_MAX = 14;
/** A control frame carries no more than this. */
export const CONTROL_PAYLOAD_BYTES_MAX = 125;

/** The header stands whole in the bytes given. */
export const FRAME_OK = 0;
/** More bytes are needed before the header can be read. */
export const FRAME_MORE = 1;

/** A reserved bit is set though no extension was negotiated. */
export const FRAME_ERROR_RESERVED_BITS = -1;
/** The opcode is one of 3–7, 11–15. */
export const FRAME_ERROR_OPCODE = -2;
/** A client sent a frame without a mask. */
export const FRAME_ERROR_UNMASKED = -3;
/** A server sent a frame with a mask. */
export const FRAME_ERROR_MASKED = -4;
/** A control frame of more than 125 bytes. */
export const FRAME_ERROR_CONTROL_LENGTH = -5;
/** A control frame in fragments. */
export const FRAME_ERROR_CONTROL_FRAGMENTED = -6;
/** The length is written longer than it needs to be, or its highest bit is set. */
export const FRAME_ERROR_LENGTH_FORM = -7;
/** A continuation without a message to continue. */
export const FRAME_ERROR_STRAY_CONTINUATION = -8;
/** A new message before the last one's final fragment. */
export const FRAME_ERROR_INTERRUPTED = -9;
/** A close frame with one byte, or a code that may not go over the wire. */
export const FRAME_ERROR_CLOSE_CODE = -10;
/** Text, or a close reason, that is not UTF-8. */
export const FRAME_ERROR_UTF8 = -11;
/** The message is longer than the reader allows. */
export const FRAME_ERROR_TOO_LONG = -12;
/** The message is in more fragments than the reader allows. */
export const FRAME_ERROR_FRAGMENTS = -13;
/** There is no memory for the rest of a message that comes in pieces. */
export const FRAME_ERROR_NO_ROOM = -14;

/** What the reader found in a header; one per reader, filled anew for each frame. */
export class FrameHeader {
  isFinal = false;
  opcode = 0;
  isMasked = false;
  /** The mask's bytes, the first in the lowest eight bits; 0 without a mask. */
  maskKey = 0;
  headerBytes = 0;
  /** At most 2^53 - 1; anything above 2^31 is as good as infinite. */
  payloadBytes = 0;
}

/** How many bytes a header has, told by its second byte. */
export function frameHeaderBytesOf(secondByte: number): number {
  const short = secondByte & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((secondByte & 0x80) === 0 ? 0 : 4);
}

/**
 * Reads the header at `offset`, of which `available` bytes have come.
 *
 * Returns FRAME_OK, FRAME_MORE or one of FRAME_ERROR_*; the first two bytes are judged as soon as they are there.
 * Whose turn it is to mask is told by `fromClient`.
 */
export function parseFrameHeader(
  bytes: Uint8Array,
  offset: number,
  available: number,
  fromClient: boolean,
  header: FrameHeader,
): number {
  if (available < 2) return FRAME_MORE;
  const first = bytes[offset];
  const second = bytes[offset + 1];
  if ((first & 0x70) !== 0) return FRAME_ERROR_RESERVED_BITS;
  const opcode = first & 0x0f;
  if ((opcode > 2 && opcode < 8) || opcode > 10) return FRAME_ERROR_OPCODE;
  const isMasked = (second & 0x80) !== 0;
  if (isMasked !== fromClient) return fromClient ? FRAME_ERROR_UNMASKED : FRAME_ERROR_MASKED;
  const short = second & 0x7f;
  if (opcode >= OPCODE_CLOSE) {
    if (short > CONTROL_PAYLOAD_BYTES_MAX) return FRAME_ERROR_CONTROL_LENGTH;
    if ((first & 0x80) === 0) return FRAME_ERROR_CONTROL_FRAGMENTED;
  }
  const headerBytes = frameHeaderBytesOf(second);
  if (available < headerBytes) return FRAME_MORE;

  let payloadBytes = short;
  if (short === 126) {
    payloadBytes = (bytes[offset + 2] << 8) | bytes[offset + 3];
    if (payloadBytes < 126) return FRAME_ERROR_LENGTH_FORM;
  } else if (short === 127) {
    const high = readUint32(bytes, offset + 2);
    const low = readUint32(bytes, offset + 6);
    if (high >= 0x80000000 || (high === 0 && low < 0x10000)) return FRAME_ERROR_LENGTH_FORM;
    payloadBytes = high * 0x100000000 + low;
  }
  header.isFinal = (first & 0x80) !== 0;
  header.opcode = opcode;
  header.isMasked = isMasked;
  header.headerBytes = headerBytes;
  header.payloadBytes = payloadBytes;
  const key = offset + headerBytes - 4;
  header.maskKey = isMasked
    ? bytes[key] | (bytes[key + 1] << 8) | (bytes[key + 2] << 16) | (bytes[key + 3] << 24)
    : 0;
  return FRAME_OK;
}

function readUint32(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
  return bytes[offset] * 0x1000000 + low;
}

/** Bytes of the header of a frame without a mask. */
export function frameHeaderBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 0x10000 ? 4 : 10;
}

/**
 * Writes the header of a final, unmasked frame (a server's) and returns the offset of its payload.
 * The payload may have up to 2^31 - 1 bytes.
 */
export function writeFrameHeader(
  out: Uint8Array,
  offset: number,
  opcode: number,
  payloadBytes: number,
): number {
  out[offset] = 0x80 | opcode;
  return writeFrameLength(out, offset + 1, 0, payloadBytes);
}

/**
 * Writes the header of a final, masked frame (a client's) and returns the offset of its payload, which the caller
 * then writes and passes to `unmask` with the same key.
 */
export function writeMaskedFrameHeader(
  out: Uint8Array,
  offset: number,
  opcode: number,
  payloadBytes: number,
  maskKey: number,
): number {
  out[offset] = 0x80 | opcode;
  const key = writeFrameLength(out, offset + 1, 0x80, payloadBytes);
  out[key] = maskKey;
  out[key + 1] = maskKey >>> 8;
  out[key + 2] = maskKey >>> 16;
  out[key + 3] = maskKey >>> 24;
  return key + 4;
}

function writeFrameLength(
  out: Uint8Array,
  offset: number,
  maskBit: number,
  payloadBytes: number,
): number {
  if (payloadBytes < 126) {
    out[offset] = maskBit | payloadBytes;
    return offset + 1;
  }
  if (payloadBytes < 0x10000) {
    out[offset] = maskBit | 126;
    out[offset + 1] = payloadBytes >>> 8;
    out[offset + 2] = payloadBytes;
    return offset + 3;
  }
  out[offset] = maskBit | 127;
  out[offset + 1] = 0;
  out[offset + 2] = 0;
  out[offset + 3] = 0;
  out[offset + 4] = 0;
  out[offset + 5] = payloadBytes >>> 24;
  out[offset + 6] = payloadBytes >>> 16;
  out[offset + 7] = payloadBytes >>> 8;
  out[offset + 8] = payloadBytes;
  return offset + 9;
}

/** Writes a server's close frame with a code and no reason; returns the offset after it. */
export function writeCloseFrame(out: Uint8Array, offset: number, code: number): number {
  const payload = writeFrameHeader(out, offset, OPCODE_CLOSE, 2);
  out[payload] = code >>> 8;
  out[payload + 1] = code;
  return payload + 2;
}
