/**
 * CRC-32 as zlib, gzip and PNG compute it (reflected polynomial 0xEDB88320): guards the headers and bodies of a stream of
 * records. Pure. zlib's own where Node has it (20.15): some ten times as fast as the table.
 *
 * Example: the CRC-32 of the nine characters "123456789" is 0xCBF43926.
 */
import * as zlib from "node:zlib";

const POLYNOMIAL = 0xedb88320;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ POLYNOMIAL;
  return remainder;
});

/** Byte by byte, for a Node without zlib.crc32. */
export function crc32ByTable(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/** The CRC-32 of some bytes, 0 to 2^32 − 1. */
export const crc32: (bytes: Uint8Array) => number = zlib.crc32 ?? crc32ByTable;
