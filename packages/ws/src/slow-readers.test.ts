import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE_PING, OPCODE_TEXT } from "@swarmtide/ws-protocol";
import * as columns from "./counters.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { clientFrame, offerOf } from "./testing/test-client.ts";

test("offers to a client that does not read are dropped beyond 32 KiB, and others get them", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 0 });
  const [ann, slow, bob] = [trackers.connect(), trackers.connect(), trackers.connect()];
  slow.announce({ torrent: "film", peer: "slow", left: 1 });
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  trackers.settle();
  slow.isStalled = true;
  const sdp = "x".repeat(1000);
  for (let round = 0; round < 100; round++) {
    ann.announce({ torrent: "film", peer: "ann", offers: [offerOf(round, sdp)] });
    trackers.settle();
    assert.ok(slow.connection.waitingBytes < 32_768 + 1300);
  }
  const dropped = trackers.count(columns.OFFERS_DROPPED_SLOW);
  assert.ok(dropped > 60 && dropped < 75, String(dropped));
  assert.equal(slow.socket, "open");
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  bob.take();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o")] });
  trackers.settle();
  assert.equal(bob.take("offer").length, 1);
  slow.isStalled = false;
  slow.drain();
  trackers.settle();
  assert.equal(slow.connection.unsentBytes, 0);
  assert.equal(slow.take("offer").length, 100 - dropped);
  assert.equal(trackers.count(...columns.OFFERS_SENT), 101 - dropped);
});

test("a client that asks and does not read is owed one reply a torrent, and gets it when it reads", () => {
  const trackers = new TestTrackers(2, { maxMessagesPerSecond: 0 });
  const slow = trackers.connect(0);
  slow.isStalled = true;
  const torrents = ["t0", "t1", "t2", "t3", "t4"];
  for (let round = 0; round < 3000; round++) {
    slow.announce({
      torrent: elementAt(torrents, round % 5),
      peer: "slow",
      left: round < 2990 ? 1 : 0,
    });
    if (round % 10 === 0) trackers.settle();
    assert.ok(slow.connection.waitingBytes <= 32_768 + 2000);
  }
  trackers.settle();
  assert.equal(slow.connection.isOwedReplies, true);
  const dropped = trackers.count(columns.REPLIES_DROPPED_SLOW);
  slow.isStalled = false;
  slow.drain();
  trackers.settle();
  const replies = slow.takeWords();
  assert.deepEqual(
    replies.slice(-5).sort(),
    torrents.map((torrent) => `${torrent}: 1 complete, 0 incomplete`),
    "what is owed says how it stands when it is sent",
  );
  assert.equal(replies.length + dropped, 3000, "each was sent or is counted as dropped");
  assert.equal(slow.connection.isOwedReplies, false);
  slow.announce({ torrent: "t0", peer: "slow" });
  trackers.settle();
  assert.equal(slow.take().length, 1);
});

test("who reads nothing at all is closed after max_connection_idle, who reads a little is not", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 0, maxConnectionIdle: 100 });
  const [deaf, slow] = [trackers.connect(), trackers.connect()];
  for (const client of [deaf, slow]) client.isStalled = true;
  for (let second = 0; second < 400; second++) {
    for (const client of [deaf, slow])
      if (client.socket === "open")
        for (let round = 0; round < 20; round++)
          client.announce({ torrent: "film", peer: "p", left: 1 });
    if (second % 90 === 89) slow.drainOne();
    trackers.pass(1);
    if (second === 90) assert.equal(deaf.socket, "open");
  }
  assert.deepEqual([deaf.socket, slow.socket], ["aborted", "open"]);
  assert.equal(trackers.count(columns.ENDED_SLOW), 1);
  assert.equal(trackers.count(columns.LEECHERS), 1);
});

