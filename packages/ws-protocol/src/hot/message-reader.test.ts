import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BytePool } from "./byte-pool.ts";
import * as frame from "./frame.ts";
import * as reading from "./message-reader.ts";
import { unmask } from "./unmask.ts";

const KEY = 0x3d21fa37;

/** A client's frame; `flags` replaces the first byte. */
function masked(opcode: number, payload: string | Uint8Array, isFinal = true): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const out = new Uint8Array(frame.FRAME_HEADER_BYTES_MAX + bytes.length);
  const at = frame.writeMaskedFrameHeader(out, 0, opcode, bytes.length, KEY);
  if (!isFinal) out[0] &= 0x7f;
  out.set(bytes, at);
  unmask(out, at, bytes.length, KEY);
  return out.slice(0, at + bytes.length);
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

const NAMES = ["more", "text", "binary", "ping", "pong", "close", "failed"];

/** Reads chunks and tells what came out, as words. */
function readAll(
  chunks: readonly Uint8Array[],
  messageBytesMax = 1000,
  fromClient = true,
): string[] {
  const reader = new reading.MessageReader(new BytePool(), fromClient, messageBytesMax, true);
  const events: string[] = [];
  for (const chunk of chunks) {
    const around = joined(Uint8Array.of(1, 2, 3), chunk, Uint8Array.of(0x81));
    reader.push(around, 3, chunk.length);
    for (;;) {
      const read = reader.next();
      if (read === reading.READ_MORE) break;
      const text = Buffer.from(reader.bytes.subarray(reader.offset, reader.offset + reader.length));
      if (read === reading.READ_FAILED) events.push(`failed ${reader.failure} ${reader.closeCode}`);
      else if (read === reading.READ_CLOSE) events.push(`close ${reader.closeCode}`);
      else events.push(`${NAMES[read]} ${text.toString("latin1")}`);
    }
  }
  return events;
}

const failure = (reason: number, code: number) => [`failed ${reason} ${code}`];

test("the RFC's masked Hello is a message, alone and after another one", () => {
  const hello = Uint8Array.from(Buffer.from("818537fa213d7f9f4d5158", "hex"));
  assert.deepEqual(readAll([hello]), ["text Hello"]);
  assert.deepEqual(readAll([joined(hello, hello)]), ["text Hello", "text Hello"]);
});

test("a message in fragments comes out whole, control frames between them at once", () => {
  const stream = [
    masked(1, "Hel", false),
    masked(9, "are you there"),
    masked(0, "", false),
    masked(10, ""),
    masked(0, "lo"),
    masked(2, "x"),
  ];
  const expected = ["ping are you there", "pong ", "text Hello", "binary x"];
  assert.deepEqual(readAll(stream), expected);
  assert.deepEqual(readAll([joined(...stream)]), expected);
});

test("a stream cut at every point, and at every two points, reads the same", () => {
  const stream = joined(
    masked(1, "one"),
    masked(1, "t", false),
    masked(9, "!"),
    masked(0, "wo"),
    masked(2, "x".repeat(130)),
    masked(8, Uint8Array.of(0x03, 0xe8, 0x62, 0x79, 0x65)),
  );
  const expected = ["text one", "ping !", "text two", `binary ${"x".repeat(130)}`, "close 1000"];
  assert.deepEqual(readAll([stream]), expected);
  assert.deepEqual(readAll([...stream].map((byte) => Uint8Array.of(byte))), expected);
  for (let first = 0; first <= stream.length; first++) {
    assert.deepEqual(readAll([stream.slice(0, first), stream.slice(first)]), expected);
    for (let second = first; second <= stream.length; second += 3)
      assert.deepEqual(
        readAll([stream.slice(0, first), stream.slice(first, second), stream.slice(second)]),
        expected,
      );
  }
});

test("every truncation of a stream yields a prefix of its messages and no failure", () => {
  const stream = joined(masked(1, "one"), masked(1, "tw", false), masked(0, "o"), masked(9, "p"));
  const whole = readAll([stream]);
  for (let length = 0; length < stream.length; length++) {
    const events = readAll([stream.slice(0, length)]);
    assert.deepEqual(events, whole.slice(0, events.length));
  }
});

