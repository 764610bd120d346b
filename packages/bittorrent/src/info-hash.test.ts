import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { infoHashToHex, parseInfoHashHex } from "./info-hash.ts";

test("forty digits in either case become twenty bytes", () => {
  const upperAndLower = "0123456789abcdefABCDEF00ff7f80F00dCAFE10";
  assert.deepEqual(
    parseInfoHashHex(upperAndLower),
    Uint8Array.from(Buffer.from(upperAndLower, "hex")),
  );
});

test("any twenty bytes, written and read at any offset, stay the same", () => {
  const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(bytes, fc.nat(7), (infoHash, offset) => {
      const buffer = new Uint8Array(offset + 23).fill(0xaa);
      buffer.set(infoHash, offset);
      const hex = infoHashToHex(buffer, offset);
      assert.equal(hex, Buffer.from(infoHash).toString("hex"));
      assert.deepEqual(parseInfoHashHex(hex), infoHash);
    }),
  );
});

test("texts of another length or with another character are refused", () => {
  const good = "0123456789abcdef0123456789abcdef01234567";
  for (let length = 0; length < 40; length++)
    assert.equal(parseInfoHashHex(good.slice(0, length)), undefined);
  assert.equal(parseInfoHashHex(`${good}8`), undefined);
  for (const wrong of [" ", "g", "G", "/", ":", "@", "`", "-", "\0", "ａ", "é"])
    for (const at of [0, 1, 20, 39])
      assert.equal(parseInfoHashHex(good.slice(0, at) + wrong + good.slice(at + 1)), undefined);
});

test("writing past the end of the buffer is a mistake of the caller", () => {
  assert.throws(() => infoHashToHex(new Uint8Array(39), 20), RangeError);
  assert.throws(() => infoHashToHex(new Uint8Array(40), -1), RangeError);
});
