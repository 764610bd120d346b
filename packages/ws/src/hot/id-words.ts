/**
 * Twenty bytes as five words: how the tables here keep, compare and hash info hashes, peer ids and offer ids.
 *
 * Pure functions over the caller's memory; a word holds its first byte in its lowest eight bits.
 */

/** Words of an id. */
export const ID_WORDS = 5;

/** One step of a keyed hash: mixes a word into it. Start with a secret, so that nobody can aim at one place. */
export function mixWord(hash: number, word: number): number {
  hash ^= word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}

/** The four bytes at `at` as a word. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The hash of the 20 bytes at `at`, starting from a secret. */
export function hashId(secret: number, bytes: Uint8Array, at: number): number {
  let hash = secret;
  for (let word = 0; word < ID_WORDS; word++) hash = mixWord(hash, wordAt(bytes, at + 4 * word));
  return hash;
}

/** The same hash of five words. */
export function hashIdWords(secret: number, words: Int32Array, at: number): number {
  let hash = secret;
  for (let word = 0; word < ID_WORDS; word++) hash = mixWord(hash, words[at + word]);
  return hash;
}

/** Keeps the 20 bytes at `from` as five words at `at`. */
export function putId(words: Int32Array, at: number, bytes: Uint8Array, from: number): void {
  for (let word = 0; word < ID_WORDS; word++) words[at + word] = wordAt(bytes, from + 4 * word);
}

/** Whether the five words at `at` are the 20 bytes at `from`. */
export function isId(words: Int32Array, at: number, bytes: Uint8Array, from: number): boolean {
  return (
    words[at] === wordAt(bytes, from) &&
    words[at + 1] === wordAt(bytes, from + 4) &&
    words[at + 2] === wordAt(bytes, from + 8) &&
    words[at + 3] === wordAt(bytes, from + 12) &&
    words[at + 4] === wordAt(bytes, from + 16)
  );
}

/** Whether two times five words are the same. */
export function isSameId(words: Int32Array, one: number, other: number): boolean {
  return (
    words[one] === words[other] &&
    words[one + 1] === words[other + 1] &&
    words[one + 2] === words[other + 2] &&
    words[one + 3] === words[other + 3] &&
    words[one + 4] === words[other + 4]
  );
}

/** Writes the 20 bytes of the five words at `at`. */
export function writeId(words: Int32Array, at: number, out: Uint8Array, to: number): void {
  for (let index = 0; index < ID_WORDS; index++) {
    const word = words[at + index];
    out[to + 4 * index] = word;
    out[to + 4 * index + 1] = word >>> 8;
    out[to + 4 * index + 2] = word >>> 16;
    out[to + 4 * index + 3] = word >>> 24;
  }
}
