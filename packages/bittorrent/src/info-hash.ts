/**
 * Info hash and peer id sizes, and the hexadecimal text of an info hash.
 *
 * Called by access lists, log lines and tools, never per packet: requests carry info hashes as raw bytes and stay that way. An info hash is the SHA-1 of a torrent's info dictionary (BEP 3) or the first 20 bytes of its
 * SHA-256 (BEP 52); a tracker cannot and need not tell the two apart.
 */

/** Bytes of an info hash on every wire (BEP 3, BEP 15, BEP 52 truncated). */
export const INFO_HASH_BYTES = 20;

/** The same in words of an Int32Array, as tables that search for info hashes have it. */
export const INFO_HASH_WORDS: number = INFO_HASH_BYTES / 4;

/** Bytes of a peer id (BEP 3). */
export const PEER_ID_BYTES = 20;

/** Characters of an info hash written in hexadecimal. */
export const INFO_HASH_HEX_CHARACTERS = 40;

const HEX_DIGITS = "0123456789abcdef";

/** The value 0..15 of an ASCII hexadecimal digit in either case, or -1. */
export function hexDigitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x66) return lower - 0x57;
  return -1;
}

/** 40 lower-case hexadecimal digits for the 20 bytes at `offset`. */
export function infoHashToHex(bytes: Uint8Array, offset = 0): string {
  if (offset < 0 || offset + INFO_HASH_BYTES > bytes.length)
    throw new RangeError(`no ${INFO_HASH_BYTES} bytes at offset ${offset} of ${bytes.length}`);
  let text = "";
  for (const byte of bytes.subarray(offset, offset + INFO_HASH_BYTES))
    text += HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15);
  return text;
}
