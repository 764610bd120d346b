import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { elementAt } from "../testing/element-at.ts";
import { offerOf, wordsOf } from "../testing/test-client.ts";
import { TestNodes } from "../testing/test-nodes.ts";
import { putId } from "./id-words.ts";
import { RemoteBatch } from "./remote-batch.ts";
import { REMOTE_ANSWER, REMOTE_OFFER } from "./remote-layout.ts";

/** Ann at node 0 has made an offer to bob at node 1; mallory at node 2 has the same id as bob. */
function scene() {
  const nodes = new TestNodes({ workers: [1, 1, 1] });
  const clients = [0, 1, 2].map((node) => elementAt(nodes.nodes, node).connect());
  const [ann, bob, mallory] = clients;
  assert.ok(ann && bob && mallory);
  bob.announce({ torrent: "film", peer: "bob", left: 0 });
  nodes.settle();
  ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o1")] });
  nodes.settle();
  mallory.announce({ torrent: "film", peer: "bob", left: 0 });
  nodes.settle();
  bob.take("announce");
  const [offer] = bob.take();
  assert.ok(offer && offer.kind === "offer");
  for (const client of [ann, mallory]) client.take();
  const [here, there, foreign] = nodes.nodes;
  assert.ok(here && there && foreign);
  return { nodes, ann, bob, mallory, offer, here, there, foreign };
}

test("nobody but the connection that got an offer can answer it, on whatever node and under whatever id", () => {
  const { nodes, ann, bob, mallory, offer, here, foreign } = scene();
  mallory.answer("bob", offer);
  nodes.settle();
  assert.deepEqual(ann.takeWords(), []);
  assert.equal(foreign.count(columns.ANSWERS_UNKNOWN), 1, "its own node knows of no such offer");
  bob.answer("bob", offer);
  nodes.settle();
  const mark = nodes.sent.length;
  assert.deepEqual(ann.takeWords(), ["film: answer o1 of bob"]);
  assert.equal(here.count(columns.REMOTE_ANSWERS_UNKNOWN), 0);
  assert.equal(mark, nodes.sent.length);
});

test("a node that sends another one's answer under its own name is not believed", () => {
  const { nodes, ann, bob, offer, here } = scene();
  nodes.isCut = true;
  nodes.sent.length = 0;
  bob.answer("bob", offer);
  nodes.settle();
  nodes.isCut = false;
  const answer = nodes.sent.find(({ to }) => to === elementAt(nodes.numbers, 0));
  assert.ok(answer);
  nodes.deliver({ ...answer, from: elementAt(nodes.numbers, 2) });
  nodes.deliver({ ...answer, from: 77 });
  nodes.settle();
  assert.deepEqual(ann.takeWords(), []);
  assert.equal(here.count(columns.REMOTE_ANSWERS_UNKNOWN), 1);
  assert.equal(here.count(columns.REMOTE_MALFORMED), 1, "of a node that nobody has heard of");
  nodes.deliver(answer);
  nodes.settle();
  assert.deepEqual(ann.takeWords(), ["film: answer o1 of bob"]);
});

test("a node can end and move its own peers alone", () => {
  const { nodes, bob, here } = scene();
  nodes.sent.length = 0;
  nodes.isCut = true;
  bob.announce({ torrent: "film", peer: "bob", event: "stopped" });
  bob.hangUp();
  nodes.settle();
  nodes.isCut = false;
  const before = here.count(columns.REMOTE_PEERS);
  const foreign = elementAt(nodes.numbers, 2);
  for (const message of nodes.sent) nodes.deliver({ ...message, from: foreign });
  // Its own peer was the first of its worker's connections, too: the same words name another connection.
  assert.equal(
    here.count(columns.REMOTE_PEERS),
    before - 1,
    "mallory, of the foreign node, has left",
  );
  for (const message of nodes.sent) nodes.deliver(message);
  assert.equal(here.count(columns.REMOTE_PEERS), before - 2);
});

test("a connection that comes into the slot of another one cannot answer its offers", () => {
  const { nodes, ann, bob, mallory, offer } = scene();
  nodes.isCut = true;
  nodes.sent.length = 0;
  bob.answer("bob", offer);
  nodes.settle();
  nodes.isCut = false;
  const answer = nodes.sent.find(({ to }) => to === elementAt(nodes.numbers, 0));
  assert.ok(answer);
  mallory.hangUp();
  bob.hangUp();
  nodes.settle();
  const eve = elementAt(nodes.nodes, 2).connect();
  eve.announce({ torrent: "film", peer: "bob", left: 0 });
  nodes.settle();
  nodes.deliver({ ...answer, from: elementAt(nodes.numbers, 2) });
  nodes.deliver(answer);
  nodes.settle();
  assert.deepEqual(ann.take("answer"), []);
});

