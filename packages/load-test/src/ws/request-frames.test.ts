import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BytePool,
  bytesToBinaryString,
  MessageReader,
  READ_MORE,
  READ_TEXT,
} from "@swarmtide/ws-protocol";
import { AnnounceFrames, idLiteral, makeInfoHash, makePeerId, makeSdp } from "./request-frames.ts";

/** The text in a client's frame, read as a tracker reads it. */
function textOf(frame: Uint8Array): string {
  const reader = new MessageReader(new BytePool(), true, 1 << 20, true);
  reader.push(frame, 0, frame.length);
  assert.equal(reader.next(), READ_TEXT);
  const text = Buffer.from(reader.bytes).toString(
    "utf8",
    reader.offset,
    reader.offset + reader.length,
  );
  assert.equal(reader.next(), READ_MORE);
  return text;
}

test("ids are different from each other and take the same room in JSON", () => {
  const ids = [0, 1, 63, 64, 9_999, 1_000_000].flatMap((number) => [
    makeInfoHash(number),
    makePeerId(number),
  ]);
  assert.equal(new Set(ids.map(bytesToBinaryString)).size, ids.length);
  for (const id of ids) {
    const literal = idLiteral(id);
    assert.equal(literal.length, 30);
    assert.equal(JSON.parse(`"${literal.toString("utf8")}"`), bytesToBinaryString(id));
  }
});

test("an announce carries the ids it was made for and offers of the wanted number and length", () => {
  const frames = new AnnounceFrames(10, 1500);
  const infoHash = makeInfoHash(77);
  const peerId = makePeerId(123_456);
  const message = JSON.parse(textOf(frames.make(idLiteral(infoHash), idLiteral(peerId), 0)));
  assert.equal(message.action, "announce");
  assert.equal(message.info_hash, bytesToBinaryString(infoHash));
  assert.equal(message.peer_id, bytesToBinaryString(peerId));
  assert.equal(message.left, 0);
  assert.equal(message.numwant, 10);
  assert.equal(message.offers.length, 10);
  for (const { offer } of message.offers) assert.equal(offer.sdp, makeSdp(1500));
  assert.equal(makeSdp(1500).length, 1500);
});

test("no offer id is used twice, within an announce or from one to the next", () => {
  const frames = new AnnounceFrames(10, 20);
  const make = (left: 0 | 1) =>
    JSON.parse(textOf(frames.make(idLiteral(makeInfoHash(1)), idLiteral(makePeerId(1)), left)));
  const announces = [make(0), make(1), make(1)];
  const ids = announces.flatMap(({ offers }) =>
    offers.map(({ offer_id }: { offer_id: string }) => offer_id),
  );
  assert.equal(new Set(ids).size, 30);
  for (const id of ids) assert.equal(id.length, 20);
});

test("an announce without offers is one", () => {
  const frame = new AnnounceFrames(0, 20).make(
    idLiteral(makeInfoHash(1)),
    idLiteral(makePeerId(2)),
    1,
  );
  const message = JSON.parse(textOf(frame));
  assert.deepEqual([message.offers, message.left], [[], 1]);
});
