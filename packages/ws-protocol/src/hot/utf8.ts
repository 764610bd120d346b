/**
 * Is this UTF-8? RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Called by the message reader for text messages and close reasons, and by the JSON scanner for the characters of a
 * string that are not ASCII. Reads the caller's bytes only.
 */

/**
 * The position after the multi-byte character that starts at `position`, or -1 where the bytes are not a character.
 * The byte at `position` is 0x80 or above.
 */
export function skipUtf8Character(bytes: Uint8Array, position: number, end: number): number {
  const first = bytes[position];
  if (first < 0xc2) return -1;
  if (position + 1 >= end) return -1;
  const second = bytes[position + 1];
  if ((second & 0xc0) !== 0x80) return -1;
  if (first < 0xe0) return position + 2;
  if (position + 2 >= end || (bytes[position + 2] & 0xc0) !== 0x80) return -1;
  if (first < 0xf0) {
    if (first === 0xe0 && second < 0xa0) return -1;
    if (first === 0xed && second > 0x9f) return -1;
    return position + 3;
  }
  if (first > 0xf4 || position + 3 >= end || (bytes[position + 3] & 0xc0) !== 0x80) return -1;
  if (first === 0xf0 && second < 0x90) return -1;
  if (first === 0xf4 && second > 0x8f) return -1;
  return position + 4;
}

/** Whether the `length` bytes from `offset` are UTF-8 from the first to the last. */
export function isUtf8(bytes: Uint8Array, offset: number, length: number): boolean {
  const end = offset + length;
  let position = offset;
  while (position < end) {
    if (bytes[position] < 0x80) {
      position++;
    } else {
      position = skipUtf8Character(bytes, position, end);
      if (position < 0) return false;
    }
  }
  return true;
}
