import assert from "node:assert/strict";
import { test } from "node:test";
import { RandomSource } from "@swarmtide/test-kit";
import fc from "fast-check";
import { mutated, randomValue } from "../testing/random-requests.ts";
import { decodeUtf8, depthOf, parseJson } from "../testing/request-oracle.ts";
import {
  isNullAt,
  SCAN_DEPTH,
  SCAN_DEPTH_MAX,
  SCAN_SYNTAX,
  SCAN_UTF8,
  scanDocument,
  skipNumber,
  skipString,
  skipValue,
} from "./json-scan.ts";

const QUOTE = 0x22;
const encoder = new TextEncoder();
const scan = (text: string, depth = SCAN_DEPTH_MAX): number => {
  const bytes = encoder.encode(text);
  return scanDocument(bytes, 0, bytes.length, depth);
};

/** Accepted or refused as UTF-8 decoding and JSON.parse do; a depth beyond the limit is the one difference. */
function agreesWithJsonParse(bytes: Uint8Array): void {
  const text = decodeUtf8(bytes);
  const isJson = text !== undefined && parseJson(text) !== undefined;
  const isDeep = text !== undefined && depthOf(text) > SCAN_DEPTH_MAX;
  // The bytes before and after would complete or spoil the document, if the scanner looked at them.
  const around = Uint8Array.of(0x5b, 0x22, ...bytes, 0x22, 0x5d, 0x30);
  const found = scanDocument(around, 2, bytes.length, SCAN_DEPTH_MAX);
  const words = () => `${text ?? "not UTF-8"} (${Buffer.from(bytes).toString("hex")})`;
  if (isJson && !isDeep) assert.equal(found, bytes.length + 2, words());
  else assert.ok(found < 0, words());
  if (isJson && isDeep) assert.equal(found, SCAN_DEPTH);
}

test("the scanner accepts every value JSON.stringify writes, with any white space", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 8 }),
      fc.constantFrom("", " ", "\t", "\n  "),
      (value, gap) =>
        agreesWithJsonParse(encoder.encode(gap + JSON.stringify(value, null, gap) + gap)),
    ),
    { numRuns: 500 },
  );
});

test("the scanner and JSON.parse agree on documents with bytes changed at random", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = new RandomSource(seed);
      for (let round = 0; round < 20; round++) {
        const bytes = encoder.encode(randomValue(random, 5));
        agreesWithJsonParse(bytes);
        agreesWithJsonParse(mutated(random, bytes));
      }
    }),
    { numRuns: 300 },
  );
});

test("the scanner and JSON.parse agree on every text of up to four characters of JSON's own", () => {
  const letters = [...'[]{}",:\\ 0-1.eE+tnu'].map((letter) => letter.charCodeAt(0));
  const bytes = new Uint8Array(4);
  for (let length = 0; length <= 4; length++) {
    for (let number = 0; number < letters.length ** length; number++) {
      let rest = number;
      for (let index = 0; index < length; index++) {
        bytes[index] = letters[rest % letters.length];
        rest = Math.floor(rest / letters.length);
      }
      const text = Buffer.from(bytes.subarray(0, length)).toString("latin1");
      const isJson = parseJson(text) !== undefined;
      const found = scanDocument(bytes, 0, length, SCAN_DEPTH_MAX);
      assert.equal(found === length, isJson, text);
      assert.equal(found < 0, !isJson, text);
    }
  }
});

test("every truncation of a document is refused", () => {
  const text = '{"a":[1,-2.5e+7,"x\\u00e9\\n",true,false,null,{"b":{}},[]]}';
  const bytes = encoder.encode(text);
  assert.equal(scanDocument(bytes, 0, bytes.length, SCAN_DEPTH_MAX), bytes.length);
  for (let length = 0; length < bytes.length; length++)
    assert.ok(scanDocument(bytes, 0, length, SCAN_DEPTH_MAX) < 0, String(length));
});

test("nesting is allowed to the depth asked for and no deeper", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ]) {
    const nested = (depth: number) => `${open.repeat(depth)}0${close.repeat(depth)}`;
    for (const depth of [0, 1, 5, 31, 32]) {
      assert.ok(scan(nested(depth), depth) > 0);
      assert.equal(scan(nested(depth + 1), depth), SCAN_DEPTH);
    }
  }
  assert.equal(scan("[".repeat(100_000)), SCAN_DEPTH, "and the stack does not grow with the input");
  assert.ok(scan(`[${"[],".repeat(100_000)}[]]`, 2) > 0, "siblings are not depth");
});

test("a level knows whether it is an array or an object, however deep", () => {
  assert.ok(scan('[{"a":[{"b":[{}]}]}]') > 0);
  assert.equal(scan('[{"a":[{"b":[{}]}]}}'), SCAN_SYNTAX);
  assert.equal(scan('[{"a":[{"b":[{]]}]}]'), SCAN_SYNTAX);
  assert.equal(scan('{"a":1,2}'), SCAN_SYNTAX);
  assert.equal(scan('["a":1]'), SCAN_SYNTAX);
});

test("lone surrogates are JSON as escapes and not UTF-8 as bytes", () => {
  assert.ok(scan('"\\ud800"') > 0);
  assert.ok(scan('"\\udc00\\ud800"') > 0);
  const raw = Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22);
  assert.equal(scanDocument(raw, 0, raw.length, 1), SCAN_UTF8);
});

test("control characters, bare and half escapes, and other spellings of numbers are refused", () => {
  for (const text of [
    '"\n"',
    '"\u0000"',
    '"\u001f"',
    '"\\x"',
    '"\\',
    '"\\u12"',
    '"\\u123g"',
    '"\\u"',
    "'a'",
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x1",
    "NaN",
    "Infinity",
    "nul",
    "True",
    "\ufeff1",
    "1 2",
    "",
    " ",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    '{"a"}',
    "[,]",
    "//1",
    "\u00a01",
    "\u000b1",
  ])
    assert.ok(scan(text) < 0, text);
});

test("the parts tell where they end", () => {
  const bytes = encoder.encode('"ab\\"c" 12.5,null');
  assert.equal(skipString(bytes, 1, bytes.length), 7);
  assert.equal(skipNumber(bytes, 8, bytes.length), 12);
  assert.equal(skipValue(bytes, 13, bytes.length, 0), 17);
  assert.equal(isNullAt(bytes, 13, 17), true);
  assert.equal(isNullAt(bytes, 13, 16), false);
});

test("long strings are read by words: each kind of byte ends the run at every position and alignment", () => {
  const length = 40;
  const memory = new Uint8Array(length + 12);
  for (let shift = 0; shift < 4; shift++) {
    const bytes = memory.subarray(shift, shift + length + 2);
    for (let at = 0; at < length; at++) {
      for (let value = 0; value < 256; value++) {
        bytes.fill(0x61).fill(QUOTE, length);
        bytes[at] = value;
        const found = skipString(bytes, 0, length + 1);
        if (value === QUOTE) assert.equal(found, at + 1);
        else if (value >= 0x80) assert.equal(found, SCAN_UTF8);
        else if (value < 0x20 || value === 0x5c) assert.equal(found, SCAN_SYNTAX);
        else assert.equal(found, length + 1, `byte ${value} at ${at}`);
      }
    }
    bytes.fill(0x7f).fill(QUOTE, length);
    for (let end = 0; end <= length; end++) assert.equal(skipString(bytes, 0, end), SCAN_SYNTAX);
  }
});
