import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import * as client from "./client-reply.ts";
import {
  type AnnounceRequest,
  writeAnnounceRequest,
  writeConnectRequest,
  writeScrapeRequest,
} from "./client-request.ts";
import * as reply from "./hot/reply.ts";
import * as request from "./hot/request.ts";
import { readUrlData } from "./request-options.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const twentyBytes = fc.uint8Array({ minLength: 20, maxLength: 20 });
const amount = fc.maxSafeNat();
const offsets = fc.nat(70);
const headers = { connectionIdHigh: int32, connectionIdLow: int32, transactionId: int32 };

const announces: fc.Arbitrary<AnnounceRequest> = fc.record({
  ...headers,
  infoHash: twentyBytes,
  peerId: twentyBytes,
  downloaded: amount,
  left: fc.oneof(fc.constant(0), fc.constant(2 ** 32), amount),
  uploaded: amount,
  event: fc.integer({ min: 0, max: 4 }),
  address: int32,
  key: int32,
  peersWanted: int32,
  port: fc.integer({ min: 1, max: 0xffff }),
});

test("a connect request is written as the tracker reads it", () => {
  const bytes = new Uint8Array(16);
  assert.equal(writeConnectRequest(bytes, 0, 0xcafebabe), 16);
  assert.equal(Buffer.from(bytes).toString("hex"), "000004172710198000000000cafebabe");
});

test("every announce written by a client is read alike by the tracker", () => {
  fc.assert(
    fc.property(announces, offsets, (announce, offset) => {
      const bytes = new Uint8Array(offset + 120).fill(0xee);
      assert.equal(writeAnnounceRequest(bytes, offset, announce), 98);
      assert.equal(request.parseUdpRequest(bytes, offset, 98), request.UDP_ANNOUNCE);
      assert.equal(request.readConnectionIdHigh(bytes, offset), announce.connectionIdHigh);
      assert.equal(request.readConnectionIdLow(bytes, offset), announce.connectionIdLow);
      assert.equal(request.readTransactionId(bytes, offset), announce.transactionId);
      const field = (at: number, length: number) => bytes.slice(offset + at, offset + at + length);
      assert.deepEqual(field(request.ANNOUNCE_INFO_HASH_OFFSET, 20), announce.infoHash);
      assert.deepEqual(field(request.ANNOUNCE_PEER_ID_OFFSET, 20), announce.peerId);
      const view = new DataView(bytes.buffer, offset);
      const wide = (at: number) => Number(view.getBigInt64(at));
      assert.equal(wide(request.ANNOUNCE_DOWNLOADED_OFFSET), announce.downloaded);
      assert.equal(wide(request.ANNOUNCE_LEFT_OFFSET), announce.left);
      assert.equal(wide(request.ANNOUNCE_UPLOADED_OFFSET), announce.uploaded);
      assert.equal(view.getInt32(request.ANNOUNCE_ADDRESS_OFFSET), announce.address);
      assert.equal(view.getInt32(request.ANNOUNCE_KEY_OFFSET), announce.key);
      const words = new Int32Array(bytes.slice(offset, offset + 96).buffer);
      assert.equal(request.readAnnounceLeft(words, 0), announce.left === 0 ? 0 : 1);
      assert.ok(request.isAnnounceRequest(bytes, offset, 98));
      assert.equal(request.readAnnounceEvent(bytes, offset), announce.event);
      assert.equal(request.readAnnouncePeersWanted(bytes, offset), announce.peersWanted);
      assert.equal(request.readAnnouncePort(bytes, offset), announce.port);
      assert.ok(bytes.subarray(offset + 98).every((byte) => byte === 0xee));
    }),
  );
});

test("negative amounts, which broken clients send, are written in two's complement", () => {
  const [announce] = fc.sample(announces, 1);
  assert.ok(announce);
  const bytes = new Uint8Array(98);
  for (const left of [-1, -5, -(2 ** 32), -(2 ** 40) - 3]) {
    writeAnnounceRequest(bytes, 0, { ...announce, left });
    assert.equal(
      Number(new DataView(bytes.buffer).getBigInt64(request.ANNOUNCE_LEFT_OFFSET)),
      left,
    );
  }
});

