import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { base64, sha1 } from "./sha1.ts";

test("sha1 gives the digests of FIPS 180-4", () => {
  const digest = (text: string) =>
    Buffer.from(sha1(new TextEncoder().encode(text))).toString("hex");
  assert.equal(digest(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  assert.equal(digest("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
});

test("sha1 and base64 agree with Node's on every length around a block and on random bytes", () => {
  const check = (bytes: Uint8Array) => {
    assert.deepEqual(Buffer.from(sha1(bytes)), createHash("sha1").update(bytes).digest());
    assert.equal(base64(bytes), Buffer.from(bytes).toString("base64"));
  };
  for (let length = 0; length < 200; length++) check(new Uint8Array(length).fill(length));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check));
});
