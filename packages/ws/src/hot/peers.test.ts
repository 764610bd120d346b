import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { clientFrame } from "../testing/test-client.ts";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: stopped and closing remove a peer at once, and the torrent with its last one`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    for (let index = 0; index < 50; index++) {
      ann.announce({ torrent: `t${index}`, peer: "ann", left: 0 });
      bob.announce({ torrent: `t${index}`, peer: "bob", left: 1 });
    }
    trackers.settle();
    assert.equal(trackers.count(columns.TORRENTS), 50);
    assert.equal(trackers.count(columns.SEEDERS), 50);
    assert.equal(trackers.count(columns.LEECHERS), 50);
    ann.take();
    ann.announce({ torrent: "t0", peer: "ann", event: "stopped" });
    trackers.settle();
    assert.deepEqual(ann.takeWords(), ["t0: 0 complete, 1 incomplete"]);
    bob.hangUp();
    trackers.settle();
    assert.equal(trackers.count(columns.TORRENTS), 49);
    assert.equal(trackers.count(columns.LEECHERS), 0);
    ann.sendBytes(clientFrame(8, Uint8Array.of(3, 232)));
    trackers.settle();
    assert.equal(ann.closeCode, 1000);
    assert.equal(ann.socket, "ended");
    assert.equal(trackers.count(columns.TORRENTS), 0);
    assert.equal(trackers.count(columns.SEEDERS), 0);
    assert.equal(trackers.count(columns.CONNECTIONS), 0);
  });

  test(`${place}: completed counts once, for a leecher that was there, and shows in scrapes`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    ann.announce({ torrent: "film", peer: "ann", left: 5, event: "started" });
    ann.announce({ torrent: "film", peer: "ann", left: 0, event: "completed" });
    ann.announce({ torrent: "film", peer: "ann", left: 0, event: "completed" });
    ann.announce({ torrent: "film", peer: "ann", left: 5 });
    ann.announce({ torrent: "film", peer: "ann", left: 0, event: "completed" });
    bob.announce({ torrent: "film", peer: "bob", left: 0, event: "completed" });
    trackers.settle();
    bob.take();
    bob.scrape("film");
    trackers.settle();
    assert.deepEqual(bob.takeWords(), ["film 2/0/1"]);
    assert.equal(trackers.count(columns.COMPLETED), 1);
  });

  test(`${place}: an announce without left or event keeps the known state; a new peer is a leecher`, () => {
    const trackers = start();
    const ann = trackers.connect(worker(1));
    const say = (rest: object) => {
      ann.announce({ torrent: "film", peer: "ann", ...rest });
      trackers.settle();
      return ann.takeWords().pop();
    };
    const [leecher, seeder] = ["film: 0 complete, 1 incomplete", "film: 1 complete, 0 incomplete"];
    assert.equal(say({}), leecher);
    assert.equal(say({ left: 0 }), seeder);
    assert.equal(say({}), seeder);
    assert.equal(say({ event: "update" }), seeder);
    assert.equal(say({ left: 7 }), leecher);
    assert.equal(say({ event: "paused" }), leecher);
    assert.equal(say({ event: "completed" }), seeder);
    assert.equal(say({ left: 1, event: "completed" }), leecher);
    assert.equal(say({ event: "stopped" }), "film: 0 complete, 0 incomplete");
    assert.equal(say({ event: "stopped" }), "film: 0 complete, 0 incomplete");
    assert.equal(trackers.count(columns.TORRENTS), 0);
  });
}

test("intervals differ by up to ten percent either way, and fill that range", () => {
  const trackers = new TestTrackers(1, { peerAnnounceInterval: 100, maxMessagesPerSecond: 0 });
  const ann = trackers.connect();
  const seen = new Set<number>();
  for (let round = 0; round < 600; round++) {
    ann.announce({ torrent: "film", peer: "ann" });
    trackers.settle();
    for (const message of ann.take())
      if (message.kind === "announce") seen.add(message.intervalSeconds);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    Array.from({ length: 21 }, (_, index) => 90 + index),
  );
});

test("closing a connection among thousands tells each worker that has heard of it once, and nobody else", () => {
  const trackers = new TestTrackers(2, { maxMessagesPerSecond: 0 });
  const [busy, few] = [trackers.connect(0), trackers.connect(0)];
  for (let index = 0; index < 1000; index++) busy.announce({ torrent: `t${index}`, peer: "busy" });
  for (let index = 0; index < 8; index++) few.announce({ torrent: `t${index}`, peer: "few" });
  trackers.settle();
  assert.equal(few.connection.peers, 8);
  const unheard = trackers.connect(0);
  trackers.recordsSent = [];
  unheard.hangUp();
  few.hangUp();
  trackers.settle();
  const LEAVE = 2;
  assert.equal(trackers.recordsSent.filter((kind) => kind === LEAVE).length, 1);
  busy.take();
  busy.scrape("t0", "t7");
  trackers.settle();
  assert.deepEqual(busy.takeWords(), ["t0 0/1/0, t7 0/1/0"]);
});

test("peer_announce_interval = 10 asks clients back after nine to eleven seconds, and peers that come back stay", () => {
  const trackers = new TestTrackers(1, { peerAnnounceInterval: 10, maxPeerAge: 30 });
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  const seen = new Set<number>();
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  for (let round = 0; round < 100; round++) {
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    trackers.pass(10);
    for (const message of ann.take("announce"))
      if (message.kind === "announce") seen.add(message.intervalSeconds);
  }
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [9, 10, 11],
  );
  assert.equal(trackers.count(columns.LEECHERS), 1, "who does not come back is forgotten");
});
