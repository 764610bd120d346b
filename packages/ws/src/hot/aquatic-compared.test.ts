/**
 * What a client of aquatic_ws 0.9 sees here, case by case: where both trackers agree, and where this one means to differ
 * (then the test says what aquatic_ws does). Cases with a test of their own elsewhere are not told twice.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE_BINARY } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { clientFrame, idOf, offerOf, type TestClient } from "../testing/test-client.ts";

const film = Buffer.from(idOf("film")).toString("latin1");
const annId = Buffer.from(idOf("ann")).toString("latin1");
const ANNOUNCE = { action: "announce", info_hash: film, peer_id: annId };
const PEER_GONE = "failure: No such offer was made to you, or it has expired or been answered";

/** Two leechers in one torrent, with their replies taken. */
function twoLeechers(changes = {}): { trackers: TestTrackers; ann: TestClient; bob: TestClient } {
  const trackers = new TestTrackers(1, changes);
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  for (const client of [ann, bob]) client.take();
  return { trackers, ann, bob };
}

/** What a fresh client receives when it sends this. */
function heard(message: unknown): string[] {
  const trackers = new TestTrackers();
  const client = trackers.connect();
  client.sendJson(message);
  trackers.settle();
  assert.equal(client.socket, "open");
  return client.takeWords();
}

const LEECHER = ["film: 0 complete, 1 incomplete"];
const SEEDER = ["film: 1 complete, 0 incomplete"];

test("a binary frame is read like a text one, and replies are always text", () => {
  const trackers = new TestTrackers();
  const client = trackers.connect();
  const payload = new TextEncoder().encode(JSON.stringify({ ...ANNOUNCE, left: 0 }));
  client.sendBytes(clientFrame(OPCODE_BINARY, payload));
  trackers.settle();
  assert.deepEqual(client.takeWords(), SEEDER);
});

test("a ping comes back as a pong with the same payload", () => {
  const trackers = new TestTrackers();
  const client = trackers.connect();
  for (const length of [0, 1, 125]) {
    client.sendBytes(clientFrame(9, new Uint8Array(length).fill(7)));
    trackers.settle();
    assert.deepEqual(client.lastPong, new Uint8Array(length).fill(7));
  }
});

test("a frame of 40 KiB is read; aquatic_ws drops the connection above 16 KiB", () => {
  const { trackers, ann, bob } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1", "x".repeat(40_000))] });
  trackers.settle();
  assert.equal(bob.take("offer").length, 1);
});

test("a message that is too long ends in a close frame, 1009; aquatic_ws says nothing", () => {
  const { trackers, ann } = twoLeechers({ maxMessageSize: 4096 });
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1", "x".repeat(5000))] });
  trackers.settle();
  assert.equal(ann.closeCode, 1009);
  assert.equal(trackers.count(columns.ENDED_TOO_LONG), 1);
});

test("members that nobody knows are skipped", () => {
  const more = { uploaded: 1, downloaded: -2, key: "x", trackerid: null, compact: 1, x: [{}] };
  assert.deepEqual(heard({ ...ANNOUNCE, ...more }), LEECHER);
});

test("left: null or missing makes a new peer a leecher, 0 a seeder; aquatic_ws refuses what is not a whole number", () => {
  assert.deepEqual(heard({ ...ANNOUNCE, left: null }), LEECHER);
  assert.deepEqual(heard(ANNOUNCE), LEECHER);
  assert.deepEqual(heard({ ...ANNOUNCE, left: 0 }), SEEDER);
  assert.deepEqual(heard({ ...ANNOUNCE, left: "0" }), SEEDER);
  for (const left of [-1, 0.5, "12", "some", [], true])
    assert.deepEqual(heard({ ...ANNOUNCE, left }), LEECHER);
});

test("every event is taken, one that nobody knows as none; aquatic_ws refuses the message", () => {
  for (const event of ["", "paused", "update", "started", null, "dance", 5])
    assert.deepEqual(heard({ ...ANNOUNCE, event }), LEECHER, String(event));
});

test("numwant bounds the offers passed on, and a negative one means no bound; aquatic_ws ignores or refuses it", () => {
  const { trackers, ann, bob } = twoLeechers();
  for (const [numwant, offers] of [
    [0, 0],
    [1, 1],
    [-1, 1],
  ]) {
    ann.announce({ torrent: "film", peer: "ann", numwant, offers: [offerOf("o1")] });
    trackers.settle();
    assert.equal(bob.take("offer").length, offers);
  }
});

