/**
 * SHA-1 of a short text and base64 of its digest: what the WebSocket handshake needs, so that this package imports
 * no `node:` module. Not for secrets: the handshake only proves that the other side speaks WebSocket.
 *
 * FIPS 180-4, section 6.1; RFC 4648, section 4.
 */

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

  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(80);
  for (let block = 0; block < blocks; block++) {
    for (let index = 0; index < 16; index++)
      words[index] = padded.getInt32((block << 6) + (index << 2));
    for (let index = 16; index < 80; index++)
      words[index] = rotateLeft(
        words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16],
        1,
      );
    mixBlock(state, words);
  }
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => {
    digest.setInt32(index << 2, word);
  });
  return new Uint8Array(digest.buffer);
}

function mixBlock(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d, e] = state;
  for (let round = 0; round < 80; round++) {
    let mixed: number;
    if (round < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (round < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (round < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (rotateLeft(a, 5) + mixed + e + words[round]) | 0;
    e = d;
    d = c;
    c = rotateLeft(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const triple = (bytes[index] << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += BASE64[triple >>> 18];
    text += BASE64[(triple >>> 12) & 63];
    text += index + 1 < bytes.length ? BASE64[(triple >>> 6) & 63] : "=";
    text += index + 2 < bytes.length ? BASE64[triple & 63] : "=";
  }
  return text;
}
