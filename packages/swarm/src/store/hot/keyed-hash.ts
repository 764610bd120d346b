/**
 * The hash that spreads info hashes over shards and pages, and peers over the pages of a large swarm. Called on every
 * announce and scrape, pure.
 *
 * Clients choose info hashes and ports, so the hash is keyed with random words: multilinear hashing of 16-bit
 * characters in pairs (Lemire and Kaser, "Strongly universal string hashing is fast", MULTILINEAR-HM), twice, so that inputs
 * chosen without knowing the key collide with a probability that the key alone decides. Consecutive ports or
 * addresses would lie in clumps: the finalizer of MurmurHash3, a bijection, spreads them. The key never leaves the
 * process.
 */

/** Words a key takes: 2 offsets and 4 words for each of up to 5 input words. */
export const HASH_KEY_WORDS = 22;

/** 32 bits for `count` (1..5) words of `words` from `at`. */
export function keyedHash(key: Int32Array, words: Int32Array, at: number, count: number): number {
  let high = key[0];
  let low = key[1];
  for (let i = 0, k = 2; i < count; i++, k += 4) {
    const word = words[at + i];
    const a = word & 0xffff;
    const b = word >>> 16;
    high = (high + Math.imul((a + key[k]) | 0, (b + key[k + 1]) | 0)) | 0;
    low = (low + Math.imul((a + key[k + 2]) | 0, (b + key[k + 3]) | 0)) | 0;
  }
  return mix(high ^ ((low << 16) | (low >>> 16)));
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of `x`. */
export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
