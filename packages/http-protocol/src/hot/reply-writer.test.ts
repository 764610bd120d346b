import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIpAddress } from "@swarmtide/bittorrent";
import fc from "fast-check";
import { type BencodeValue, latin1Text, readBencode } from "../bencode-reader.ts";
import { readAnnounceReply, readScrapeReply } from "../client-reply.ts";
import { makeResponseHead, makeTextResponse } from "../response-head.ts";
import { decimalDigits, writeDecimal } from "./bencode-writer.ts";
import { asciiBytes } from "./byte-class.ts";
import { HttpResponse, parseHttpResponse, RESPONSE_OK } from "./http-response.ts";
import {
  AnnounceReply,
  announceReplyBytesMax,
  SCRAPE_REPLY_ENTRY_BYTES_MAX,
  SCRAPE_REPLY_FRAME_BYTES_MAX,
  writeAnnounceReply,
  writeContentLength,
  writeFailureReply,
  writeResponseHead,
  writeScrapeEntry,
  writeScrapeReplyEnd,
  writeScrapeReplyStart,
} from "./reply-writer.ts";

const output = new Uint8Array(65536);
const latin1 = (bytes: Uint8Array) => latin1Text(bytes);

/** Writes an answer with these compact peers lying behind it, and checks the promise about its size. */
function announceBody(reply: AnnounceReply, peers: Uint8Array, offset = 0): Uint8Array {
  const stride = reply.isIpv6 ? 18 : 6;
  reply.peersCount = peers.length / stride;
  const room = announceReplyBytesMax(
    reply.peersCount,
    reply.trackerIdLength + reply.warning.length,
  );
  reply.peersOffset = offset + room;
  output.set(peers, reply.peersOffset);
  const end = writeAnnounceReply(output, offset, reply);
  assert.ok(end - offset <= room, `${end - offset} bytes in a room of ${room}`);
  return output.slice(offset, end);
}

test("a golden compact answer, every optional key in it", () => {
  const reply = new AnnounceReply();
  reply.complete = 3;
  reply.incomplete = 12;
  reply.downloaded = 456;
  reply.intervalSeconds = 900;
  reply.minIntervalSeconds = 300;
  reply.externalAddress.set([65, 66, 67, 68]);
  reply.externalAddressBytes = 4;
  reply.trackerId = asciiBytes("id--");
  reply.trackerIdLength = 2;
  reply.warning = asciiBytes("old");
  // Two peers: "abcd" port 0x6566, "ghij" port 0x6b6c.
  assert.equal(
    latin1(announceBody(reply, asciiBytes("abcdefghijkl"))),
    "d8:completei3e10:downloadedi456e11:external ip4:ABCD10:incompletei12e8:intervali900e" +
      "12:min intervali300e5:peers12:abcdefghijkl10:tracker id2:id15:warning message3:olde",
  );
});

test("an asker over IPv6 gets peers6, and an empty peers for old clients", () => {
  const reply = new AnnounceReply();
  reply.isIpv6 = true;
  assert.equal(
    latin1(announceBody(reply, asciiBytes("abcdefghijklmnopqr"))),
    "d8:completei0e10:downloadedi0e10:incompletei0e8:intervali0e12:min intervali0e" +
      "5:peers0:6:peers618:abcdefghijklmnopqre",
  );
});

test("compact=0 gives dictionaries without peer id", () => {
  const reply = new AnnounceReply();
  reply.isCompact = false;
  const peers = Uint8Array.from([127, 0, 0, 1, 0x1a, 0xe1, 255, 255, 255, 255, 0xff, 0xff]);
  assert.match(
    latin1(announceBody(reply, peers)),
    /5:peersld2:ip9:127\.0\.0\.14:porti6881eed2:ip15:255\.255\.255\.2554:porti65535eeee$/,
  );
  reply.isIpv6 = true;
  const ipv6 = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf, 0, 80]);
  assert.match(
    latin1(announceBody(reply, ipv6)),
    /5:peersld2:ip20:2001:db8:0:0:0:0:0:f4:porti80eeee$/,
  );
});

test("whatever is written is read back, compact or not, in both families", () => {
  fc.assert(
    fc.property(
      fc.record({
        counts: fc.array(fc.maxSafeNat(), { minLength: 5, maxLength: 5 }),
        isIpv6: fc.boolean(),
        isCompact: fc.boolean(),
        peers: fc.array(fc.uint8Array({ minLength: 18, maxLength: 18 }), { maxLength: 60 }),
        trackerId: fc.uint8Array({ maxLength: 64 }),
        offset: fc.nat(1000),
      }),
      ({ counts, isIpv6, isCompact, peers, trackerId, offset }) => {
        const reply = new AnnounceReply();
        reply.complete = counts[0];
        reply.incomplete = counts[1];
        reply.downloaded = counts[2];
        reply.intervalSeconds = counts[3];
        reply.minIntervalSeconds = counts[4];
        reply.isIpv6 = isIpv6;
        reply.isCompact = isCompact;
        reply.trackerId = trackerId;
        reply.trackerIdLength = trackerId.length;
        reply.externalAddressBytes = isIpv6 ? 16 : 4;
        const compact = peers.map((peer) => peer.subarray(0, isIpv6 ? 18 : 6));
        const body = announceBody(reply, Uint8Array.from(Buffer.concat(compact)), offset);
        assertSortedKeys(readBencode(body));
        const read = readAnnounceReply(body);
        assert.ok(read.failureReason === undefined);
        assert.deepEqual(
          [read.complete, read.incomplete, read.downloaded],
          [counts[0], counts[1], counts[2]],
        );
        assert.deepEqual([read.intervalSeconds, read.minIntervalSeconds], [counts[3], counts[4]]);
        assert.deepEqual(read.trackerId, trackerId.length === 0 ? undefined : trackerId);
        assert.equal(read.externalIp, isIpv6 ? "::" : "0.0.0.0");
        const canonical = (text: string) => new URL(`http://[${text}]`).hostname.slice(1, -1);
        const addresses = read.peers.map(({ address }) => (isIpv6 ? canonical(address) : address));
        const expected = compact.map((peer) => {
          if (!isIpv6) return formatIpAddress(peer.subarray(0, 4));
          const groups = Array.from({ length: 8 }, (_, i) =>
            ((peer[2 * i] << 8) | peer[2 * i + 1]).toString(16),
          );
          return canonical(groups.join(":"));
        });
        assert.deepEqual(addresses, expected);
        assert.deepEqual(
          read.peers.map(({ port }) => port),
          compact.map((peer) => (peer[peer.length - 2] << 8) | peer[peer.length - 1]),
        );
      },
    ),
  );
});

