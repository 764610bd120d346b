import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANNOUNCE_REQUEST_BYTES, parseUdpRequest, UDP_ANNOUNCE } from "./hot/request.ts";
import { readUrlData, urlDataOptionBytes, writeUrlData } from "./request-options.ts";

/** An announce that passes the parser, at offset 5 of a larger buffer, followed by these options. */
function announceWith(options: Uint8Array): { bytes: Uint8Array; offset: number; length: number } {
  const offset = 5;
  const length = ANNOUNCE_REQUEST_BYTES + options.length;
  const bytes = new Uint8Array(offset + length + 300).fill(0x61, offset + length);
  bytes[offset + 11] = 1; // announce
  bytes[offset + 97] = 1; // port 1
  bytes.set(options, offset + ANNOUNCE_REQUEST_BYTES);
  return { bytes, offset, length };
}

const urlDataOf = (hex: string) => {
  const { bytes, offset, length } = announceWith(Buffer.from(hex.replace(/ /g, ""), "hex"));
  assert.equal(parseUdpRequest(bytes, offset, length), UDP_ANNOUNCE);
  return Buffer.from(readUrlData(bytes, offset, length)).toString("latin1");
};

test("URL data is read, pieces are joined, what else there is gets skipped", () => {
  assert.equal(urlDataOf(""), "");
  assert.equal(urlDataOf("02 0c 2f6469723f613d6226633d64 00"), "/dir?a=b&c=d");
  assert.equal(urlDataOf("02 02 2f61 02 00 02 01 62"), "/ab"); // three pieces, one of them empty
  assert.equal(urlDataOf("01 01 02 01 61 01 02 01 62 00"), "ab"); // padded with no-operations
  assert.equal(urlDataOf("ff 03 020161 02 01 62"), "b"); // the unknown option holds what looks like one
  assert.equal(urlDataOf("03 00 02 01 62"), "b"); // an unknown option of no bytes
  assert.equal(urlDataOf("02 01 61 00 02 01 62"), "a"); // the end is the end
});

test("an option that runs past the datagram is not an option, those before it count", () => {
  assert.equal(urlDataOf("02"), "");
  assert.equal(urlDataOf("02 05 61"), "");
  assert.equal(urlDataOf("02 01 61 02"), "a");
  assert.equal(urlDataOf("02 01 61 02 02 62"), "a");
  assert.equal(urlDataOf("02 01 61 7f ff 62"), "a");
});

test("URL data of any length is written and read back, in pieces of at most 255 bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1100 }), (urlData) => {
      const options = new Uint8Array(urlDataOptionBytes(urlData.length));
      assert.equal(writeUrlData(options, 0, urlData), options.length);
      const { bytes, offset, length } = announceWith(options);
      assert.deepEqual(readUrlData(bytes, offset, length), urlData);
    }),
  );
  for (const length of [0, 1, 254, 255, 256, 510, 511]) {
    const options = new Uint8Array(urlDataOptionBytes(length));
    assert.equal(writeUrlData(options, 0, new Uint8Array(length)), options.length, `${length}`);
  }
  assert.throws(() => writeUrlData(new Uint8Array(5), 0, new Uint8Array(3)), RangeError);
});

test("random options at every cut never throw and give no more than they hold", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (options) => {
      const { bytes, offset, length } = announceWith(options);
      const whole = readUrlData(bytes, offset, length);
      assert.ok(whole.length <= options.length);
      for (let cut = ANNOUNCE_REQUEST_BYTES; cut < length; cut += 7) {
        const part = readUrlData(bytes, offset, cut);
        assert.deepEqual(whole.subarray(0, part.length), part);
      }
    }),
  );
});