test("random messages in random fragments and chunks come out as they went in", () => {
  const message = fc.record({
    text: fc.string({ maxLength: 300, unit: "grapheme-ascii" }),
    cuts: fc.array(fc.nat(300), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 200 })),
      (messages, sizes) => {
        const frames: Uint8Array[] = [];
        for (const { text, cuts } of messages) {
          const ends = [
            ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b),
            text.length,
          ];
          ends.forEach((end, index) => {
            const part = text.slice(index === 0 ? 0 : ends[index - 1], end);
            frames.push(masked(index === 0 ? 1 : 0, part, index === ends.length - 1));
          });
        }
        const stream = joined(...frames);
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < stream.length; ) {
          const size = sizes.next().value ?? 1;
          chunks.push(stream.slice(at, at + size));
          at += size;
        }
        assert.deepEqual(
          readAll(chunks),
          messages.map(({ text }) => `text ${text}`),
        );
      },
    ),
  );
});

test("unmasked frames of clients, masked ones of servers and reserved bits end the stream", () => {
  assert.deepEqual(
    readAll([Uint8Array.of(0x81, 0x01, 0x61)]),
    failure(frame.FRAME_ERROR_UNMASKED, 1002),
  );
  assert.deepEqual(readAll([masked(1, "a")], 1000, false), failure(frame.FRAME_ERROR_MASKED, 1002));
  const compressed = masked(1, "a");
  compressed[0] |= 0x40;
  assert.deepEqual(readAll([compressed]), failure(frame.FRAME_ERROR_RESERVED_BITS, 1002));
  assert.deepEqual(readAll([masked(1, "ok"), compressed, masked(1, "late")]), [
    "text ok",
    ...failure(frame.FRAME_ERROR_RESERVED_BITS, 1002),
  ]);
});

test("a server's unmasked frames are a client's messages", () => {
  const out = new Uint8Array(4);
  frame.writeFrameHeader(out, 0, frame.OPCODE_TEXT, 2);
  out.set([0x68, 0x69], 2);
  assert.deepEqual(readAll([out], 1000, false), ["text hi"]);
});

test("fragments out of order end the stream", () => {
  assert.deepEqual(readAll([masked(0, "a")]), failure(frame.FRAME_ERROR_STRAY_CONTINUATION, 1002));
  assert.deepEqual(
    readAll([masked(0, "a", false)]),
    failure(frame.FRAME_ERROR_STRAY_CONTINUATION, 1002),
  );
  for (const opcode of [1, 2])
    assert.deepEqual(
      readAll([masked(1, "a", false), masked(opcode, "b")]),
      failure(frame.FRAME_ERROR_INTERRUPTED, 1002),
    );
});

test("a message is as long as allowed and no longer, whole or in fragments", () => {
  const tooLong = failure(frame.FRAME_ERROR_TOO_LONG, 1009);
  assert.deepEqual(readAll([masked(1, "x".repeat(50))], 50), [`text ${"x".repeat(50)}`]);
  assert.deepEqual(readAll([masked(1, "x".repeat(51))], 50), tooLong);
  const halves = [masked(1, "x".repeat(25), false), masked(0, "x".repeat(25))];
  assert.deepEqual(readAll(halves, 50), [`text ${"x".repeat(50)}`]);
  assert.deepEqual(readAll(halves, 49), tooLong);
  // The header alone tells, no matter that the payload never comes.
  const header = new Uint8Array(14);
  const end = frame.writeMaskedFrameHeader(header, 0, 1, 2 ** 31 - 1, KEY);
  assert.deepEqual(readAll([header.slice(0, end)]), tooLong);
  assert.deepEqual(readAll([...header.slice(0, end)].map((byte) => Uint8Array.of(byte))), tooLong);
});

test("endless empty fragments end the stream", () => {
  const parts = [
    masked(1, "", false),
    ...new Array(reading.FRAGMENTS_MAX).fill(masked(0, "", false)),
  ];
  assert.deepEqual(readAll([joined(...parts)]), failure(frame.FRAME_ERROR_FRAGMENTS, 1008));
  parts.length = reading.FRAGMENTS_MAX - 1;
  assert.deepEqual(readAll([joined(...parts, masked(0, "end"))]), ["text end"]);
});

