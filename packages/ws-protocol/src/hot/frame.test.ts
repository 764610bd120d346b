import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  FRAME_ERROR_CONTROL_FRAGMENTED,
  FRAME_ERROR_CONTROL_LENGTH,
  FRAME_ERROR_LENGTH_FORM,
  FRAME_ERROR_MASKED,
  FRAME_ERROR_OPCODE,
  FRAME_ERROR_RESERVED_BITS,
  FRAME_ERROR_UNMASKED,
  FRAME_MORE,
  FRAME_OK,
  FrameHeader,
  frameHeaderBytes,
  frameHeaderBytesOf,
  OPCODE_BINARY,
  OPCODE_TEXT,
  parseFrameHeader,
  writeCloseFrame,
  writeFrameHeader,
  writeMaskedFrameHeader,
} from "./frame.ts";

const header = new FrameHeader();
const parse = (hex: string, fromClient: boolean): number => {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return parseFrameHeader(bytes, 0, bytes.length, fromClient, header);
};

test("the headers of the RFC's examples are read", () => {
  // 81: final, text; 05: unmasked, 5 bytes
  assert.equal(parse("81 05", false), FRAME_OK);
  assert.deepEqual(
    { ...header },
    {
      isFinal: true,
      opcode: OPCODE_TEXT,
      isMasked: false,
      maskKey: 0,
      headerBytes: 2,
      payloadBytes: 5,
    },
  );
  // 81: final, text; 85: masked, 5 bytes; the key
  assert.equal(parse("81 85 37fa213d", true), FRAME_OK);
  assert.deepEqual(
    { ...header },
    {
      isFinal: true,
      opcode: OPCODE_TEXT,
      isMasked: true,
      maskKey: 0x3d21fa37,
      headerBytes: 6,
      payloadBytes: 5,
    },
  );
  // 01: not final, text
  assert.equal(parse("01 03", false), FRAME_OK);
  assert.equal(header.isFinal, false);
  // 82: final, binary; 7e: 16 bits of length; 256
  assert.equal(parse("82 7e 0100", false), FRAME_OK);
  assert.deepEqual([header.opcode, header.payloadBytes], [OPCODE_BINARY, 256]);
  // 82: final, binary; 7f: 64 bits of length; 65536
  assert.equal(parse("82 7f 0000000000010000", false), FRAME_OK);
  assert.deepEqual([header.payloadBytes, header.headerBytes], [65536, 10]);
  assert.equal(parse("82 7f 7fffffffffffffff", false), FRAME_OK);
  assert.equal(header.payloadBytes, 2 ** 63);
});

test("each rule of the header is enforced as soon as two bytes are there", () => {
  for (const bit of ["c1", "a1", "91"])
    assert.equal(parse(`${bit} 80`, true), FRAME_ERROR_RESERVED_BITS);
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    assert.equal(parse(`8${opcode.toString(16)} 80`, true), FRAME_ERROR_OPCODE);
  assert.equal(parse("81 05", true), FRAME_ERROR_UNMASKED);
  assert.equal(parse("81 85", false), FRAME_ERROR_MASKED);
  assert.equal(parse("89 fe", true), FRAME_ERROR_CONTROL_LENGTH);
  assert.equal(parse("89 ff", true), FRAME_ERROR_CONTROL_LENGTH);
  for (const opcode of [8, 9, 10])
    assert.equal(parse(`0${opcode.toString(16)} 80`, true), FRAME_ERROR_CONTROL_FRAGMENTED);
});

test("a length must be written in the shortest form, without its highest bit", () => {
  assert.equal(parse("81 7e 007d", false), FRAME_ERROR_LENGTH_FORM);
  assert.equal(parse("81 7e 007e", false), FRAME_OK);
  assert.equal(parse("81 7f 000000000000ffff", false), FRAME_ERROR_LENGTH_FORM);
  assert.equal(parse("81 7f 8000000000010000", false), FRAME_ERROR_LENGTH_FORM);
});

test("what the writers write is what the parser reads, and every truncation asks for more", () => {
  const lengths = fc.oneof(
    fc.constantFrom(0, 1, 125, 126, 127, 65535, 65536, 2 ** 31 - 1),
    fc.nat(2 ** 31 - 1),
  );
  fc.assert(
    fc.property(lengths, fc.boolean(), fc.integer(), fc.nat(5), (length, fromClient, key, at) => {
      const out = new Uint8Array(24).fill(0xee);
      const end = fromClient
        ? writeMaskedFrameHeader(out, at, OPCODE_TEXT, length, key)
        : writeFrameHeader(out, at, OPCODE_TEXT, length);
      assert.equal(out[end], 0xee);
      assert.equal(end - at, frameHeaderBytes(length) + (fromClient ? 4 : 0));
      assert.equal(end - at, frameHeaderBytesOf(out[at + 1]));
      for (let available = 0; available < end - at; available++)
        assert.equal(parseFrameHeader(out, at, available, fromClient, header), FRAME_MORE);
      assert.equal(parseFrameHeader(out, at, end - at, fromClient, header), FRAME_OK);
      assert.equal(header.payloadBytes, length);
      assert.equal(header.headerBytes, end - at);
      assert.equal(header.maskKey, fromClient ? key : 0);
    }),
  );
});

test("a close frame is four bytes", () => {
  const out = new Uint8Array(5);
  assert.equal(writeCloseFrame(out, 1, 1009), 5);
  // 88: final, close; 02: two bytes; 1009
  assert.equal(Buffer.from(out.subarray(1)).toString("hex"), "880203f1");
});
