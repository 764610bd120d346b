import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  COPY_AT,
  COPY_BYTES_MAX,
  MessageMemory,
  makeVectorScan,
  messageMemory,
  OFFER_COUNT_WORD,
  READ_AT,
} from "../message-memory.ts";
import { TrackerRequest } from "./request.ts";
import { OFFER_RANGE_WORDS } from "./request-record.ts";
import { REQUEST_ANNOUNCE, REQUEST_BAD_OFFERS } from "./request-status.ts";
import { unmask } from "./unmask.ts";

const OFFERS_MAX = 4;
const encoder = new TextEncoder();
const memory = messageMemory();
const withVectors = new TrackerRequest(OFFERS_MAX, 1);
const without = new TrackerRequest(OFFERS_MAX, 1, false);

/** An announce with these offers, given as JSON or as bytes in latin1. */
const announce = (offers: string) =>
  `{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb","offers":${offers}}`;
const offerWithId = (id: string, sdp = "v=0\\r\\n") =>
  `{"offer":{"type":"offer","sdp":"${sdp}"},"offer_id":"${id}"}`;

/** Where the offers of a request lie, counted from the message's start, and how many more there are. */
const rangesOf = (request: TrackerRequest) => [
  request.offersSurplus,
  ...Array.from(
    request.offerRanges.subarray(0, request.offers * OFFER_RANGE_WORDS),
    (position) => position - request.messageStart,
  ),
];

/**
 * Reads the bytes with vectors and without, amid bytes that are likely to be taken for the rest of them; both must say the
 * same. Returns the status and how many offers were read with vectors.
 */
function read(bytes: Uint8Array, shift = 0): { status: number; passed: number } {
  const at = READ_AT + 64 + shift;
  memory.bytes.fill(0x22, at - 64, at + bytes.length + 128);
  memory.bytes.set(bytes, at);
  memory.words[OFFER_COUNT_WORD] = 0;
  const status = withVectors.read(memory.bytes, at, bytes.length);
  const passed = memory.words[OFFER_COUNT_WORD];
  assert.equal(status, without.read(memory.bytes, at, bytes.length));
  if (status === REQUEST_ANNOUNCE) assert.deepEqual(rangesOf(withVectors), rangesOf(without));
  return { status, passed };
}

const utf8 = (text: string) => encoder.encode(text);
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

test("this machine has vectors, so that these tests compare two ways of reading", () => {
  assert.notEqual(memory.scan, undefined);
});

test("offers as clients write them are passed with vectors, at every alignment", () => {
  const ids = ["01234567890123456789", '\\u0000é\\n\\\\\\"\\u00ff34567890123456', "é".repeat(20)];
  const text = announce(`[${ids.map((id) => offerWithId(id)).join(",")}]`);
  for (let shift = 0; shift < 32; shift++)
    assert.deepEqual(read(utf8(text), shift), { status: REQUEST_ANNOUNCE, passed: 3 });
});

test("offers beyond the record's room are passed and counted", () => {
  const offers = Array.from({ length: 9 }, () => offerWithId("01234567890123456789"));
  const { status, passed } = read(utf8(announce(`[${offers.join(",")}]`)));
  assert.deepEqual([status, passed], [REQUEST_ANNOUNCE, 9]);
  assert.deepEqual([withVectors.offers, withVectors.offersSurplus], [OFFERS_MAX, 5]);
});

test("offers that are not plain are read one by one, and the plain ones after them with vectors", () => {
  const plain = offerWithId("01234567890123456789");
  const others = [
    offerWithId("01234567890123456789", "é"),
    plain.replace("{", "{ "),
    '{"offer_id":"01234567890123456789","offer":{"type":"offer","sdp":""}}',
  ];
  for (const other of others) {
    const { status, passed } = read(utf8(announce(`[${plain},${other},${plain},${plain}]`)));
    assert.deepEqual([status, passed, withVectors.offers], [REQUEST_ANNOUNCE, 2, 4]);
  }
});

test("whatever stands at whatever place of an id, both ways say the same of it", () => {
  const pieces = [
    ...["\\u0000", "\\u00fF", "\\u00AF", "\\n", "\\/", "\\\\", '\\"', "\\\\\\\\", "\x7f"],
    ...["\xc2\x80", "\xc3\xbf", "\xc2\x80\xc2\x80", "\\\\\xc3\xa9"],
    // What an id may not hold.
    ...["\x00", "\x1f", "\n", "\x80", "\xbf", "\xc2", "\xc3A", "\xc1\x80", "\xc0\xaf", "\xc4\x80"],
    ...["\xe2\x82\xac", "\xff", "\xc2\xc2\x80", "\xc3\xa9\x80"],
    ...[
      "\\u0100",
      "\\u1000",
      "\\u00g0",
      "\\u000G",
      "\\u00",
      "\\u0",
      "\\u",
      "\\x",
      "\\",
      "\\\xc3\xa9",
    ],
    ...['"', '",', '"}', "\\u00\\n", "\\u0\\u00", "\\U0041", "\\N", "\\0"],
  ];
  let taken = 0;
  for (const piece of pieces) {
    for (let place = 0; place <= 40; place++) {
      for (const characters of [18, 19, 20, 21]) {
        const rest = Math.max(0, characters - 1 - (place % 20));
        const filler = place < 20 ? "k" : "\xc3\xa9";
        const id = filler.repeat(place % 20) + piece + filler.repeat(rest);
        const { status, passed } = read(latin1(announce(`[${offerWithId(id)}]`)), place);
        if (passed > 0) taken++;
        assert.ok(passed === 0 || status === REQUEST_ANNOUNCE);
      }
    }
  }
  assert.ok(taken > 300, `${taken}`);
});

