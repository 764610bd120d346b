import assert from "node:assert/strict";
import { test } from "node:test";
import * as messages from "../error-messages.ts";
import * as reply from "./reply.ts";
import * as request from "./request.ts";

/** What a writer wrote at offset 3 of a buffer of 0xee, as hex, with the bytes around it checked. */
function written(write: (bytes: Uint8Array, offset: number) => number): string {
  const bytes = new Uint8Array(200).fill(0xee);
  const length = write(bytes, 3);
  assert.ok(bytes.subarray(0, 3).every((byte) => byte === 0xee));
  assert.ok(bytes.subarray(3 + length).every((byte) => byte === 0xee));
  return Buffer.from(bytes.subarray(3, 3 + length)).toString("hex");
}

const joined = (...parts: string[]) => parts.join("").replace(/ /g, "");

test("a connect reply is written byte for byte", () => {
  assert.equal(
    written((bytes, offset) =>
      reply.writeConnectReply(bytes, offset, 0xcafebabe | 0, 0x01234567, 0x89abcdef | 0),
    ),
    joined(
      "00000000", // action: connect
      "cafebabe", // transaction id
      "0123456789abcdef", // connection id
    ),
  );
});

test("an announce reply's header is written byte for byte", () => {
  assert.equal(
    written((bytes, offset) =>
      reply.writeAnnounceReplyHeader(bytes, offset, -2, 900, 2, 0x01020304),
    ),
    joined(
      "00000001", // action: announce
      "fffffffe", // transaction id
      "00000384", // interval: 900 s
      "00000002", // leechers
      "01020304", // seeders
    ),
  );
});

test("a scrape reply is written byte for byte, in the order seeders, completed, leechers", () => {
  assert.equal(
    written((bytes, offset) => {
      let at = offset + reply.writeScrapeReplyHeader(bytes, offset, 7);
      at += reply.writeScrapeEntry(bytes, at, 1, 2, 3);
      at += reply.writeScrapeEntry(bytes, at, 0xffffffff, 0, 256);
      return at - offset;
    }),
    joined(
      "00000002", // action: scrape
      "00000007", // transaction id
      "00000001 00000002 00000003", // first torrent
      "ffffffff 00000000 00000100", // second torrent
    ),
  );
});

test("an error reply is the message without an end mark", () => {
  assert.equal(
    written((bytes, offset) => reply.writeErrorReply(bytes, offset, 1, Buffer.from("no"))),
    joined(
      "00000003", // action: error
      "00000001", // transaction id
      "6e6f", // "no"
    ),
  );
});

test("each error that may be sent has its own message, other outcomes have none", () => {
  const text = (status: number) => Buffer.from(messages.describeUdpStatus(status)).toString();
  const sendable = [
    request.UDP_ERROR_PORT_ZERO,
    request.UDP_ERROR_FULL_SCRAPE,
    request.UDP_ERROR_SCRAPE_LIST,
  ];
  const texts = sendable.map(text);
  assert.equal(new Set(texts).size, 3);
  assert.match(texts[0] ?? "", /port 0/);
  for (let status = 0; status < request.UDP_STATUS_COUNT; status++)
    if (!sendable.includes(status))
      assert.throws(() => messages.describeUdpStatus(status), RangeError);
});
