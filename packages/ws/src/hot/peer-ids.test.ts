import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTrackerMessage, type TrackerMessage } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { offerOf } from "../testing/test-client.ts";

const fail = (): never => assert.fail("no such message has come");
const readBack = (text: string): TrackerMessage => parseTrackerMessage(text) ?? fail();

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: a stolen peer id evicts nobody, hears nothing and takes nobody along`, () => {
    const trackers = start();
    const [victim, thief, bob] = [0, 1, 2].map((index) => trackers.connect(worker(index)));
    victim.announce({ torrent: "film", peer: "victim", left: 0 });
    bob.announce({ torrent: "film", peer: "bob", left: 1 });
    trackers.settle();
    thief.announce({ torrent: "film", peer: "victim", left: 1 });
    trackers.settle();
    assert.deepEqual(thief.takeWords(), ["film: 1 complete, 2 incomplete"], "a peer of its own");
    victim.announce({ torrent: "film", peer: "victim", offers: [offerOf("o1")] });
    trackers.settle();
    const [offer] = bob.take("offer");
    thief.take();
    bob.answer("bob", offer);
    trackers.settle();
    assert.equal(
      victim.take("answer").length,
      1,
      "the answer goes to the connection that made the offer",
    );
    assert.deepEqual(thief.takeWords(), []);
    victim.take();
    bob.take();
    thief.announce({ torrent: "film", peer: "victim", event: "stopped" });
    trackers.settle();
    thief.announce({ torrent: "film", peer: "victim", left: 1 });
    trackers.settle();
    thief.hangUp();
    bob.announce({ torrent: "film", peer: "bob" });
    trackers.settle();
    assert.deepEqual(
      bob.takeWords(),
      ["film: 1 complete, 1 incomplete"],
      "the victim is still there",
    );
  });
}

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";

  test(`${place}: two clients on one connection meet: the first gets the second's offer, its answer comes back`, () => {
    const trackers = new TestTrackers(workers);
    const page = trackers.connect(workers - 1);
    page.announce({ torrent: "film", peer: "one", left: 1 });
    page.announce({ torrent: "film", peer: "two", left: 1, offers: [offerOf("o1")] });
    trackers.settle();
    assert.deepEqual(page.takeWords().sort(), [
      "film: 0 complete, 1 incomplete",
      "film: 0 complete, 2 incomplete",
      "film: offer o1 of two",
    ]);
    page.answer("one", page.texts.map(readBack).find(({ kind }) => kind === "offer") ?? fail());
    trackers.settle();
    assert.deepEqual(page.takeWords(), ["film: answer o1 of one"]);
  });

  test(`${place}: an offer goes to a connection once, any of its peers may answer, the first answer wins, the others are dropped without a word`, () => {
    const trackers = new TestTrackers(workers);
    const [page, bob] = [trackers.connect(0), trackers.connect(workers - 1)];
    for (const peer of ["one", "two", "three"]) page.announce({ torrent: "film", peer, left: 1 });
    trackers.settle();
    page.take();
    bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o1")] });
    trackers.settle();
    const [offer, ...rest] = page.take("offer");
    assert.equal(rest.length, 0);
    bob.take();
    for (const peer of ["three", "one", "two"]) page.answer(peer, offer);
    trackers.settle();
    assert.deepEqual(bob.takeWords(), ["film: answer o1 of three"]);
    assert.deepEqual(page.takeWords(), [], "the second and the third hear nothing");
    assert.equal(trackers.count(columns.ANSWERS_SURPLUS), 2);
  });

  test(`${place}: stopped ends its own id, the connection's end all of them`, () => {
    const trackers = new TestTrackers(workers);
    const [page, bob] = [trackers.connect(0), trackers.connect(workers - 1)];
    for (const peer of ["one", "two", "three"]) page.announce({ torrent: "film", peer, left: 0 });
    page.announce({ torrent: "film", peer: "two", event: "stopped" });
    page.announce({ torrent: "film", peer: "nobody", event: "stopped" });
    trackers.settle();
    assert.equal(page.takeWords().pop(), "film: 2 complete, 0 incomplete");
    page.hangUp();
    bob.scrape("film");
    trackers.settle();
    bob.take();
    bob.scrape("film");
    trackers.settle();
    assert.deepEqual(bob.takeWords(), ["film 0/0/0"]);
  });
}

test("eight ids of a connection may be in a torrent: of nine the one that was silent for longest gives way", () => {
  const trackers = new TestTrackers(1, { maxTorrentsPerConnection: 9 });
  const page = trackers.connect();
  for (let id = 0; id < 8; id++) {
    page.announce({ torrent: "film", peer: `id${id}`, left: 1 });
    trackers.nowMilliseconds += 1000;
  }
  page.announce({ torrent: "film", peer: "id0", left: 1 });
  page.announce({ torrent: "film", peer: "id8", left: 1 });
  trackers.settle();
  assert.equal(page.takeWords().pop(), "film: 0 complete, 8 incomplete");
  assert.equal(trackers.count(columns.PEERS_REPLACED), 1);
  page.announce({ torrent: "film", peer: "id0", event: "stopped" });
  page.announce({ torrent: "film", peer: "id1", event: "stopped" });
  trackers.settle();
  assert.equal(
    page.takeWords().pop(),
    "film: 0 complete, 7 incomplete",
    "id1 was gone, id0 was not",
  );
  page.announce({ torrent: "song", peer: "id0" });
  page.announce({ torrent: "song", peer: "id1" });
  page.announce({ torrent: "song", peer: "id2" });
  trackers.settle();
  assert.equal(
    page.takeWords().pop(),
    "failure: Too many torrents on this connection",
    "each counts towards the limit of the connection",
  );
});

test("what is under way to a connection that has gone does not reach the next one in its place", () => {
  const trackers = new TestTrackers(2);
  const [ann, bob] = [trackers.connect(0), trackers.connect(1)];
  const torrents = Array.from({ length: 12 }, (_, index) => `t${index}`);
  for (const torrent of torrents) ann.announce({ torrent, peer: "ann", left: 1 });
  trackers.settle();
  for (const torrent of torrents) bob.announce({ torrent, peer: "bob", offers: [offerOf("o")] });
  assert.ok(trackers.flushWithoutDelivery(1) > 1000, "offers are on their way to worker 0");
  ann.hangUp();
  const next = trackers.connect(0);
  assert.equal(next.connection.connectionSlot, ann.connection.connectionSlot);
  trackers.settle();
  assert.deepEqual([next.takeWords(), next.writes], [[], 0]);
});
