import assert from "node:assert/strict";
import { endianness } from "node:os";
import { test } from "node:test";
import { hashInfoHash } from "./info-hash-set.ts";

test("the hash is HalfSipHash-1-3: the bytes 0 to 19 under the key 0 to 7 give the published value", () => {
  if (endianness() !== "LE") return; // elsewhere the words are read in the other order, and the hash is another
  const words = new Int32Array(Uint8Array.from({ length: 20 }, (_, i) => i).buffer);
  assert.equal(hashInfoHash(words, 0, 0x03020100, 0x07060504) >>> 0, 0x911bb605);
});

test("the key and every bit of the info hash change about half the hash", () => {
  const words = new Int32Array(6).fill(0x5bd1e995);
  const original = hashInfoHash(words, 1, 1, 2);
  let changedBits = 0;
  for (let bit = 0; bit < 160; bit++) {
    words[1 + (bit >> 5)] ^= 1 << (bit & 31);
    changedBits += bitCount(hashInfoHash(words, 1, 1, 2) ^ original);
    words[1 + (bit >> 5)] ^= 1 << (bit & 31);
  }
  assert.ok(Math.abs(changedBits / 160 - 16) < 1, `${changedBits / 160} of 32`);
  assert.notEqual(hashInfoHash(words, 1, 1, 3), original);
  assert.notEqual(hashInfoHash(words, 1, 2, 2), original);
  assert.equal(hashInfoHash(words, 1, 1, 2), original);
});

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
