/**
 * Info hash and peer id sizes, and the hexadecimal text of an info hash.
 *
 * Called by configuration, access lists, exports and tools, never per packet: requests carry info hashes as raw bytes
 * and stay that way. An info hash is the SHA-1 of a torrent's info dictionary (BEP 3) or the first 20 bytes of its
 * SHA-256 (BEP 52); a tracker cannot and need not tell the two apart.
 */

/** Bytes of an info hash on every wire (BEP 3, BEP 15, BEP 52 truncated). */
export const INFO_HASH_BYTES = 20;

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

/** The 20 bytes that exactly 40 hexadecimal digits (either case) stand for; anything else is `undefined`. */
export function parseInfoHashHex(text: string): Uint8Array | undefined {
  if (text.length !== INFO_HASH_HEX_CHARACTERS) return undefined;
  const infoHash = new Uint8Array(INFO_HASH_BYTES);
  for (let i = 0; i < INFO_HASH_BYTES; i++) {
    const high = hexDigitValue(text.charCodeAt(2 * i));
    const low = hexDigitValue(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    infoHash[i] = (high << 4) | low;
  }
  return infoHash;
}

/** 40 lower-case hexadecimal digits for the 20 bytes at `offset`. */
export function infoHashToHex(bytes: Uint8Array, offset = 0): string {
  if (offset < 0 || offset + INFO_HASH_BYTES > bytes.length)
    throw new RangeError(`no ${INFO_HASH_BYTES} bytes at offset ${offset} of ${bytes.length}`);
  let text = "";
  for (let i = offset; i < offset + INFO_HASH_BYTES; i++)
    text += HEX_DIGITS.charAt(bytes[i] >> 4) + HEX_DIGITS.charAt(bytes[i] & 15);
  return text;
}
