/**
 * SHA-1 of a short text and base64 of its digest: what the WebSocket handshake needs, so that this package imports
 * no `node:` module. Not for secrets: the handshake only proves that the other side speaks WebSocket.
 *
 * FIPS 180-4, section 6.1; RFC 4648, section 4.
 */

/** What the digest starts from. */
const INITIAL = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** The 20-byte digest of bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  // The message, a one bit, zeros, and the message's length in bits as 64 bits: a whole number of 64-byte blocks.
  const blocks = (message.length + 9 + 63) >>> 6;
  const padded = new DataView(new ArrayBuffer(blocks << 6));
  message.forEach((byte, index) => {
    padded.setUint8(index, byte);
  });
  padded.setUint8(message.length, 0x80);
  padded.setUint32(padded.byteLength - 8, Math.floor(message.length / 0x20000000));
  padded.setUint32(padded.byteLength - 4, message.length << 3);

  const digest = new DataView(new ArrayBuffer(20));
  INITIAL.forEach((word, index) => {
    digest.setInt32(index << 2, word);
  });
  const words = new DataView(new ArrayBuffer(80 << 2));
  for (let block = 0; block < blocks; block++) {
    for (let index = 0; index < 16; index++)
      words.setInt32(index << 2, padded.getInt32((block << 6) + (index << 2)));
    for (let index = 16; index < 80; index++)
      words.setInt32(
        index << 2,
        rotateLeft(
          words.getInt32((index - 3) << 2) ^
            words.getInt32((index - 8) << 2) ^
            words.getInt32((index - 14) << 2) ^
            words.getInt32((index - 16) << 2),
          1,
        ),
      );
    mixBlock(digest, words);
  }
  return new Uint8Array(digest.buffer);
}

function mixBlock(digest: DataView, words: DataView): void {
  let a = digest.getInt32(0);
  let b = digest.getInt32(4);
  let c = digest.getInt32(8);
  let d = digest.getInt32(12);
  let e = digest.getInt32(16);
  for (let round = 0; round < 80; round++) {
    let mixed: number;
    if (round < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (round < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (round < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (rotateLeft(a, 5) + mixed + e + words.getInt32(round << 2)) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = next;
  }
  digest.setInt32(0, digest.getInt32(0) + a);
  digest.setInt32(4, digest.getInt32(4) + b);
  digest.setInt32(8, digest.getInt32(8) + c);
  digest.setInt32(12, digest.getInt32(12) + d);
  digest.setInt32(16, digest.getInt32(16) + e);
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(index, index + 3);
    const triple = (first << 16) | (second << 8) | third;
    text += BASE64[triple >>> 18];
    text += BASE64[(triple >>> 12) & 63];
    text += index + 1 < bytes.length ? BASE64[(triple >>> 6) & 63] : "=";
    text += index + 2 < bytes.length ? BASE64[triple & 63] : "=";
  }
  return text;
}
