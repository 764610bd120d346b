import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { putId } from "./id-words.ts";
import { connectionWord } from "./peer-layout.ts";
import { REMOTE_BATCH_BYTES, RemoteBatch } from "./remote-batch.ts";
import {
  REMOTE_ANSWER,
  REMOTE_COMPLETED,
  REMOTE_END,
  REMOTE_GONE,
  REMOTE_LEFT,
  REMOTE_MALFORMED,
  REMOTE_OFFER,
  REMOTE_PEER,
  REMOTE_SEEDER,
} from "./remote-layout.ts";
import { RemoteReader } from "./remote-reader.ts";

/** Words of an id whose bytes count up from a number. */
function idWords(first: number): Int32Array {
  const words = new Int32Array(5);
  putId(
    words,
    0,
    Uint8Array.from({ length: 20 }, (_, index) => first + index),
    0,
  );
  return words;
}

const sent = ({ bytes, length }: RemoteBatch) => bytes.slice(0, length);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A message with a record of each kind. */
function everyKind(): RemoteBatch {
  const batch = new RemoteBatch();
  batch.begin(0, 0, 3);
  const peer = connectionWord(1, 7);
  batch.writePeer(REMOTE_SEEDER | REMOTE_COMPLETED, 300, peer, 42, idWords(1), 0, idWords(65), 0);
  batch.writePeer(REMOTE_LEFT, 0, peer, 42, idWords(1), 0, idWords(65), 0);
  batch.writeGone(connectionWord(255, 0xabcdef), -1);
  for (const [kind, text] of [
    [REMOTE_OFFER, "{1}"],
    [REMOTE_ANSWER, "{}"],
  ] as const) {
    const at = batch.writeTo(
      kind,
      0,
      peer,
      42,
      connectionWord(0, 9),
      8,
      idWords(97),
      0,
      text.length,
    );
    batch.bytes.set(new TextEncoder().encode(text), at);
  }
  return batch;
}

test("a message of every kind of record is these bytes", () => {
  const infoHash = "0102030405060708090a0b0c0d0e0f1011121314";
  const peerId = "4142434445464748494a4b4c4d4e4f5051525354";
  const toId = "6162636465666768696a6b6c6d6e6f7071727374";
  assert.equal(
    hex(sent(everyKind())),
    [
      "0103",
      `01c0012c 01000007 0000002a ${infoHash} ${peerId}`,
      `01200000 01000007 0000002a ${infoHash} ${peerId}`,
      "02000000 ffabcdef ffffffff",
      `03000000 01000007 0000002a 00000009 00000008 ${toId} 00000003 7b317d`,
      `04000000 01000007 0000002a 00000009 00000008 ${toId} 00000002 7b7d`,
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

test("the end of a connection is the fourteen bytes of the example", () => {
  const batch = new RemoteBatch();
  batch.begin(0, 0, 0);
  batch.writeGone(connectionWord(1, 7), 42);
  assert.equal(hex(sent(batch)), "010002000000010000070000002a");
});

test("a message reads back as it was written", () => {
  const reader = new RemoteReader();
  assert.equal(reader.open(sent(everyKind())), true);
  assert.equal(reader.lane, 3);
  assert.equal(reader.next(), REMOTE_PEER);
  assert.deepEqual([reader.state, reader.ageSeconds], [REMOTE_SEEDER | REMOTE_COMPLETED, 300]);
  assert.deepEqual([reader.connection, reader.serial], [connectionWord(1, 7), 42]);
  assert.equal(reader.next(), REMOTE_PEER);
  assert.equal(reader.state, REMOTE_LEFT);
  assert.equal(reader.next(), REMOTE_GONE);
  assert.deepEqual([reader.connection, reader.serial], [connectionWord(255, 0xabcdef), -1]);
  for (const [kind, text] of [
    [REMOTE_OFFER, "{1}"],
    [REMOTE_ANSWER, "{}"],
  ] as const) {
    assert.equal(reader.next(), kind);
    assert.deepEqual([reader.toConnection, reader.toSerial], [9, 8]);
    const { bytes, textAt, textBytes } = reader;
    assert.equal(Buffer.from(bytes.subarray(textAt, textAt + textBytes)).toString(), text);
  }
  assert.equal(reader.next(), REMOTE_END);
});

/** The kinds of the records that are read, and how it ended. */
function kindsOf(bytes: Uint8Array): number[] {
  const reader = new RemoteReader();
  if (!reader.open(bytes)) return [REMOTE_MALFORMED];
  const kinds: number[] = [];
  for (;;) {
    const kind = reader.next();
    kinds.push(kind);
    if (kind === REMOTE_END || kind === REMOTE_MALFORMED) return kinds;
    assert.ok(kind >= REMOTE_PEER && kind <= REMOTE_ANSWER);
    if (kind < REMOTE_OFFER) continue;
    assert.ok(reader.textBytes > 0 && reader.textAt + reader.textBytes <= bytes.length);
  }
}

test("a message that was cut off is read up to the last whole record", () => {
  const whole = sent(everyKind());
  const ends = [2, 54, 106, 118, 165, 211];
  for (let length = 0; length <= whole.length; length++) {
    const kinds = kindsOf(whole.slice(0, length));
    const records = ends.filter((end) => end <= length).length - 1;
    assert.equal(kinds.at(-1), ends.includes(length) ? REMOTE_END : REMOTE_MALFORMED, `${length}`);
    assert.equal(kinds.length - 1, Math.max(0, records), `${length}`);
  }
});

test("any bytes are read to an end, within their bounds", () => {
  const random = fc.uint8Array({ maxLength: 300 });
  const damaged = fc.array(fc.tuple(fc.nat(210), fc.nat(255)), { maxLength: 8 }).map((changes) => {
    const bytes = sent(everyKind());
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(random, damaged), (bytes) => {
      kindsOf(bytes);
    }),
    { numRuns: 20_000 },
  );
});

test("a text longer than a batch has a message of its own, and its memory does not stay", () => {
  const batch = new RemoteBatch();
  batch.begin(5, 1, 0);
  assert.equal(batch.isFullFor(REMOTE_BATCH_BYTES), false, "an empty one takes whatever comes");
  const at = batch.writeTo(REMOTE_OFFER, 0, 1, 2, 3, 4, idWords(1), 0, 100_000);
  batch.bytes.fill(0x20, at, at + 100_000);
  assert.equal(batch.length, at + 100_000);
  assert.equal(batch.isFullFor(52), true);
  assert.deepEqual(kindsOf(sent(batch)), [REMOTE_OFFER, REMOTE_END]);
  batch.begin(5, 1, 0);
  assert.equal(batch.bytes.length, REMOTE_BATCH_BYTES);
});
