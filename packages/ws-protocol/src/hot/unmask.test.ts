import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forgetUnmaskedMemory, unmask } from "./unmask.ts";

test("unmask XORs each byte with its byte of the key, at every alignment, and no byte beside", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 400 }),
      fc.integer(),
      fc.nat(9),
      fc.nat(60),
      fc.nat(60),
      (source, key, at, before, after) => {
        const memory = new Uint8Array(source.length + at);
        const bytes = memory.subarray(at);
        bytes.set(source);
        const offset = Math.min(before, source.length);
        const length = Math.max(0, source.length - offset - after);
        unmask(bytes, offset, length, key);
        for (let index = 0; index < source.length; index++) {
          const isInside = index >= offset && index < offset + length;
          const mask = isInside ? (key >>> (8 * ((index - offset) & 3))) & 255 : 0;
          assert.equal(bytes[index], source[index] ^ mask, `byte ${index}`);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("unmask undoes itself, and the remembered memory belongs to nobody else", () => {
  const first = new Uint8Array(101).fill(7);
  const second = new Uint8Array(103).fill(9);
  unmask(first, 1, 100, 0x12345678);
  unmask(second, 0, 103, 0x0a0b0c0d);
  forgetUnmaskedMemory();
  unmask(first, 1, 100, 0x12345678);
  unmask(second, 0, 103, 0x0a0b0c0d);
  assert.ok(first.every((byte) => byte === 7));
  assert.ok(second.every((byte) => byte === 9));
});