test("a golden scrape with downloaders and the flag of BEP 48", () => {
  let at = writeScrapeReplyStart(output, 0);
  at = writeScrapeEntry(output, at, asciiBytes("-aaaaaaaaaaaaaaaaaaaa"), 1, 1, 2, 3, 4);
  at = writeScrapeReplyEnd(output, at, 900);
  assert.equal(
    latin1(output.subarray(0, at)),
    "d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e11:downloadersi3e" +
      "10:incompletei4eee5:flagsd20:min_request_intervali900eee",
  );
});

test("a scrape stays within its promised size and is read back", () => {
  const most = Number.MAX_SAFE_INTEGER;
  let at = writeScrapeReplyStart(output, 0);
  for (let i = 0; i < 100; i++) {
    const before = at;
    at = writeScrapeEntry(output, at, new Uint8Array(20).fill(i), 0, most, most, most, most);
    assert.ok(at - before <= SCRAPE_REPLY_ENTRY_BYTES_MAX);
  }
  at = writeScrapeReplyEnd(output, at, most);
  assert.ok(at <= SCRAPE_REPLY_FRAME_BYTES_MAX + 100 * SCRAPE_REPLY_ENTRY_BYTES_MAX);
  const read = readScrapeReply(output.slice(0, at));
  assert.ok(read.failureReason === undefined);
  assert.equal(read.files.size, 100);
  assert.deepEqual(read.files.get("63".repeat(20)), {
    complete: most,
    incomplete: most,
    downloaded: most,
    downloaders: most,
  });
  assert.equal(read.minRequestIntervalSeconds, most);
});

test("a failure names its reason, and when to come back", () => {
  let end = writeFailureReply(output, 0, asciiBytes("no"), 0);
  assert.equal(latin1(output.subarray(0, end)), "d14:failure reason2:noe");
  end = writeFailureReply(output, 0, asciiBytes("no"), 15);
  assert.equal(latin1(output.subarray(0, end)), "d14:failure reason2:no8:retry in2:15e");
  assert.deepEqual(readAnnounceReply(output.slice(0, end)), { failureReason: "no", retryIn: 15 });
  assert.deepEqual(readScrapeReply(output.slice(0, end)), { failureReason: "no", retryIn: 15 });
});

test("the length of a body is filled in before it, and the client side reads the head", () => {
  const head = makeResponseHead(200, "keep-alive");
  for (const length of [0, 7, 1234, 9999999]) {
    const bodyOffset = writeResponseHead(output, 5, head);
    writeContentLength(output, bodyOffset, length);
    const response = new HttpResponse();
    assert.equal(parseHttpResponse(response, output, 5, bodyOffset), RESPONSE_OK);
    assert.equal(response.contentLength, length);
    assert.equal(response.bodyStart, bodyOffset);
    assert.equal(response.status, 200);
  }
});

test("a golden text answer, and the one to HEAD", () => {
  const options = { furtherHeaders: ["Allow: GET, HEAD"] };
  const head =
    "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nAllow: GET, HEAD\r\n" +
    "Connection: close\r\nContent-Length:       5\r\n\r\n";
  assert.equal(latin1(makeTextResponse(405, "nope", "close", options)), `${head}nope\n`);
  const bare = makeTextResponse(405, "nope", "close", { ...options, withBody: false });
  assert.equal(latin1(bare), head);
});

test("decimal numbers of every length are written as JavaScript writes them", () => {
  const check = (value: number) => {
    const end = writeDecimal(output, 3, value);
    assert.equal(latin1(output.subarray(3, end)), String(value));
    assert.equal(decimalDigits(value), String(value).length);
  };
  fc.assert(fc.property(fc.maxSafeNat(), check));
  for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10)
    for (const value of [power - 1, power, power + 1]) check(value);
  for (const value of [0x7fffffff, 0x80000000, 0xffffffff, Number.MAX_SAFE_INTEGER]) check(value);
});

function assertSortedKeys(value: BencodeValue): void {
  if (Array.isArray(value)) value.forEach(assertSortedKeys);
  if (!(value instanceof Map)) return;
  const keys = [...value.keys()];
  assert.deepEqual(keys, keys.slice().sort());
  for (const item of value.values()) assertSortedKeys(item);
}
