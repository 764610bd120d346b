import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesToBinaryString } from "../client-messages.ts";
import {
  binaryStringBytes,
  ID_BYTES,
  ID_LITERAL_BYTES_MAX,
  parseBinaryString,
  parseIdString,
  writeBinaryString,
} from "./binary-string.ts";

const encoder = new TextEncoder();

function parse(literal: string, count = ID_BYTES): Uint8Array | undefined {
  const bytes = encoder.encode(literal);
  const out = new Uint8Array(count + 2).fill(0xee);
  const found = parseBinaryString(bytes, 1, bytes.length - 1, out, 1, count);
  if (count === ID_BYTES) {
    // In a message an id is followed by more, at least a brace.
    const id = new Uint8Array(ID_BYTES);
    const message = encoder.encode(`${literal}}`);
    const end = parseIdString(message, 1, message.length, id, 0);
    assert.equal(end, found ? bytes.length : -1, literal);
    if (found) assert.deepEqual(id, out.slice(1, count + 1));
  }
  assert.equal(out[0], 0xee);
  assert.equal(out[count + 1], 0xee);
  return found ? out.slice(1, count + 1) : undefined;
}

test("what writeBinaryString writes is what JSON.parse and parseBinaryString read", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES }), (id) => {
      const out = new Uint8Array(ID_LITERAL_BYTES_MAX + 2).fill(0xee);
      const end = writeBinaryString(out, 1, id, 0, ID_BYTES);
      assert.equal(end - 1, binaryStringBytes(id, 0, ID_BYTES));
      assert.equal(out[end], 0xee);
      const text = Buffer.from(out.subarray(1, end)).toString("utf8");
      assert.equal(JSON.parse(text), bytesToBinaryString(id));
      assert.deepEqual(parse(text), id);
    }),
  );
});

test("all 256 bytes survive, as JSON.stringify writes them and as escapes", () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  assert.deepEqual(parse(JSON.stringify(bytesToBinaryString(all)), 256), all);
  const escaped = [...all].map((byte) => `\\u00${byte.toString(16).padStart(2, "0")}`).join("");
  assert.deepEqual(parse(`"${escaped}"`, 256), all);
  assert.deepEqual(parse(`"${escaped.toUpperCase().replaceAll("\\U", "\\u")}"`, 256), all);
});

test("the worked example: 00 22 41 e9", () => {
  const out = new Uint8Array(16);
  const end = writeBinaryString(out, 0, Uint8Array.of(0x00, 0x22, 0x41, 0xe9), 0, 4);
  // quote, \u0000, \", A, two bytes of UTF-8, quote
  assert.equal(Buffer.from(out.subarray(0, end)).toString("hex"), "225c75303030305c2241c3a922");
});

test("the short escapes mean their bytes", () => {
  assert.deepEqual(
    parse('"\\"\\\\\\/\\b\\f\\n\\r\\t"', 8),
    Uint8Array.of(34, 92, 47, 8, 12, 10, 13, 9),
  );
});

test("a longer or shorter string is refused, never cut or filled", () => {
  for (const length of [0, 1, 19, 21, 40])
    for (const letter of ["a", "é", "\\u0001", "\\n"])
      assert.equal(parse(`"${letter.repeat(length)}"`), undefined, `${length} of ${letter}`);
  assert.deepEqual(parse(`"${"é".repeat(20)}"`), new Uint8Array(20).fill(0xe9));
});

test("a character above 255 is refused, written as it is or escaped", () => {
  for (const letter of ["Ā", "€", "😀", "\\u0100", "\\u1000", "\\ud800", "\\uffff"]) {
    assert.equal(parse(`"${letter}${"a".repeat(19)}"`), undefined, letter);
    assert.equal(parse(`"${"a".repeat(19)}${letter}"`), undefined, letter);
  }
  assert.notEqual(parse(`"ÿ${"a".repeat(19)}"`), undefined);
});
