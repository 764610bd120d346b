import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf, offerOf } from "../testing/test-client.ts";

const PEER_GONE = "failure: No such offer was made to you, or it has expired or been answered";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: answers to strangers and late ones get an error, second ones nothing; none of them reaches anybody`, () => {
    const trackers = start({ maxOfferAge: 50 });
    const [ann, bob, eve] = [0, 1, 2].map((index) => trackers.connect(worker(index)));
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    bob.announce({ torrent: "film", peer: "bob", left: 1 });
    trackers.settle();
    ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
    trackers.settle();
    const [offer] = bob.take("offer");
    ann.take();
    // Eve heard of the offer id, and even takes Bob's name.
    eve.announce({ torrent: "film", peer: "bob", left: 1 });
    trackers.settle();
    eve.take();
    eve.answer("bob", offer);
    trackers.settle();
    assert.deepEqual(eve.takeWords(), [PEER_GONE]);
    bob.take();
    bob.answer("bob", offer);
    bob.answer("bob", offer);
    trackers.settle();
    assert.equal(ann.takeWords().length, 1);
    assert.deepEqual(bob.takeWords(), []);
    assert.equal(trackers.count(columns.ANSWERS_SURPLUS), 1);

    eve.hangUp();
    trackers.settle();
    ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o2")] });
    trackers.settle();
    const [late] = bob.take("offer");
    ann.take();
    trackers.nowMilliseconds += 49_000;
    bob.announce({ torrent: "film", peer: "bob" });
    trackers.settle();
    bob.take();
    trackers.nowMilliseconds += 1000;
    bob.answer("bob", late);
    trackers.settle();
    assert.deepEqual(bob.takeWords(), [PEER_GONE]);
    assert.deepEqual(ann.takeWords(), []);
  });

  test(`${place}: an answer counts for the torrent of the offer only`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    for (const torrent of ["film", "song"]) {
      ann.announce({ torrent, peer: "ann", left: 1 });
      bob.announce({ torrent, peer: "bob", left: 1 });
    }
    ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
    trackers.settle();
    const [offer] = bob.take("offer");
    bob.take();
    ann.take();
    if (offer.kind === "offer") bob.answer("bob", { ...offer, infoHash: idOf("song") });
    trackers.settle();
    assert.deepEqual(bob.takeWords(), [PEER_GONE]);
    assert.deepEqual(ann.takeWords(), []);
  });
}
