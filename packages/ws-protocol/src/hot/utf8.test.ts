import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeUtf8 } from "../testing/request-oracle.ts";
import { isUtf8 } from "./utf8.ts";

const check = (bytes: Uint8Array) => {
  const around = Uint8Array.of(0xf0, ...bytes, 0x80, 0x80, 0x80);
  assert.equal(
    isUtf8(around, 1, bytes.length),
    decodeUtf8(bytes) !== undefined,
    Buffer.from(bytes).toString("hex"),
  );
};

test("isUtf8 agrees with the decoder on every pair and on the edges of longer characters", () => {
  for (let first = 0; first < 256; first++) {
    check(Uint8Array.of(first));
    for (let second = 0; second < 256; second++) check(Uint8Array.of(first, second));
  }
  const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
  for (let first = 0xdf; first < 256; first++)
    for (const second of edges)
      for (const third of edges) {
        check(Uint8Array.of(first, second, third));
        for (const fourth of edges) check(Uint8Array.of(first, second, third, fourth));
      }
});

test("isUtf8 agrees with the decoder on random bytes and on truncated text", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), check));
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), fc.nat(80), (text, length) =>
      check(new TextEncoder().encode(text).subarray(0, length)),
    ),
  );
});