test("text and close reasons must be UTF-8, also where a character is cut by a fragment", () => {
  const bad = failure(frame.FRAME_ERROR_UTF8, 1007);
  assert.deepEqual(readAll([masked(1, Uint8Array.of(0xc3))]), bad);
  assert.deepEqual(readAll([masked(1, Uint8Array.of(0xed, 0xa0, 0x80))]), bad);
  assert.deepEqual(readAll([masked(8, Uint8Array.of(3, 232, 0xff))]), bad);
  assert.deepEqual(readAll([masked(2, Uint8Array.of(0xff))]), ["binary \u00ff"]);
  assert.deepEqual(
    readAll([masked(1, Uint8Array.of(0xc3), false), masked(0, Uint8Array.of(0xa9))]),
    ["text Ã©"],
  );
});

test("close codes that may not go over the wire are refused", () => {
  const close = (code: number) => readAll([masked(8, Uint8Array.of(code >> 8, code & 255))])[0];
  const refused = failure(frame.FRAME_ERROR_CLOSE_CODE, 1002)[0];
  for (const code of [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999])
    assert.equal(close(code), `close ${code}`);
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    assert.equal(close(code), refused);
  assert.deepEqual(readAll([masked(8, "")]), ["close 1005"]);
  assert.deepEqual(readAll([masked(8, "x")]), [refused]);
  assert.deepEqual(readAll([joined(masked(8, ""), masked(1, "late"))]), ["close 1005"]);
});

test("a reader holds memory only while a message is incomplete, and no more than has come", () => {
  const pool = new BytePool();
  const reader = new reading.MessageReader(pool, true, 100_000, true);
  const long = masked(1, "x".repeat(60_000));
  reader.push(long.slice(0, 40), 0, 40);
  assert.equal(reader.next(), reading.READ_MORE);
  assert.equal(reader.heldBytes, 1024, "not the 60,000 that the header announces");
  reader.push(long.slice(40), 0, long.length - 40);
  assert.equal(reader.next(), reading.READ_TEXT);
  assert.equal(reader.length, 60_000);
  assert.equal(reader.next(), reading.READ_MORE);
  assert.equal(reader.heldBytes, 0);
  assert.ok(pool.freeBytes >= 65_536);
  reader.push(long.slice(0, 50_000), 0, 50_000);
  reader.next();
  reader.close();
  assert.equal(reader.heldBytes, 0);
  assert.equal(reader.next(), reading.READ_MORE, "a closed reader stays silent");
});

test("where as much is lent as should be, a message in pieces gets 4 KiB and a whole one passes", () => {
  const pool = new BytePool(65_536);
  const others = pool.take(65_536);
  const read = (bytes: Uint8Array, pieceBytes: number) => {
    const reader = new reading.MessageReader(pool, true, 100_000, true);
    let last = reading.READ_MORE;
    for (let at = 0; at < bytes.length && last === reading.READ_MORE; at += pieceBytes) {
      const piece = bytes.slice(at, at + pieceBytes);
      reader.push(piece, 0, piece.length);
      last = reader.next();
    }
    reader.close();
    return last === reading.READ_FAILED ? failure(reader.failure, reader.closeCode)[0] : last;
  };
  const refused = failure(frame.FRAME_ERROR_NO_ROOM, 1013)[0];
  const fragments = joined(
    masked(1, "x".repeat(4000), false),
    masked(0, "x".repeat(4000), false),
    masked(0, "x"),
  );
  assert.equal(read(masked(1, "x".repeat(4000)), 1000), reading.READ_TEXT);
  assert.equal(read(masked(1, "x".repeat(10_000)), 1000), refused);
  assert.equal(read(masked(1, "x".repeat(10_000)), 20_000), reading.READ_TEXT);
  assert.equal(read(fragments, 20_000), refused);
  assert.equal(pool.lentBytes, 65_536, "what was refused holds nothing");
  pool.give(others);
  assert.equal(read(masked(1, "x".repeat(10_000)), 1000), reading.READ_TEXT);
  assert.equal(read(fragments, 20_000), reading.READ_TEXT);
});

test("text is not checked where the receiver does it", () => {
  const reader = new reading.MessageReader(new BytePool(), true, 100, false);
  const bytes = masked(1, Uint8Array.of(0xff));
  reader.push(bytes, 0, bytes.length);
  assert.equal(reader.next(), reading.READ_TEXT);
});
