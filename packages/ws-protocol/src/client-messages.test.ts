import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  binaryStringToId,
  bytesToBinaryString,
  formatAnnounce,
  formatScrape,
  parseTrackerMessage,
} from "./client-messages.ts";

const id = (byte: number) => new Uint8Array(20).fill(byte);
const name = (byte: number) => bytesToBinaryString(id(byte));

test("an announce says only what it was given", () => {
  assert.deepEqual(JSON.parse(formatAnnounce({ infoHash: id(1), peerId: id(200) })), {
    action: "announce",
    info_hash: name(1),
    peer_id: name(200),
  });
  assert.deepEqual(
    JSON.parse(
      formatAnnounce({
        infoHash: id(1),
        peerId: id(2),
        left: 0,
        event: "completed",
        numwant: 1,
        offers: [{ offer: { type: "offer", sdp: "x" }, offerId: id(3) }],
        answer: { answer: { type: "answer", sdp: "y" }, toPeerId: id(4), offerId: id(5) },
      }),
    ),
    {
      action: "announce",
      info_hash: name(1),
      peer_id: name(2),
      left: 0,
      event: "completed",
      numwant: 1,
      offers: [{ offer: { type: "offer", sdp: "x" }, offer_id: name(3) }],
      answer: { type: "answer", sdp: "y" },
      to_peer_id: name(4),
      offer_id: name(5),
    },
  );
});

test("a scrape names one info hash as a string, several as a list", () => {
  assert.deepEqual(JSON.parse(formatScrape([id(1)])), { action: "scrape", info_hash: name(1) });
  assert.deepEqual(JSON.parse(formatScrape([id(1), id(2)])).info_hash, [name(1), name(2)]);
});

test("a client reads aquatic's messages", () => {
  const base = { action: "announce", info_hash: name(1) };
  assert.deepEqual(
    parseTrackerMessage(JSON.stringify({ ...base, complete: 1, incomplete: 2, interval: 120 })),
    {
      kind: "announce",
      infoHash: id(1),
      complete: 1,
      incomplete: 2,
      intervalSeconds: 120,
    },
  );
  const offer = { type: "offer", sdp: "x" };
  assert.deepEqual(
    parseTrackerMessage(JSON.stringify({ ...base, peer_id: name(2), offer, offer_id: name(3) })),
    {
      kind: "offer",
      infoHash: id(1),
      peerId: id(2),
      offerId: id(3),
      description: offer,
    },
  );
  assert.deepEqual(
    parseTrackerMessage(
      JSON.stringify({
        action: "scrape",
        files: { [name(9)]: { complete: 1, incomplete: 2, downloaded: 0 } },
      }),
    ),
    { kind: "scrape", files: [{ infoHash: id(9), complete: 1, incomplete: 2, downloaded: 0 }] },
  );
  assert.deepEqual(parseTrackerMessage('{"failure reason":"no"}'), {
    kind: "failure",
    reason: "no",
  });
  assert.deepEqual(
    parseTrackerMessage(JSON.stringify({ "failure reason": "no", info_hash: name(1) })),
    {
      kind: "failure",
      reason: "no",
      infoHash: id(1),
    },
  );
});

test("a client refuses what is not a tracker's message, and throws at nothing", () => {
  for (const text of [
    "",
    "[]",
    "null",
    "5",
    "{}",
    '{"action":"announce"}',
    '{"action":"scrape"}',
    '{"action":"scrape","files":[]}',
    '{"action":"scrape","files":{"short":{"complete":1,"incomplete":1,"downloaded":0}}}',
    JSON.stringify({
      action: "announce",
      info_hash: name(1),
      complete: -1,
      incomplete: 0,
      interval: 1,
    }),
    JSON.stringify({
      action: "announce",
      info_hash: name(1),
      complete: "1",
      incomplete: 0,
      interval: 1,
    }),
    JSON.stringify({
      action: "announce",
      info_hash: name(1),
      peer_id: name(2),
      offer_id: name(3),
      offer: null,
    }),
    JSON.stringify({
      action: "announce",
      info_hash: name(1),
      peer_id: name(2),
      offer: { type: "offer", sdp: "" },
    }),
    JSON.stringify({ action: "scrape", files: { [name(9)]: { complete: 1, incomplete: 2 } } }),
  ])
    assert.equal(parseTrackerMessage(text), undefined, text);
  fc.assert(fc.property(fc.json(), (text) => void parseTrackerMessage(text)));
});

test("only 20 characters up to 255 are an id", () => {
  assert.deepEqual(binaryStringToId(name(255)), id(255));
  for (const bad of [
    name(1).slice(1),
    `${name(1)}a`,
    `${name(1).slice(1)}Ā`,
    undefined,
    null,
    5,
    [1],
  ])
    assert.equal(binaryStringToId(bad), undefined);
});
