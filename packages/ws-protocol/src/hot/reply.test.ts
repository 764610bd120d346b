import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesToBinaryString, formatAnnounce, parseTrackerMessage } from "../client-messages.ts";
import { BytePool } from "./byte-pool.ts";
import { frameHeaderBytes } from "./frame.ts";
import { MessageReader, READ_MORE, READ_TEXT } from "./message-reader.ts";
import * as reply from "./reply.ts";
import { digitsOf } from "./reply-text.ts";
import { TrackerRequest } from "./request.ts";
import {
  ACTION_IS_ANNOUNCE,
  ACTION_IS_SCRAPE,
  ACTION_UNKNOWN,
  FAILURE_STATUSES,
  failureReasonOf,
  REFUSED_ACCESS,
  REQUEST_ANNOUNCE,
} from "./request-status.ts";
import { scrapeReplyBytes, writeScrapeReply } from "./scrape-reply.ts";

const id = (byte: number) => new Uint8Array(20).fill(byte);
const request = new TrackerRequest(10, 10);
const parse = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return request.read(bytes, 0, bytes.length);
};

/** Writes one frame, checks that it has exactly the length promised, and returns its payload's text. */
function frameOf(payloadBytes: number, write: (out: Uint8Array, at: number) => number): string {
  const length = frameHeaderBytes(payloadBytes) + payloadBytes;
  const out = new Uint8Array(length + 6).fill(0xee);
  assert.equal(write(out, 3), length + 3);
  assert.deepEqual(out.slice(length + 3), new Uint8Array(3).fill(0xee));
  const reader = new MessageReader(new BytePool(), false, 1 << 20, true);
  reader.push(out, 3, length);
  assert.equal(reader.next(), READ_TEXT);
  const text = Buffer.from(
    reader.bytes.subarray(reader.offset, reader.offset + reader.length),
  ).toString("utf8");
  assert.equal(reader.next(), READ_MORE);
  return text;
}

const announceReply = (complete: number, incomplete: number, interval: number) => {
  const bytes = reply.announceReplyBytes(request, complete, incomplete, interval);
  return frameOf(bytes, (out, at) =>
    reply.writeAnnounceReply(out, at, bytes, request, complete, incomplete, interval),
  );
};
const failureText = (status: number, action: number) => {
  const bytes = reply.failureBytes(request, status, action);
  return frameOf(bytes, (out, at) => reply.writeFailure(out, at, bytes, request, status, action));
};

test("the announce reply is aquatic's, byte for byte", () => {
  assert.equal(parse(formatAnnounce({ infoHash: id(0x41), peerId: id(2) })), REQUEST_ANNOUNCE);
  assert.equal(
    announceReply(3, 10, 120),
    '{"action":"announce","info_hash":"AAAAAAAAAAAAAAAAAAAA","complete":3,"incomplete":10,"interval":120}',
  );
});

test("replies carry any info hash and any counts", () => {
  const count = fc.oneof(fc.nat(), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 32, 2 ** 53 - 1));
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      count,
      count,
      (infoHash, complete, incomplete) => {
        parse(formatAnnounce({ infoHash, peerId: id(2) }));
        assert.deepEqual(parseTrackerMessage(announceReply(complete, incomplete, 132)), {
          kind: "announce",
          infoHash,
          complete,
          incomplete,
          intervalSeconds: 132,
        });
      },
    ),
  );
});

test("offers and answers are passed on as they came, whatever their length", () => {
  const ids = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const sdp = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.integer({ min: 0, max: 70_000 }).map((length) => "x".repeat(length)),
  );
  fc.assert(
    fc.property(ids, ids, ids, ids, sdp, (infoHash, peerId, offerId, toPeerId, text) => {
      const offer = { type: "offer" as const, sdp: text };
      const answer = { type: "answer" as const, sdp: text };
      const offers = [
        { offer: { ...offer, sdp: "first" }, offerId: id(1) },
        { offer, offerId },
      ];
      parse(formatAnnounce({ infoHash, peerId, offers, answer: { answer, toPeerId, offerId } }));
      reply.prepareOffers(request);
      const offerBytes = reply.offerBytes(request, 1);
      const offered = frameOf(offerBytes, (out, at) =>
        reply.writeOffer(out, at, offerBytes, request, 1),
      );
      assert.deepEqual(parseTrackerMessage(offered), {
        kind: "offer",
        infoHash,
        peerId,
        offerId,
        description: offer,
      });
      assert.ok(offered.includes(JSON.stringify(offer)), "unchanged");
      const answerBytes = reply.answerBytes(request);
      const answered = frameOf(answerBytes, (out, at) =>
        reply.writeAnswer(out, at, answerBytes, request),
      );
      assert.deepEqual(parseTrackerMessage(answered), {
        kind: "answer",
        infoHash,
        peerId,
        offerId,
        description: answer,
      });
    }),
  );
});