test("one wrong offer among good ones refuses the message, and none is passed on", () => {
  const { trackers, ann, bob } = twoLeechers();
  const good = { offer: { type: "offer", sdp: "x" }, offer_id: "o".repeat(20) };
  ann.sendJson({ ...ANNOUNCE, offers: [good, { ...good, offer_id: "short" }] });
  trackers.settle();
  assert.match(ann.takeWords()[0], /^failure: offers must be a list/);
  assert.deepEqual(bob.takeWords(), []);
});

test("an id of more than twenty characters is refused; aquatic_ws cuts it", () => {
  for (const key of ["info_hash", "peer_id"])
    assert.match(heard({ ...ANNOUNCE, [key]: `${film}x` })[0], new RegExp(`^failure: ${key} must`));
});

test("every message goes out with aquatic's keys in aquatic's order", () => {
  const { trackers, ann, bob } = twoLeechers({ peerAnnounceInterval: 1 });
  ann.announce({ torrent: "film", peer: "ann", left: 0, offers: [offerOf("o1")] });
  trackers.settle();
  const [offer] = bob.take("offer");
  bob.answer("bob", offer);
  bob.scrape("film");
  bob.announce({ torrent: "film", peer: "eve" });
  trackers.settle();
  const names = {
    film,
    ann: annId,
    bob: film.replace("film", "bob."),
    o1: film.replace("film", "o1.."),
  };
  assert.deepEqual(
    [ann.texts.at(-2), bob.texts.at(-3)],
    [
      `{"action":"announce","info_hash":"${names.film}","complete":1,"incomplete":1,"interval":1}`,
      `{"action":"announce","peer_id":"${names.ann}","info_hash":"${names.film}","offer":{"type":"offer","sdp":"v=0 o1"},"offer_id":"${names.o1}"}`,
    ],
  );
  assert.deepEqual(
    [ann.texts.at(-1), ...bob.texts.slice(-2)],
    [
      `{"action":"announce","peer_id":"${names.bob}","info_hash":"${names.film}","answer":{"type":"answer","sdp":"answer to o1"},"offer_id":"${names.o1}"}`,
      `{"action":"scrape","files":{"${names.film}":{"complete":1,"incomplete":1,"downloaded":0}}}`,
      `{"action":"announce","info_hash":"${names.film}","complete":1,"incomplete":2,"interval":1}`,
    ],
  );
});

test("a second peer id is a second peer; aquatic_ws closes the connection", () => {
  const { trackers, ann } = twoLeechers();
  ann.announce({ torrent: "film", peer: "other" });
  ann.announce({ torrent: "film", peer: "ann" });
  trackers.settle();
  assert.deepEqual(ann.takeWords(), [
    "film: 0 complete, 3 incomplete",
    "film: 0 complete, 3 incomplete",
  ]);
});

test("a peer id that another connection uses gets a reply and a peer of its own; aquatic_ws ignores it", () => {
  const { trackers } = twoLeechers();
  const other = trackers.connect();
  other.announce({ torrent: "film", peer: "ann", left: 1 });
  trackers.settle();
  assert.deepEqual(other.takeWords(), ["film: 0 complete, 3 incomplete"]);
});

test("stopped gets a reply, and the offers and the answer it carries go nowhere", () => {
  const { trackers, ann, bob } = twoLeechers();
  bob.announce({ torrent: "film", peer: "bob", offers: [offerOf("o1")] });
  trackers.settle();
  const [offer] = ann.take("offer");
  assert.ok(offer.kind === "offer");
  bob.take();
  ann.announce({
    torrent: "film",
    peer: "ann",
    event: "stopped",
    offers: [offerOf("o2")],
    answer: {
      answer: { type: "answer", sdp: "x" },
      toPeerId: offer.peerId,
      offerId: offer.offerId,
    },
  });
  trackers.settle();
  assert.deepEqual(ann.takeWords(), ["film: 0 complete, 1 incomplete"]);
  assert.deepEqual(bob.takeWords(), []);
});

test("a lone answer gets no reply, for clients would take it for their announce's; aquatic_ws sends one", () => {
  const { trackers, ann, bob } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
  trackers.settle();
  bob.answer("bob", bob.take("offer")[0]);
  trackers.settle();
  assert.deepEqual(bob.takeWords(), []);
  assert.equal(ann.take("answer").length, 1);
});