test("every scrape written by a client is read alike by the tracker", () => {
  const infoHashes = fc.array(twentyBytes, { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.record(headers), infoHashes, offsets, (header, hashes, offset) => {
      const list = Uint8Array.from(hashes.flatMap((hash) => [...hash]));
      const bytes = new Uint8Array(offset + 16 + list.length);
      const length = writeScrapeRequest(bytes, offset, header, list);
      assert.equal(length, 16 + list.length);
      assert.equal(request.parseUdpRequest(bytes, offset, length), request.UDP_SCRAPE);
      assert.equal(request.scrapeInfoHashCount(length), hashes.length);
      assert.equal(request.readTransactionId(bytes, offset), header.transactionId);
      assert.deepEqual(bytes.slice(offset + request.SCRAPE_INFO_HASHES_OFFSET), list);
    }),
  );
});

test("info hashes and peer ids of a wrong size are a mistake of the caller", () => {
  const [announce] = fc.sample(announces, 1);
  assert.ok(announce);
  const bytes = new Uint8Array(200);
  const wrong = new Uint8Array(19);
  assert.throws(
    () => writeAnnounceRequest(bytes, 0, { ...announce, infoHash: wrong }),
    /info hash/,
  );
  assert.throws(() => writeAnnounceRequest(bytes, 0, { ...announce, peerId: wrong }), /peer id/);
  assert.throws(() => writeScrapeRequest(bytes, 0, announce, wrong), RangeError);
});

test("every reply written by the tracker is read alike by a client", () => {
  const families = fc.constantFrom<client.AddressFamily>(4, 6);
  fc.assert(
    fc.property(int32, int32, int32, fc.nat(75), families, (id, first, second, count, family) => {
      const bytes = new Uint8Array(2000);
      let length = reply.writeConnectReply(bytes, 9, id, first, second);
      assert.equal(client.parseUdpReply(bytes, 9, length, family), client.REPLY_CONNECT);
      assert.equal(client.readReplyTransactionId(bytes, 9), id);
      assert.equal(client.readReplyConnectionIdHigh(bytes, 9), first);
      assert.equal(client.readReplyConnectionIdLow(bytes, 9), second);

      length = reply.writeAnnounceReplyHeader(bytes, 9, id, 900, first, second);
      length += count * client.peerBytes(family);
      assert.equal(client.parseUdpReply(bytes, 9, length, family), client.REPLY_ANNOUNCE);
      assert.equal(client.replyPeerCount(length, family), count);
      assert.equal(client.readReplyIntervalSeconds(bytes, 9), 900);
      assert.equal(client.readReplyLeechers(bytes, 9), first);
      assert.equal(client.readReplySeeders(bytes, 9), second);

      length = reply.writeScrapeReplyHeader(bytes, 9, id);
      for (let i = 0; i < count; i++)
        length += reply.writeScrapeEntry(bytes, 9 + length, first, i, second);
      assert.equal(client.parseUdpReply(bytes, 9, length, family), client.REPLY_SCRAPE);
      assert.equal(client.replyScrapeEntryCount(length), count);
      for (let i = 0; i < count; i++)
        assert.deepEqual(client.readReplyScrapeEntry(bytes, 9, i), {
          seeders: first,
          completed: i,
          leechers: second,
        });
    }),
  );
});

test("an IPv6 reply carries peers of 18 bytes", () => {
  const twoPeers = Buffer.from(
    [
      "00000001", // action: announce
      "00000001", // transaction id
      "00000384", // interval: 900 s
      "00000001", // leechers
      "00000001", // seeders
      "20010db8000000000000000000000001 1ae1", // [2001:db8::1]:6881
      "20010db8000000000000000000000002 0050", // [2001:db8::2]:80
    ]
      .join("")
      .replace(/ /g, ""),
    "hex",
  );
  assert.equal(client.parseUdpReply(twoPeers, 0, twoPeers.length, 6), client.REPLY_ANNOUNCE);
  assert.equal(client.replyPeerCount(twoPeers.length, 6), 2);
  assert.equal(reply.ANNOUNCE_REPLY_HEADER_BYTES + 2 * reply.PEER_IPV6_BYTES, twoPeers.length);
});

