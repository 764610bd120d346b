import assert from "node:assert/strict";
import { test } from "node:test";
import { TestTrackers } from "../testing/harness.ts";
import { idOf, offerOf } from "../testing/test-client.ts";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: an offer reaches the other peer and its answer comes back`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    ann.announce({ torrent: "film", peer: "ann", left: 0, event: "started" });
    trackers.settle();
    assert.deepEqual(ann.takeWords(), ["film: 1 complete, 0 incomplete"]);
    bob.announce({
      torrent: "film",
      peer: "bob",
      left: 9,
      event: "started",
      offers: [offerOf("o1")],
    });
    trackers.settle();
    assert.deepEqual(bob.takeWords(), ["film: 1 complete, 1 incomplete"]);
    const [offer] = ann.take();
    assert.deepEqual(offer, {
      kind: "offer",
      infoHash: idOf("film"),
      peerId: idOf("bob"),
      offerId: idOf("o1"),
      description: { type: "offer", sdp: "v=0 o1" },
    });
    ann.answer("ann", offer);
    trackers.settle();
    assert.deepEqual(bob.take(), [
      {
        kind: "answer",
        infoHash: idOf("film"),
        peerId: idOf("ann"),
        offerId: idOf("o1"),
        description: { type: "answer", sdp: "answer to o1" },
      },
    ]);
    assert.deepEqual(ann.takeWords(), [], "a lone answer gets no reply");
  });

  test(`${place}: each offer goes to another peer, none to its sender, none to another torrent`, () => {
    const trackers = start();
    const peers = Array.from({ length: 8 }, (_, index) => trackers.connect(worker(index)));
    peers.forEach((peer, index) => {
      peer.announce({ torrent: "film", peer: `p${index}`, left: 1 });
    });
    const stranger = trackers.connect(worker(1));
    stranger.announce({ torrent: "song", peer: "s", left: 1 });
    trackers.settle();
    for (const peer of [...peers, stranger]) peer.take();
    const offers = Array.from({ length: 7 }, (_, index) => offerOf(`o${index}`));
    peers[0].announce({ torrent: "film", peer: "p0", offers });
    trackers.settle();
    assert.deepEqual(peers[0].takeWords(), ["film: 0 complete, 8 incomplete"]);
    assert.deepEqual(stranger.takeWords(), []);
    const received = peers.slice(1).map((peer) => peer.takeWords());
    assert.ok(
      received.every((words) => words.length === 1),
      JSON.stringify(received),
    );
    assert.equal(new Set(received.flat()).size, 7, "seven different offers");
  });

  test(`${place}: max_offers, numwant and the swarm's size bound the offers passed on`, () => {
    const trackers = start({ maxOffers: 3 });
    const peers = Array.from({ length: 10 }, (_, index) => trackers.connect(worker(index)));
    peers.forEach((peer, index) => {
      peer.announce({ torrent: "film", peer: `p${index}`, left: 1 });
    });
    const passed = (numwant: number | undefined) => {
      trackers.settle();
      for (const peer of peers) peer.take();
      const offers = Array.from({ length: 10 }, (_, index) => offerOf(`o${index}`));
      peers[0].announce({
        torrent: "film",
        peer: "p0",
        offers,
        ...(numwant === undefined ? {} : { numwant }),
      });
      trackers.settle();
      return peers.reduce((sum, peer) => sum + peer.take("offer").length, 0);
    };
    assert.deepEqual([undefined, -1, 50, 3, 2, 0].map(passed), [3, 3, 3, 3, 2, 0]);
    for (const peer of peers.slice(2)) peer.hangUp();
    assert.equal(passed(undefined), 1);
  });

  test(`${place}: two seeders and an offer: the other receives it, and its answer comes back`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    ann.announce({ torrent: "film", peer: "ann", left: 0 });
    trackers.settle();
    bob.announce({ torrent: "film", peer: "bob", left: 0, offers: [offerOf("o1")] });
    trackers.settle();
    const [offer] = ann.take("offer");
    ann.answer("ann", offer);
    trackers.settle();
    assert.equal(bob.take("answer").length, 1);
  });

  test(`${place}: a seeder's offers go to leechers first, what is left over to seeders; a leecher's to both`, () => {
    const trackers = start();
    const peers = Array.from({ length: 6 }, (_, index) => trackers.connect(worker(index)));
    peers.forEach((peer, index) => {
      peer.announce({ torrent: "film", peer: `p${index}`, left: index < 3 ? 0 : 1 });
    });
    trackers.settle();
    for (const peer of peers) peer.take();
    const offered = (from: number, count: number) => {
      const offers = Array.from({ length: count }, (_, index) => offerOf(`o${index}`));
      peers[from].announce({ torrent: "film", peer: `p${from}`, offers });
      trackers.settle();
      return peers.map((peer) => peer.take().filter(({ kind }) => kind === "offer").length);
    };
    assert.deepEqual(offered(0, 3), [0, 0, 0, 1, 1, 1]);
    assert.deepEqual(offered(0, 10), [0, 1, 1, 1, 1, 1]);
    assert.equal(
      offered(0, 4).reduce((sum, count) => sum + count, 0),
      4,
    );
    assert.deepEqual(offered(5, 10), [1, 1, 1, 1, 1, 0]);
  });
}
