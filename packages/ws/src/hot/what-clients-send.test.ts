/** What clients in the field send beside the plain messages: all of it is read as it is meant, and nobody is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf } from "../testing/test-client.ts";

const latin1 = (id: Uint8Array): string => Buffer.from(id).toString("latin1");

/** A client whose announces are written by hand, and another that counts who is there. */
function start() {
  const trackers = new TestTrackers();
  const client = trackers.connect();
  const announce = (members: object) => {
    client.sendJson({
      action: "announce",
      info_hash: latin1(idOf("film")),
      peer_id: latin1(idOf("ann")),
      ...members,
    });
    trackers.settle();
    return client.takeWords();
  };
  return { trackers, client, announce };
}

test("a scrape of an empty list is a heartbeat: it gets a reply without files and keeps the connection", () => {
  const { trackers, client } = start();
  client.sendText('{"action":"scrape","info_hash":[]}');
  trackers.settle();
  assert.deepEqual(client.texts, ['{"action":"scrape","files":{}}']);
  assert.equal(client.socket, "open");
  assert.equal(trackers.count(...columns.REFUSALS), 0);
});

test("numwant, left and uploaded may be strings, null or missing", () => {
  const { trackers, announce } = start();
  const bob = trackers.connect();
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  for (const uploaded of ["5", null, undefined, "", -1, 1e99])
    for (const [left, counts] of [
      ["0", "1 complete, 1 incomplete"],
      ["17", "0 complete, 2 incomplete"],
      [null, "0 complete, 2 incomplete"],
      [undefined, "0 complete, 2 incomplete"],
    ] as const)
      assert.deepEqual(announce({ left, uploaded, downloaded: uploaded }), [`film: ${counts}`]);
  const offers = ["o1", "o2"].map((name) => ({
    offer: { type: "offer", sdp: name },
    offer_id: latin1(idOf(name)),
  }));
  bob.take();
  for (const [numwant, heard] of [
    ["1", 1],
    ["0", 0],
    [null, 1],
    [undefined, 1],
    ["", 1],
  ] as const) {
    announce({ numwant, offers });
    assert.equal(bob.take("offer").length, heard, String(numwant));
  }
});

test("unknown keys and events are skipped, known events count in any letter case", () => {
  const { trackers, announce } = start();
  const extras = { trackerid: "x", key: { a: [1] }, "": null, corrupt: 0, event: "dance" };
  assert.deepEqual(announce(extras), ["film: 0 complete, 1 incomplete"]);
  assert.equal(trackers.count(columns.EVENTS_UNKNOWN), 1);
  assert.deepEqual(announce({ event: "Completed" }), ["film: 1 complete, 0 incomplete"]);
  assert.deepEqual(announce({ event: "STOPPED" }), ["film: 0 complete, 0 incomplete"]);
  assert.equal(trackers.count(columns.EVENTS_UNKNOWN), 1);
});

test("ids are twenty characters of Latin-1 in any escape of JSON: all of these are one peer of one torrent", () => {
  const { trackers, client } = start();
  const id = Uint8Array.from(
    { length: 20 },
    (_, index) => [0x00, 0x22, 0x5c, 0x2f, 0xe9][index % 5],
  );
  const spellings = [
    JSON.stringify(latin1(id)),
    `"${[...id].map((byte) => `\\u00${byte.toString(16).padStart(2, "0")}`).join("")}"`,
    `"${[...id].map((byte) => `\\u00${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")}"`,
    JSON.stringify(latin1(id)).replaceAll("/", "\\/"),
  ];
  for (const text of spellings)
    client.sendText(`{"action":"announce","info_hash":${text},"peer_id":${text},"left":1}`);
  trackers.settle();
  const replies = client.take("announce");
  assert.equal(replies.length, spellings.length);
  for (const reply of replies) assert.ok(reply.kind === "announce" && reply.incomplete === 1);
});

test("an offer that is null, or carries null, is left out, and those beside it are passed on", () => {
  const { trackers, announce } = start();
  const bob = trackers.connect();
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  bob.take();
  const id = (name: string) => latin1(idOf(name));
  const offers = [
    null,
    { offer: null, offer_id: id("o1") },
    { offer: { type: "offer", sdp: null }, offer_id: id("o2") },
    { offer: { type: "offer", sdp: "v=0" }, offer_id: null },
    { offer: { type: "offer", sdp: "v=0" }, offer_id: id("o5") },
  ];
  assert.deepEqual(announce({ offers }), ["film: 0 complete, 2 incomplete"]);
  assert.deepEqual(bob.takeWords(), ["film: offer o5 of ann"]);
});
