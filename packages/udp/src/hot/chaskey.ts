/**
 * Chaskey-12, the message authentication code of ISO/IEC 29192-6: 128-bit key, 128-bit blocks, 32-bit additions,
 * rotations and xors only, which is what JavaScript does fast. Used for connection ids; about 50 ns a block.
 *
 * Messages here are whole blocks: each is xored into the state, the last one together with the subkey K1 = 2K in
 * GF(2^128), and after the last permutation K1 is xored again.
 */

export const CHASKEY_ROUNDS = 12;

/** Permutes the four words of `state` in place. */
export function permute(state: Int32Array, rounds: number): void {
  let v0 = state[0];
  let v1 = state[1];
  let v2 = state[2];
  let v3 = state[3];
  for (let round = 0; round < rounds; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 13) | (v3 >>> 19)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 7) | (v1 >>> 25)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}

/** Doubles a key in GF(2^128): the subkey for a last block that is whole. */
export function doubleKey(key: Int32Array, doubled: Int32Array): void {
  doubled[0] = (key[0] << 1) ^ (key[3] < 0 ? 0x87 : 0);
  doubled[1] = (key[1] << 1) | (key[0] >>> 31);
  doubled[2] = (key[2] << 1) | (key[1] >>> 31);
  doubled[3] = (key[3] << 1) | (key[2] >>> 31);
}