test("an answer to a slow offerer overtakes the offers that wait, and is dropped only where answers fill its bound", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 0, maxUnsent: 65_536 });
  const [slow, ann] = [trackers.connect(), trackers.connect()];
  slow.announce({ torrent: "film", peer: "slow", left: 1 });
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  trackers.settle();
  slow.take();
  slow.isStalled = true;
  const sdp = "x".repeat(3000);
  for (let round = 0; round < 20; round++) {
    slow.announce({ torrent: "film", peer: "slow", offers: [offerOf(`s${round}`)] });
    ann.announce({ torrent: "film", peer: "ann", offers: [offerOf(`a${round}`, sdp)] });
    trackers.settle();
  }
  for (const offer of ann.take("offer")) ann.answer("ann", offer);
  trackers.settle();
  assert.equal(trackers.count(...columns.ANSWERS_SENT), 20);
  slow.isStalled = false;
  slow.drain();
  trackers.settle();
  const kinds = slow.messages.map(({ kind }) => kind);
  const first = kinds.indexOf("answer");
  assert.ok(kinds.slice(first, first + 20).every((kind) => kind === "answer"));
  assert.ok(kinds.lastIndexOf("offer") > first + 20, "offers that waited come after the answers");

  slow.take();
  slow.isStalled = true;
  for (let round = 0; round < 200; round++)
    slow.announce({ torrent: "film", peer: "slow", offers: [offerOf(`u${round}`)] });
  trackers.settle();
  const offers = ann.take("offer");
  for (const offer of offers)
    if (offer.kind === "offer")
      ann.announce({
        torrent: "film",
        peer: "ann",
        answer: {
          answer: { type: "answer", sdp },
          toPeerId: offer.peerId,
          offerId: offer.offerId,
        },
      });
  trackers.settle();
  const dropped = trackers.count(columns.ANSWERS_DROPPED_SLOW);
  assert.ok(dropped > 150, String(dropped));
  assert.ok(slow.connection.waitingBytes < 2 * 65_536);
  slow.isStalled = false;
  slow.drain();
  trackers.settle();
  assert.equal(slow.take("answer").length + dropped, offers.length, "arrived or counted");
});

test("a ping flood by a client that never reads is bounded: its pongs are dropped", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 0, maxUnsent: 65_536 });
  const slow = trackers.connect();
  slow.isStalled = true;
  const ping = clientFrame(OPCODE_PING, new Uint8Array(125));
  for (let round = 0; round < 1000; round++) slow.sendBytes(ping);
  trackers.settle();
  assert.ok(slow.connection.waitingBytes < 33_000);
  slow.isStalled = false;
  slow.drain();
  trackers.settle();
  assert.equal(slow.pongs + trackers.count(columns.PONGS_DROPPED_SLOW), 1000);
});

test("half messages beyond max_buffered are refused; small messages are answered all the while", () => {
  const trackers = new TestTrackers(1, { maxBuffered: 1_048_576, maxMessagesPerSecond: 0 });
  const half = clientFrame(OPCODE_TEXT, new Uint8Array(131_000).fill(0x20)).subarray(0, 100_000);
  const holders = Array.from({ length: 8 }, () => trackers.connect());
  for (const holder of holders) holder.sendBytes(half);
  const late = trackers.connect();
  late.sendBytes(half);
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o")] });
  trackers.pass(1);
  assert.deepEqual([late.closeCode, late.socket], [1013, "ended"]);
  assert.equal(trackers.count(columns.ENDED_NO_ROOM), 1);
  assert.equal(trackers.count(columns.BUFFERED_BYTES), 1_048_576);
  assert.ok(holders.every(({ socket }) => socket === "open"));
  assert.deepEqual(ann.takeWords(), ["film: 0 complete, 1 incomplete"], "and no offer");
  assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
  assert.equal(trackers.count(columns.OFFERS_DROPPED_NO_ROOM), 1);
  for (const holder of holders) holder.hangUp();
  bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o")] });
  trackers.pass(1);
  assert.equal(ann.take("offer").length, 1);
  assert.equal(trackers.count(columns.BUFFERED_BYTES), 0);
});

test("beyond max_buffered a client with much unread is sent nothing more, others go on", () => {
  const trackers = new TestTrackers(1, { maxBuffered: 1_048_576, maxMessagesPerSecond: 0 });
  const slow = Array.from({ length: 20 }, () => trackers.connect());
  const quick = trackers.connect();
  const ask = (client: typeof quick) =>
    client.announce({ torrent: "film", peer: "p", left: 1, offers: [] });
  for (const client of slow) client.isStalled = true;
  const isOpen = ({ socket }: typeof quick) => socket === "open";
  for (let round = 0; round < 100; round++) {
    for (const client of slow.filter(isOpen)) ask(client);
    ask(quick);
    trackers.settle();
    // The socket of a client that was closed lets go of what it had.
    for (const client of slow) if (!isOpen(client)) client.drain();
    trackers.pass(1);
    const buffered = trackers.count(columns.BUFFERED_BYTES);
    assert.ok(buffered < 1_048_576 + 20 * 1024, `${buffered} bytes in round ${round}`);
  }
  assert.ok(slow.every(isOpen));
  assert.ok(trackers.count(columns.REPLIES_DROPPED_SLOW) > 0);
  assert.equal(quick.take().length, 100);
  for (const client of slow) client.drain();
  trackers.pass(1);
  assert.equal(trackers.count(columns.BUFFERED_BYTES), 0);
});
