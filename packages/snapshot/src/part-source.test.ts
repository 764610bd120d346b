import assert from "node:assert/strict";
import { test } from "node:test";
import { PartSource } from "./part-source.ts";

test("a part is read at its place in the stream, those before it no more, and the size is known at the end", () => {
  const source = new PartSource();
  source.put(Uint8Array.of(1, 2, 3));
  source.put(Uint8Array.of(4, 5));
  assert.equal(source.size, Number.MAX_SAFE_INTEGER);
  const target = new Uint8Array(4);
  assert.equal(source.read(3, target), 2, "no more than has come");
  assert.deepEqual([...target], [4, 5, 0, 0]);
  assert.equal(source.read(4, target.subarray(0, 1)), 1);
  assert.equal(target[0], 5);
  source.isOpen = false;
  assert.equal(source.size, 5);
});
