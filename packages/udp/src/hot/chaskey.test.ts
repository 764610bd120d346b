import assert from "node:assert/strict";
import { test } from "node:test";
import { doubleKey, permute } from "./chaskey.ts";

const hex = (words: Int32Array) => [...words].map((word) => (word >>> 0).toString(16));

test("the permutation and the subkeys give the published tag of the empty message (Chaskey, 8 rounds)", () => {
  const key = Int32Array.of(0x833d3433, 0x009f389f, 0x2398e64f, 0x417acf39);
  const k1 = new Int32Array(4);
  const k2 = new Int32Array(4);
  doubleKey(key, k1);
  doubleKey(k1, k2);
  // The empty message is one padded block, 01 00 … 00, and takes the second subkey.
  const state = key.map((word, i) => word ^ k2[i] ^ (i === 0 ? 1 : 0));
  permute(state, 8);
  const tag = state.map((word, i) => word ^ k2[i]);
  assert.deepEqual(hex(tag), ["792e8fe5", "75ce87aa", "2d1450b5", "1191970b"]);
});

test("doubling a key whose highest bit is set folds it back", () => {
  const doubled = new Int32Array(4);
  doubleKey(Int32Array.of(0, 0, 0, 0x80000000 | 0), doubled);
  assert.deepEqual(hex(doubled), ["87", "0", "0", "0"]);
  doubleKey(Int32Array.of(0x80000001 | 0, 0, 0, 0), doubled);
  assert.deepEqual(hex(doubled), ["2", "1", "0", "0"]);
});
