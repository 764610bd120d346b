/**
 * Bencode (BEP 3) written into a caller's buffer. Each function takes the offset to write at and returns the offset
 * behind what it wrote; the caller has made sure of the room. Called for every answer of the HTTP tracker.
 */

const ZERO = 0x30;
const COLON = 0x3a;
const END = 0x65;
const INTEGER = 0x69;

/** Below this, `| 0` divides faster than `Math.floor`. */
const INT32_END = 0x80000000;

/** The number of decimal digits of an integer from 0 to `Number.MAX_SAFE_INTEGER`. */
export function decimalDigits(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes an integer from 0 to `Number.MAX_SAFE_INTEGER` in decimal. */
export function writeDecimal(output: Uint8Array, offset: number, value: number): number {
  const end = offset + decimalDigits(value);
  writeDecimalBefore(output, end, value);
  return end;
}

/** Writes an integer in decimal so that its last digit stands just before `end`; returns where it begins. */
export function writeDecimalBefore(output: Uint8Array, end: number, value: number): number {
  let at = end;
  while (value >= INT32_END) {
    const rest = Math.floor(value / 10);
    output[--at] = ZERO + (value - rest * 10);
    value = rest;
  }
  do {
    const rest = (value / 10) | 0;
    output[--at] = ZERO + (value - rest * 10);
    value = rest;
  } while (value !== 0);
  return at;
}

/** Writes `i<value>e`. */
export function writeInteger(output: Uint8Array, offset: number, value: number): number {
  output[offset] = INTEGER;
  const end = writeDecimal(output, offset + 1, value);
  output[end] = END;
  return end + 1;
}

/** Writes bytes as they are: keys with their length prefix are constants of the caller. */
export function writeBytes(output: Uint8Array, offset: number, bytes: Uint8Array): number {
  const length = bytes.length;
  for (let i = 0; i < length; i++) output[offset + i] = bytes[i];
  return offset + length;
}

/** Writes source[start..start + length) as `<length>:<bytes>`. */
export function writeByteString(
  output: Uint8Array,
  offset: number,
  source: Uint8Array,
  start: number,
  length: number,
): number {
  let at = writeDecimal(output, offset, length);
  output[at++] = COLON;
  for (let i = 0; i < length; i++) output[at + i] = source[start + i];
  return at + length;
}
