import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatAnnounce } from "../client-messages.ts";
import {
  passedAnswerBytes,
  passedOfferBytes,
  writePassedAnswer,
  writePassedOffer,
} from "./passed-on.ts";
import { TrackerRequest } from "./request.ts";
import { REQUEST_ANNOUNCE } from "./request-status.ts";

const read = (text: string): TrackerRequest => {
  const request = new TrackerRequest(10, 0);
  const bytes = new TextEncoder().encode(text);
  assert.equal(request.read(bytes, 0, bytes.length), REQUEST_ANNOUNCE);
  return request;
};

/** What is written, of exactly the promised length. */
function written(length: number, write: (out: Uint8Array) => number): string {
  const out = new Uint8Array(length + 2).fill(0xee);
  assert.equal(write(out), length + 1);
  assert.deepEqual([out[0], out[length + 1]], [0xee, 0xee]);
  return Buffer.from(out.subarray(1, length + 1)).toString("utf8");
}

const offerText = (request: TrackerRequest, index: number) =>
  written(passedOfferBytes(request, index), (out) => writePassedOffer(out, 1, request, index));
const answerText = (request: TrackerRequest) =>
  written(passedAnswerBytes(request), (out) => writePassedAnswer(out, 1, request));

const id = (letter: string) => new Uint8Array(20).fill(letter.charCodeAt(0));

test("an offer and an answer go out as these messages", () => {
  const offers = [
    { offer: { type: "offer" as const, sdp: "one" }, offerId: id("x") },
    { offer: { type: "offer" as const, sdp: "two" }, offerId: id("y") },
  ];
  const offered = read(formatAnnounce({ infoHash: id("A"), peerId: id("B"), left: 0, offers }));
  assert.equal(
    offerText(offered, 1),
    '{"action":"announce","info_hash":"AAAAAAAAAAAAAAAAAAAA","peer_id":"BBBBBBBBBBBBBBBBBBBB","offers":[{"offer":{"type":"offer","sdp":"two"},"offer_id":"yyyyyyyyyyyyyyyyyyyy"}]}',
  );
  const answer = {
    ...{ toPeerId: id("C"), offerId: id("y") },
    answer: { type: "answer" as const, sdp: "yes" },
  };
  const answered = read(formatAnnounce({ infoHash: id("A"), peerId: id("B"), answer }));
  assert.equal(
    answerText(answered),
    '{"action":"announce","info_hash":"AAAAAAAAAAAAAAAAAAAA","peer_id":"BBBBBBBBBBBBBBBBBBBB","to_peer_id":"CCCCCCCCCCCCCCCCCCCC","answer":{"type":"answer","sdp":"yes"},"offer_id":"yyyyyyyyyyyyyyyyyyyy"}',
  );
});

test("what is passed on reads back as what it was, whatever the bytes", () => {
  const ids = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(
      ids,
      ids,
      ids,
      ids,
      fc.string({ unit: "binary", maxLength: 80 }),
      (infoHash, peerId, offerId, toPeerId, sdp) => {
        const own = read(
          formatAnnounce({
            ...{ infoHash, peerId },
            offers: [{ offer: { type: "offer", sdp }, offerId }],
            answer: { answer: { type: "answer", sdp }, toPeerId, offerId },
          }),
        );
        const offered = read(offerText(own, 0));
        const sent = new Uint8Array(20);
        offered.readOfferId(0, sent, 0);
        assert.deepEqual(sent, offerId);
        assert.deepEqual(offered.ids.subarray(0, 40), own.ids.subarray(0, 40));
        assert.equal(offered.hasAnswer, false);
        const answered = read(answerText(own));
        assert.deepEqual(answered.ids, own.ids);
        assert.equal(answered.offers, 0);
        const text = ({ bytes, answerStart, answerEnd }: TrackerRequest) =>
          Buffer.from(bytes.subarray(answerStart, answerEnd)).toString("utf8");
        assert.equal(text(answered), text(own));
      },
    ),
  );
});
