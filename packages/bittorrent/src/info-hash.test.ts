import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { infoHashToHex } from "./info-hash.ts";

test("any twenty bytes at any offset are written as forty lower-case digits", () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(bytes, fc.nat(7), (infoHash, offset) => {
      const buffer = new Uint8Array(offset + 23).fill(0xaa);
      buffer.set(infoHash, offset);
      const hex = infoHashToHex(buffer, offset);
      assert.equal(hex, Buffer.from(infoHash).toString("hex"));
    }),
  );
});

test("writing past the end of the buffer is a mistake of the caller", () => {
  assert.throws(() => infoHashToHex(new Uint8Array(39), 20), RangeError);
  assert.throws(() => infoHashToHex(new Uint8Array(40), -1), RangeError);
});