test("an id of nineteen or twenty-one characters is refused", () => {
  for (const id of ["k".repeat(19), "é".repeat(21), "\\u0041".repeat(19), ""])
    assert.equal(read(utf8(announce(`[${offerWithId(id)}]`))).status, REQUEST_BAD_OFFERS);
  assert.equal(read(utf8(announce(`[${offerWithId("\\u0041".repeat(20))}]`))).passed, 1);
});

test("a message that is cut anywhere is read the same both ways", () => {
  const ids = ["\\u0000é\\n34567890123456789", "é".repeat(20)];
  const bytes = utf8(announce(`[${ids.map((id) => offerWithId(id)).join(",")}]`));
  for (let length = 0; length <= bytes.length; length++)
    for (const shift of [0, 5]) read(bytes.subarray(0, length), shift);
});

test("random offers, changed at random, are read the same both ways", () => {
  const offer = fc.record({
    offer: fc.record({ type: fc.constant("offer"), sdp: fc.string({ maxLength: 80 }) }),
    offer_id: fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((bytes) => String.fromCharCode(...bytes)),
  });
  let passedAll = 0;
  fc.assert(
    fc.property(
      fc.array(offer, { maxLength: 7 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
      fc.nat(31),
      (offers, changes, shift) => {
        const bytes = utf8(announce(JSON.stringify(offers)));
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        passedAll += read(bytes, shift).passed;
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(passedAll > 3000, `${passedAll}`);
});

test("masks are taken off with vectors at every alignment and length, and no byte beside", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer(),
      fc.nat(40),
      (source, key, shift) => {
        const at = READ_AT + 64 + shift;
        memory.bytes.fill(0xa5, at - 64, at + source.length + 64);
        memory.bytes.set(source, at);
        unmask(memory.bytes, at, source.length, key);
        const expected = source.map((byte, index) => byte ^ (key >>> (8 * (index & 3))));
        assert.deepEqual(memory.bytes.slice(at, at + source.length), expected);
        assert.ok(memory.bytes.subarray(at - 64, at).every((byte) => byte === 0xa5));
        const after = at + source.length;
        assert.ok(memory.bytes.subarray(after, after + 64).every((byte) => byte === 0xa5));
      },
    ),
    { numRuns: 2000 },
  );
});

test("a long message that lies elsewhere is read from a copy; one too long for it where it lies", () => {
  const offers = (sdpBytes: number) =>
    announce(`[${offerWithId("01234567890123456789", "v".repeat(sdpBytes))}]`);
  const long = utf8(offers(40_000));
  assert.equal(withVectors.read(long, 0, long.length), REQUEST_ANNOUNCE);
  assert.equal(withVectors.bytes, memory.bytes);
  assert.deepEqual(
    [withVectors.messageStart, withVectors.messageEnd],
    [COPY_AT, COPY_AT + long.length],
  );
  const longest = utf8(offers(COPY_BYTES_MAX));
  assert.equal(withVectors.read(longest, 0, longest.length), REQUEST_ANNOUNCE);
  assert.equal(withVectors.bytes, longest);
  for (const bytes of [long, longest]) {
    withVectors.read(bytes, 0, bytes.length);
    without.read(bytes, 0, bytes.length);
    assert.deepEqual(rangesOf(withVectors), rangesOf(without));
  }
});

test("without WebAssembly, or without room for its memory, there is plain memory of the same size", (t) => {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate: unknown } };
  t.after(() => Object.assign(globalThis, { WebAssembly }));
  const noRoom = class {
    constructor() {
      throw new RangeError("could not allocate memory");
    }
  };
  const validate = () => true;
  for (const other of [
    undefined,
    { ...WebAssembly, validate: () => false },
    { validate, Module: class {}, Instance: noRoom },
  ]) {
    Object.assign(globalThis, { WebAssembly: other });
    assert.equal(makeVectorScan(), undefined);
  }
  const plain = new MessageMemory(undefined);
  assert.equal(plain.bytes.length, memory.bytes.length);
});