test("one message may hold offers and an answer: both are passed on, and then comes the reply", () => {
  const { trackers, ann, bob } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
  trackers.settle();
  const [offer] = bob.take("offer");
  ann.take();
  const answer = (offerId: Uint8Array) => ({
    answer: { type: "answer" as const, sdp: "x" },
    toPeerId: idOf("ann"),
    offerId,
  });
  assert.ok(offer.kind === "offer");
  const both = { torrent: "film", peer: "bob", offers: [offerOf("o2")] };
  bob.announce({ ...both, answer: answer(offer.offerId) });
  trackers.settle();
  assert.deepEqual(ann.takeWords(), ["film: offer o2 of bob", "film: answer o1 of bob"]);
  assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
  bob.announce({ ...both, answer: answer(offer.offerId) });
  trackers.settle();
  assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
});

test("an answer for a peer that is not there, or never was, gets an error; aquatic_ws is silent", () => {
  const { trackers, ann, bob } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
  trackers.settle();
  const [offer] = bob.take("offer");
  ann.hangUp();
  bob.answer("bob", offer);
  assert.ok(offer.kind === "offer");
  bob.answer("bob", { ...offer, peerId: idOf("nobody") });
  trackers.settle();
  assert.deepEqual(bob.takeWords(), [PEER_GONE, PEER_GONE]);
});

test("an answer without whom it is for or which offer it answers is refused; aquatic_ws ignores it", () => {
  const answer = { type: "answer", sdp: "x" };
  assert.match(heard({ ...ANNOUNCE, answer, offer_id: film })[0], /^failure: to_peer_id must/);
  assert.match(heard({ ...ANNOUNCE, answer, to_peer_id: film })[0], /^failure: offer_id must/);
});

test("max_scrape_torrents bounds a scrape, however many workers own its torrents; aquatic_ws counts for each worker", () => {
  const trackers = new TestTrackers(3, { maxScrapeTorrents: 4 });
  const client = trackers.connect();
  client.scrape("a", "b", "c", "d", "e");
  client.scrape("a", "b", "c", "d");
  trackers.settle();
  assert.deepEqual(client.takeWords(), [
    "failure: Too many info hashes in one scrape",
    "a 0/0/0, b 0/0/0, c 0/0/0, d 0/0/0",
  ]);
  assert.equal(trackers.count(columns.TORRENTS), 0, "asking makes no torrent");
});

test("unknown torrents are in a scrape's answer as zeros; aquatic_ws leaves them out and never counts downloads", () => {
  const { trackers, ann } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", left: 0, event: "completed" });
  ann.scrape("film", "song");
  trackers.settle();
  assert.deepEqual(ann.takeWords().slice(1), ["film 1/1/1, song 0/0/0"]);
});

test("any message and any pong is a sign of life; aquatic_ws counts replies to announces and scrapes only", () => {
  const trackers = new TestTrackers(1, {
    pingInterval: 20,
    maxConnectionIdle: 60,
    maxPeerAge: 999,
  });
  const clients = [9, 10, 1].map((opcode) => ({ opcode, client: trackers.connect() }));
  for (const { client } of clients) client.announce({ torrent: "film", peer: "ann" });
  for (let second = 0; second < 100; second += 10) {
    for (const { opcode, client } of clients)
      client.sendBytes(clientFrame(opcode, new Uint8Array(0)));
    trackers.pass(10);
  }
  for (const { client } of clients) assert.deepEqual([client.socket, client.pings], ["open", 0]);
});

test("a close takes the connection's own peers only; aquatic_ws removes whoever has the same id", () => {
  const { trackers, bob } = twoLeechers();
  const thief = trackers.connect();
  thief.announce({ torrent: "film", peer: "ann", left: 1 });
  trackers.settle();
  thief.hangUp();
  bob.scrape("film");
  trackers.settle();
  assert.deepEqual(bob.takeWords(), ["film 0/2/0"]);
});

test("offers of a seeder reach a seeder where no leecher takes them, as with aquatic_ws", () => {
  const { trackers, ann, bob } = twoLeechers();
  ann.announce({ torrent: "film", peer: "ann", left: 0 });
  bob.announce({ torrent: "film", peer: "bob", left: 0, offers: [offerOf("o1")] });
  trackers.settle();
  assert.equal(ann.take("offer").length, 1);
});