/** A message with one offer or answer, as a node may make it up. */
function madeUp(kind: number, to: readonly [number, number], toName: string, text: string) {
  const batch = new RemoteBatch();
  batch.begin(0, 0, 0);
  const id = new Int32Array(5);
  putId(id, 0, new TextEncoder().encode(toName.padEnd(20, ".")), 0);
  const bytes = new TextEncoder().encode(text);
  const at = batch.writeTo(kind, 0, 0, 1, to[0], to[1], id, 0, bytes.length);
  batch.bytes.set(bytes, at);
  return batch.bytes.slice(0, batch.length);
}

test("an offer is for a peer that is there: this connection of this node, this torrent, this id", () => {
  const { nodes, ann, bob, there } = scene();
  const from = elementAt(nodes.numbers, 2);
  const to = elementAt(nodes.numbers, 1);
  const { connectionSlot, connectionSerial } = bob.connection;
  const text = (torrent = "film", extra = "") =>
    `{"action":"announce","info_hash":"${torrent.padEnd(20, ".")}","peer_id":"${"eve".padEnd(20, ".")}","offers":[{"offer":{"type":"offer","sdp":"x"},"offer_id":"${"o9".padEnd(20, ".")}"}]${extra}}`;
  const good = [connectionSlot, connectionSerial] as const;
  const unknown: [readonly [number, number], string, string][] = [
    [[connectionSlot + 1, connectionSerial], "bob", text()],
    [[connectionSlot, connectionSerial + 1], "bob", text()],
    [[connectionSlot, connectionSerial], "bo", text()],
    [[connectionSlot, connectionSerial], "bob", text("song")],
    // A peer of another node, as this one knows it: offers are not passed on.
    [[0x01000001, 1], "ann", text()],
    [[0xff000001, 1], "ann", text()],
  ];
  for (const [place, name, json] of unknown)
    nodes.deliver({ from, to, lane: 0, bytes: madeUp(REMOTE_OFFER, place, name, json) });
  assert.equal(there.count(columns.REMOTE_OFFERS_UNKNOWN), unknown.length);
  const malformed: [number, string][] = [
    [REMOTE_OFFER, "{}"],
    [REMOTE_OFFER, "nonsense"],
    [REMOTE_OFFER, text().slice(0, -1)],
    [REMOTE_OFFER, text("film", ',"offers":[]')],
    [REMOTE_OFFER, text().replaceAll('{"type":"offer","sdp":"x"}', '"<script>"')],
    [REMOTE_ANSWER, text()],
  ];
  for (const [kind, json] of malformed)
    nodes.deliver({ from, to, lane: 0, bytes: madeUp(kind, good, "bob", json) });
  assert.equal(there.count(columns.REMOTE_MALFORMED), malformed.length);
  const long = text("film", `,"x":"${"y".repeat(140_000)}"`);
  nodes.deliver({ from, to, lane: 0, bytes: madeUp(REMOTE_OFFER, good, "bob", long) });
  assert.equal(there.count(columns.REMOTE_TOO_LONG), 1);
  nodes.settle();
  assert.deepEqual(bob.take("offer"), []);
  nodes.deliver({ from, to, lane: 0, bytes: madeUp(REMOTE_OFFER, good, "bob", text()) });
  nodes.settle();
  assert.deepEqual(bob.take("offer").map(wordsOf), ["film: offer o9 of eve"]);
  assert.deepEqual(ann.take("offer"), []);
});

test("offers of other nodes use half of the memory for offers, however many connections make them", () => {
  const nodes = new TestNodes({
    workers: [1, 1],
    config: { maxMessagesPerSecond: 0 },
    memoryBytes: 0,
  });
  const [here, there] = nodes.nodes;
  assert.ok(here && there);
  const ann = here.connect();
  const clients = Array.from({ length: 40 }, () => there.connect());
  for (const index of clients.keys()) ann.announce({ torrent: `t${index}`, peer: "ann", left: 1 });
  nodes.settle();
  for (let round = 0; round < 5; round++)
    for (const [index, client] of clients.entries()) {
      const offers = [offerOf(`${round}.${index}`)];
      client.announce({ torrent: `t${index}`, peer: `p${index}`, left: 0, offers });
    }
  nodes.settle();
  const { offers } = elementAt(here.trackers, 0).swarms;
  assert.equal(offers.length, 128, "of 256");
  assert.equal(here.count(columns.OFFERS_OVER_SHARE), 200 - 128);
});
