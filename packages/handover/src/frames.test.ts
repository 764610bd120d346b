import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ChannelFailure,
  encodeFrame,
  FRAME_HELLO,
  FRAME_PREPARED,
  type Frame,
  FrameReader,
} from "./frames.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** All frames of a stream that comes in these pieces. */
function read(pieces: readonly Uint8Array[]): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  }
  return frames;
}

const EXAMPLES: readonly Frame[] = [
  { kind: FRAME_PREPARED, payload: new Uint8Array(0) },
  { kind: FRAME_HELLO, payload: new Uint8Array(Buffer.from("{}")) },
  { kind: 0xffffffff, payload: new Uint8Array(300).fill(7) },
];
const STREAM = Buffer.concat(EXAMPLES.map(({ kind, payload }) => encodeFrame(kind, payload)));

test("frames have the bytes of the protocol's description", () => {
  assert.equal(hex(encodeFrame(FRAME_PREPARED, new Uint8Array(0))), "0000000600000000");
  assert.equal(hex(encodeFrame(FRAME_HELLO, Buffer.from("{}"))), "00000001000000027b7d");
});

test("a stream that is cut in two at any byte gives the same frames", () => {
  for (let cut = 0; cut <= STREAM.length; cut++)
    assert.deepEqual(read([STREAM.subarray(0, cut), STREAM.subarray(cut)]), EXAMPLES);
});

test("a stream that comes byte by byte gives the same frames", () => {
  assert.deepEqual(read([...STREAM].map((byte) => Uint8Array.of(byte))), EXAMPLES);
});

test("a stream that ends at any byte gives the frames that are whole", () => {
  const ends = EXAMPLES.map((_, i) =>
    EXAMPLES.slice(0, i + 1).reduce((sum, { payload }) => sum + 8 + payload.length, 0),
  );
  for (let end = 0; end <= STREAM.length; end++) {
    const whole = ends.filter((at) => at <= end).length;
    assert.deepEqual(read([STREAM.subarray(0, end)]), EXAMPLES.slice(0, whole));
  }
});

test("a frame keeps its payload when more arrives", () => {
  const reader = new FrameReader();
  const piece = encodeFrame(3, Uint8Array.of(1, 2, 3));
  reader.push(piece);
  const frame = reader.next();
  piece.fill(0);
  reader.push(new Uint8Array(64).fill(9));
  assert.deepEqual(frame, { kind: 3, payload: Uint8Array.of(1, 2, 3) });
});

test("a frame that says it is longer than any is an error as soon as its header is there", () => {
  const header = Buffer.from("0000000400200001", "hex");
  const reader = new FrameReader();
  reader.push(header.subarray(0, 7));
  assert.equal(reader.next(), undefined);
  reader.push(header.subarray(7));
  assert.throws(() => reader.next(), {
    message: "the other process announced a message of 2097153 bytes",
  });
  assert.throws(() => encodeFrame(4, new Uint8Array(2 ** 21 + 1)), RangeError);
  assert.equal(read([encodeFrame(4, new Uint8Array(2 ** 21))]).length, 1);
});

test("random bytes give frames that were in them, or the error", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
      const all = Buffer.concat(pieces);
      try {
        const frames = read(pieces);
        const bytes = Buffer.concat(frames.map(({ kind, payload }) => encodeFrame(kind, payload)));
        assert.ok(all.subarray(0, bytes.length).equals(bytes));
      } catch (error) {
        assert.ok(error instanceof ChannelFailure);
      }
    }),
  );
});
