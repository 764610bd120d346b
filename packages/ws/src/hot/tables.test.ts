import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashId, hashIdWords, isId, putId, writeId } from "./id-words.ts";
import { RandomWords } from "./random-words.ts";

test("ids as words are the bytes, and hash alike", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.integer(),
      fc.nat(19),
      fc.nat(3),
      (id, secret, at, shift) => {
        const bytes = new Uint8Array(20 + shift);
        bytes.set(id, shift);
        const words = new Int32Array(7);
        putId(words, 2, bytes, shift);
        assert.ok(isId(words, 2, id, 0));
        assert.equal(hashIdWords(secret, words, 2), hashId(secret, id, 0));
        const out = new Uint8Array(22);
        writeId(words, 2, out, 1);
        assert.deepEqual(out.slice(1, 21), id);
        bytes[shift + at] ^= 1;
        assert.ok(!isId(words, 2, bytes, shift));
        assert.notEqual(hashId(secret, bytes, shift), hashId(secret, id, 0));
      },
    ),
  );
});

test("hashes of ids that differ little spread over the places of a table", () => {
  const places = new Uint32Array(1024);
  const id = new Uint8Array(20);
  for (let index = 0; index < 65_536; index++) {
    // Only the highest four bits of four words: what defeats a sum of products.
    for (let word = 0; word < 4; word++) id[4 * word + 3] = ((index >> (4 * word)) & 15) << 4;
    places[hashId(0x1234567, id, 0) & 1023]++;
  }
  assert.ok(
    Math.max(...places) < 120 && Math.min(...places) > 20,
    `${Math.min(...places)} to ${Math.max(...places)}`,
  );
});

test("random choices fill their range evenly", () => {
  const random = new RandomWords(Int32Array.of(0, 0, 0, 0));
  for (let round = 0; round < 100; round++) random.word();
  const seen = new Uint32Array(10);
  for (let round = 0; round < 10_000; round++) seen[random.below(10)]++;
  assert.ok(Math.min(...seen) > 850 && Math.max(...seen) < 1150, String(seen));
});