test("error replies are read as text, broken UTF-8 and shared memory included", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(64));
  const length = reply.writeErrorReply(bytes, 0, 5, Buffer.from("geschlossen \u{1f512}\xff"));
  assert.equal(client.parseUdpReply(bytes, 0, length, 4), client.REPLY_ERROR);
  assert.equal(client.readReplyMessage(bytes, 0, length), "geschlossen \u{1f512}\xff");
  const broken = Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 1, 0x61, 0xff);
  assert.equal(client.readReplyMessage(broken, 0, 10), "a\ufffd");
});

test("every truncation of every reply is told apart from a whole one", () => {
  const bytes = new Uint8Array(100);
  const statusAt = (length: number, family: client.AddressFamily = 4) =>
    client.parseUdpReply(bytes, 0, length, family);
  reply.writeConnectReply(bytes, 0, 1, 2, 3);
  for (let length = 0; length < 16; length++)
    assert.equal(statusAt(length), client.REPLY_BAD_SHORT);
  reply.writeAnnounceReplyHeader(bytes, 0, 1, 2, 3, 4);
  for (let length = 0; length < 20; length++)
    assert.equal(statusAt(length), client.REPLY_BAD_SHORT);
  for (let length = 20; length < 60; length++) {
    const whole = (length - 20) % 6 === 0;
    assert.equal(statusAt(length), whole ? client.REPLY_ANNOUNCE : client.REPLY_BAD_LIST);
    const whole6 = (length - 20) % 18 === 0;
    assert.equal(statusAt(length, 6), whole6 ? client.REPLY_ANNOUNCE : client.REPLY_BAD_LIST);
  }
  reply.writeScrapeReplyHeader(bytes, 0, 1);
  for (let length = 8; length < 60; length++) {
    const whole = (length - 8) % 12 === 0;
    assert.equal(statusAt(length), whole ? client.REPLY_SCRAPE : client.REPLY_BAD_LIST);
  }
  for (let length = 0; length < 8; length++) assert.equal(statusAt(length), client.REPLY_BAD_SHORT);
  bytes[0] = 1;
  assert.equal(statusAt(8), client.REPLY_BAD_ACTION);
});

test("random replies have one of the known outcomes and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(5), (bytes, action) => {
      if (bytes.length >= 4) new DataView(bytes.buffer).setUint32(0, action);
      for (const family of [4, 6] as const) {
        const status = client.parseUdpReply(bytes, 0, bytes.length, family);
        assert.ok(status >= client.REPLY_CONNECT && status <= client.REPLY_BAD_LIST);
        if (status === client.REPLY_ERROR) client.readReplyMessage(bytes, 0, bytes.length);
      }
    }),
    { numRuns: 2000 },
  );
});

test("the worked examples of docs/protocol/udp.md are what they say", () => {
  const page = readFileSync(new URL("../../../docs/protocol/udp.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/(?:^ {4}[0-9a-f ]+\n)+/gm)].map(([block]) => block);
  const bytesOf = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
  assert.equal(blocks.length, 5);
  const lines = (block = "") => block.trim().split("\n").map(bytesOf);
  const [connect, connectReply] = lines(blocks[0]);
  assert.ok(connect && connectReply);
  const requestStatus = (bytes: Buffer) => request.parseUdpRequest(bytes, 0, bytes.length);
  const replyStatus = (bytes: Buffer) => client.parseUdpReply(bytes, 0, bytes.length, 4);
  assert.equal(requestStatus(connect), request.UDP_CONNECT);
  assert.equal(replyStatus(connectReply), client.REPLY_CONNECT);
  const announce = bytesOf(blocks[1] ?? "");
  assert.equal(requestStatus(announce), request.UDP_ANNOUNCE);
  assert.equal(Buffer.from(readUrlData(announce, 0, announce.length)).toString(), "/dir?a=b");
  assert.equal(replyStatus(bytesOf(blocks[2] ?? "")), client.REPLY_ANNOUNCE);
  const [scrape, scrapeReply] = lines(blocks[3]);
  assert.ok(scrape && scrapeReply);
  assert.equal(requestStatus(scrape), request.UDP_SCRAPE);
  assert.equal(replyStatus(scrapeReply), client.REPLY_SCRAPE);
  assert.equal(client.readReplyScrapeEntry(scrapeReply, 0, 0).completed, 2);
  const error = bytesOf(blocks[4] ?? "");
  assert.equal(replyStatus(error), client.REPLY_ERROR);
  assert.equal(client.readReplyMessage(error, 0, error.length), "no");
});
