import assert from "node:assert/strict";
import { test } from "node:test";
import { offerOf, TestTrackers } from "../testing/harness.ts";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: a stolen peer id evicts nobody, hears nothing and takes nobody along (W7)`, () => {
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

test("a connection keeps one peer id per torrent, may have another in another, and may change after stopped", () => {
  const trackers = new TestTrackers();
  const ann = trackers.connect();
  const say = (torrent: string, peer: string, rest = {}) => {
    ann.announce({ torrent, peer, ...rest });
    trackers.settle();
    return ann.takeWords().pop();
  };
  const changed = "failure: Only one peer id can be used per torrent and connection";
  assert.equal(say("film", "a"), "film: 0 complete, 1 incomplete");
  assert.equal(say("film", "b"), changed);
  assert.equal(say("film", "b", { event: "stopped" }), changed);
  assert.equal(say("song", "b"), "song: 0 complete, 1 incomplete");
  assert.equal(say("film", "a"), "film: 0 complete, 1 incomplete", "the connection is kept");
  assert.equal(say("film", "a", { event: "stopped" }), "film: 0 complete, 0 incomplete");
  assert.equal(say("film", "b"), "film: 0 complete, 1 incomplete");
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