test("an error names the action and the info hash, or where that is not known one that no torrent has", () => {
  parse(formatAnnounce({ infoHash: id(0x41), peerId: id(2) }));
  assert.equal(
    failureText(REFUSED_ACCESS, ACTION_IS_ANNOUNCE),
    '{"failure reason":"this torrent is not allowed on this tracker","action":"announce","info_hash":"AAAAAAAAAAAAAAAAAAAA"}',
  );
  assert.match(
    failureText(REFUSED_ACCESS, ACTION_IS_SCRAPE),
    /"action":"scrape","info_hash":"A{20}"/,
  );
  assert.match(
    failureText(REFUSED_ACCESS, ACTION_UNKNOWN),
    /"action":"announce","info_hash":"A{20}"/,
  );
  parse("nonsense");
  for (const status of FAILURE_STATUSES) {
    const reason = Buffer.from(failureReasonOf(status) ?? []).toString("latin1");
    for (const action of [ACTION_UNKNOWN, ACTION_IS_SCRAPE, ACTION_IS_ANNOUNCE])
      assert.deepEqual(JSON.parse(failureText(status, action)), {
        "failure reason": reason,
        action: "announce",
        info_hash: "0".repeat(20),
      });
  }
});

test("a scrape's answer holds a file for each info hash", () => {
  const torrent = fc.tuple(
    fc.uint8Array({ minLength: 20, maxLength: 20 }),
    fc.nat(),
    fc.nat(),
    fc.nat(),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(torrent, { maxLength: 9, selector: ([name]) => name.join() }),
      (torrents) => {
        const names = Uint8Array.from(torrents.flatMap(([name]) => [...name]));
        const counts = Float64Array.from(torrents.flatMap(([, ...rest]) => rest));
        const bytes = scrapeReplyBytes(names, counts, torrents.length);
        const text = frameOf(bytes, (out, at) =>
          writeScrapeReply(out, at, bytes, names, counts, torrents.length),
        );
        const files: Record<string, unknown> = {};
        for (const [name, complete, incomplete, downloaded] of torrents)
          files[bytesToBinaryString(name)] = { complete, incomplete, downloaded };
        assert.deepEqual(JSON.parse(text), { action: "scrape", files });
      },
    ),
  );
});

test("digitsOf counts digits", () => {
  for (const value of [0, 1, 9, 10, 11, 99, 100, 2 ** 31, 2 ** 53 - 1])
    assert.equal(digitsOf(value), String(value).length);
});

test("an offer goes out the same however the client has laid out its parts", () => {
  const ids = `"info_hash":"${"\\u00e9".repeat(20)}","peer_id":"${"\\u0000".repeat(20)}"`;
  const description = '{"type":"offer","sdp":"v=0"}';
  const offerId = `"${"o".repeat(20)}"`;
  const layouts = [
    `{"offer":${description},"offer_id":${offerId}}`,
    `{"offer_id":${offerId},"offer":${description}}`,
    `{"offer":${description}, "offer_id":${offerId}}`,
    `{"offer":${description},"x_id_too":1,"offer_id":${offerId}}`,
    `{"offer":${description},"offer_ix":${offerId},"offer_id":${offerId}}`,
    `{"offer":${description},"offer\\u005fid":${offerId}}`,
  ];
  for (const layout of layouts) {
    assert.equal(parse(`{"action":"announce",${ids},"offers":[${layout}]}`), REQUEST_ANNOUNCE);
    reply.prepareOffers(request);
    const bytes = reply.offerBytes(request, 0);
    const text = frameOf(bytes, (out, at) => reply.writeOffer(out, at, bytes, request, 0));
    const [infoHash, peerId] = ids.split(",");
    assert.equal(
      text,
      `{"action":"announce",${peerId},${infoHash},"offer":${description},"offer_id":${offerId}}`,
    );
  }
});
