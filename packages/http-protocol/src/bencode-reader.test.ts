import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  BENCODE_DEPTH_MAX,
  BencodeError,
  type BencodeValue,
  latin1Bytes,
  latin1Text,
  readBencode,
} from "./bencode-reader.ts";
import { readAnnounceReply, readScrapeReply } from "./client-reply.ts";
import { asciiBytes } from "./hot/byte-class.ts";

const read = (text: string) => readBencode(latin1Bytes(text));

test("golden values", () => {
  assert.equal(read("i0e"), 0);
  assert.equal(read("i-42e"), -42);
  assert.deepEqual(read("4:spam"), asciiBytes("spam"));
  assert.deepEqual(read("0:"), new Uint8Array(0));
  assert.deepEqual(read("li1e1:ae"), [1, asciiBytes("a")]);
  assert.deepEqual(
    read("d1:b1:c1:ale1:\xffi1ee"),
    new Map<string, BencodeValue>([
      ["b", asciiBytes("c")],
      ["a", []],
      ["\xff", 1],
    ]),
  );
});

test("texts of another form are refused with the place", () => {
  for (const text of [
    "",
    "i",
    "ie",
    "i-e",
    "i-0e",
    "i01e",
    "i1",
    "i1x",
    "01:a",
    "1:",
    "5:abc",
    "l",
    "li1e",
    "d",
    "d1:a",
    "d1:ae",
    "di1ei1ee",
    "d1:ai1e1:ai2ee",
    "i1ei1e",
    "x",
    "99999999999999999:",
    "i99999999999999999e",
  ])
    assert.throws(() => read(text), BencodeError, text);
});

test("depth is bounded", () => {
  const nested = (depth: number) => "l".repeat(depth) + "e".repeat(depth);
  assert.doesNotThrow(() => read(nested(BENCODE_DEPTH_MAX)));
  assert.throws(() => read(nested(100_000)), /too deep/);
});

test("whatever is written is read back, and every truncation is refused", () => {
  const value = fc.letrec<{ value: BencodeValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.maxSafeInteger().map((integer) => integer + 0),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.uint8Array({ maxLength: 5 }).map(latin1Text), tie("value")), {
          maxLength: 4,
        })
        .map((entries) => new Map(entries)),
    ),
  })).value;
  fc.assert(
    fc.property(value, (sent) => {
      const text = write(sent);
      assert.deepEqual(read(text), sent);
      for (let end = 0; end < text.length; end++)
        assert.throws(() => read(text.slice(0, end)), BencodeError);
    }),
  );
});

test("random bytes give a value or the proper error, in all three readers", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          "d",
          "l",
          "i",
          "e",
          "1:a",
          "5:files",
          "5:peers",
          "8:interval",
          "i1e",
          "20:",
        ),
        { maxLength: 20 },
      )
      .map((parts) => latin1Bytes(parts.join(""))),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      for (const reader of [readBencode, readAnnounceReply, readScrapeReply])
        try {
          reader(bytes);
        } catch (error) {
          assert.ok(
            error instanceof BencodeError ||
              (error instanceof TypeError && !/undefined/.test(error.message)),
            String(error),
          );
        }
    }),
    { numRuns: 2000 },
  );
});

test("answers of other trackers are read: list of peers, counts missing, never", () => {
  const list = readAnnounceReply(
    latin1Bytes("d8:intervali5e5:peersld2:ip3:::17:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti1eeee"),
  );
  assert.deepEqual(list, {
    intervalSeconds: 5,
    peers: [{ address: "::1", port: 1, peerId: asciiBytes("a".repeat(20)) }],
  });
  assert.deepEqual(readAnnounceReply(latin1Bytes("d14:failure reason1:x8:retry in5:nevere")), {
    failureReason: "x",
    retryIn: "never",
  });
  assert.throws(
    () => readAnnounceReply(latin1Bytes("d8:intervali5e5:peers3:abce")),
    /multiple of 6/,
  );
  assert.throws(() => readAnnounceReply(latin1Bytes("le")), /not a dictionary/);
  assert.throws(() => readScrapeReply(latin1Bytes("d5:filesd1:adeee")), /20 bytes/);
});

function write(value: BencodeValue): string {
  if (typeof value === "number") return `i${value}e`;
  if (value instanceof Uint8Array) return `${value.length}:${latin1Text(value)}`;
  if (Array.isArray(value)) return `l${value.map(write).join("")}e`;
  const entries = [...value].map(([key, item]) => `${key.length}:${key}${write(item)}`);
  return `d${entries.join("")}e`;
}
