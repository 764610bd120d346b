import assert from "node:assert/strict";
import { test } from "node:test";
import * as counters from "../counters.ts";
import { clientFrame, idOf, nameOf, offerOf, TestTrackers } from "../testing/harness.ts";

const PEER_GONE = "failure: No such offer was made to you, or it has expired or been answered";

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

  test(`${place}: a seeder's offers go to leechers, a leecher's to both`, () => {
    const trackers = start();
    const peers = Array.from({ length: 6 }, (_, index) => trackers.connect(worker(index)));
    peers.forEach((peer, index) => {
      peer.announce({ torrent: "film", peer: `p${index}`, left: index < 3 ? 0 : 1 });
    });
    trackers.settle();
    for (const peer of peers) peer.take();
    const offers = Array.from({ length: 10 }, (_, index) => offerOf(`o${index}`));
    const offered = (from: number) => {
      peers[from].announce({ torrent: "film", peer: `p${from}`, offers });
      trackers.settle();
      return peers.map((peer) => peer.take().filter(({ kind }) => kind === "offer").length);
    };
    assert.deepEqual(offered(0), [0, 0, 0, 1, 1, 1]);
    assert.deepEqual(offered(5), [1, 1, 1, 1, 1, 0]);
  });

  test(`${place}: answers to strangers, second answers and late ones get an error and reach nobody`, () => {
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
    bob.answer("bob", offer);
    bob.answer("bob", offer);
    trackers.settle();
    assert.equal(ann.takeWords().length, 1);
    assert.deepEqual(bob.takeWords().slice(-1), [PEER_GONE]);

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

  test(`${place}: stopped and closing remove a peer at once, and the torrent with its last one (W4)`, () => {
    const trackers = start();
    const [ann, bob] = [trackers.connect(worker(0)), trackers.connect(worker(1))];
    for (let index = 0; index < 50; index++) {
      ann.announce({ torrent: `t${index}`, peer: "ann", left: 0 });
      bob.announce({ torrent: `t${index}`, peer: "bob", left: 1 });
    }
    trackers.settle();
    assert.equal(trackers.count(counters.GAUGE_TORRENTS), 50);
    assert.equal(trackers.count(counters.GAUGE_SEEDERS), 50);
    assert.equal(trackers.count(counters.GAUGE_LEECHERS), 50);
    ann.take();
    ann.announce({ torrent: "t0", peer: "ann", event: "stopped" });
    trackers.settle();
    assert.deepEqual(ann.takeWords(), ["t0: 0 complete, 1 incomplete"]);
    bob.hangUp();
    trackers.settle();
    assert.equal(trackers.count(counters.GAUGE_TORRENTS), 49);
    assert.equal(trackers.count(counters.GAUGE_LEECHERS), 0);
    ann.sendBytes(clientFrame(8, Uint8Array.of(3, 232)));
    trackers.settle();
    assert.equal(ann.closeCode, 1000);
    assert.equal(ann.socket, "ended");
    assert.equal(trackers.count(counters.GAUGE_TORRENTS), 0);
    assert.equal(trackers.count(counters.GAUGE_SEEDERS), 0);
    assert.equal(trackers.count(counters.GAUGE_CONNECTIONS), 0);
  });

  test(`${place}: scrapes: one, many, unknown ones as zeros, an empty list answered`, () => {
    const trackers = start();
    const clients = Array.from({ length: 6 }, (_, index) => trackers.connect(worker(index)));
    clients.forEach((client, index) => {
      for (let torrent = 0; torrent <= index; torrent++)
        client.announce({ torrent: `t${torrent}`, peer: `p${index}`, left: index % 2 });
    });
    trackers.settle();
    clients[0].take();
    clients[0].scrape("t0");
    clients[0].scrape("t5", "nowhere", "t3", "t0", "t1");
    clients[0].sendJson({ action: "scrape", info_hash: [] });
    clients[0].sendJson({ action: "scrape" });
    trackers.settle();
    const words = clients[0].takeWords();
    assert.deepEqual(
      new Set(words),
      new Set([
        "t0 3/3/0",
        "t5 0/1/0, nowhere 0/0/0, t3 1/2/0, t0 3/3/0, t1 2/3/0",
        "failure: The list of info hashes to scrape is empty",
        "failure: Full scrapes are not allowed: name the info_hash",
      ]),
    );
    assert.equal(words.length, 4);
    for (let round = 0; round < 300; round++)
      clients[1].sendJson({ action: "scrape", info_hash: [] });
    clients[2].scrape("t1", "t2", "t3");
    clients[2].hangUp();
    trackers.settle();
    clients[1].scrape("t0");
    trackers.settle();
    assert.equal(clients[1].takeWords().pop(), "t0 2/3/0", "nothing leaks, nobody is closed");
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
    assert.equal(trackers.count(counters.COUNT_COMPLETED), 1);
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
    assert.equal(trackers.count(counters.GAUGE_TORRENTS), 0);
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

test("offers: [null] and other twisted messages are refused and harm nobody (W2)", () => {
  const trackers = new TestTrackers();
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  ann.take();
  bob.take();
  const base = {
    action: "announce",
    info_hash: nameOf(idOf("film")).padEnd(20, "."),
    peer_id: "bob".padEnd(20, "."),
  };
  bob.sendJson({ ...base, offers: [null] });
  bob.sendJson({ ...base, offers: [{ offer: null, offer_id: null }] });
  bob.sendText(`{"offers":${"[".repeat(50_000)}`);
  bob.sendText("[]");
  bob.sendText("");
  trackers.settle();
  const words = bob.takeWords();
  assert.equal(words.length, 5);
  assert.ok(
    words.every((word) => word.startsWith("failure: ")),
    JSON.stringify(words),
  );
  assert.deepEqual(ann.takeWords(), []);
  assert.equal(bob.socket, "open");
  bob.announce({ torrent: "film", peer: "bob" });
  trackers.settle();
  assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
  assert.equal(trackers.count(counters.COUNT_REFUSED), 5);
});

test("info hashes of another length become no torrent, and a connection's torrents are bounded (W8)", () => {
  const trackers = new TestTrackers(1, { maxTorrentsPerConnection: 3 });
  const ann = trackers.connect();
  for (const infoHash of ["", "x", "x".repeat(19), "x".repeat(21), "x".repeat(60_000)])
    ann.sendJson({ action: "announce", info_hash: infoHash, peer_id: "p".repeat(20) });
  trackers.settle();
  assert.equal(new Set(ann.takeWords()).size, 1);
  assert.equal(trackers.count(counters.GAUGE_TORRENTS), 0);
  for (let index = 0; index < 5; index++) ann.announce({ torrent: `t${index}`, peer: "ann" });
  ann.announce({ torrent: "t0", peer: "ann", event: "stopped" });
  ann.announce({ torrent: "t4", peer: "ann" });
  trackers.settle();
  assert.equal(trackers.count(counters.GAUGE_TORRENTS), 3);
  const refused = "failure: Too many torrents on this connection";
  assert.equal(ann.takeWords().filter((words) => words === refused).length, 2);
});

test("the access list refuses announces, hides counts, and removes peers when it changes", () => {
  const trackers = new TestTrackers(2);
  const [ann, bob] = [trackers.connect(0), trackers.connect(1)];
  for (const torrent of ["good", "bad"]) {
    ann.announce({ torrent, peer: "ann" });
    bob.announce({ torrent, peer: "bob" });
  }
  trackers.settle();
  const bad = idOf("bad");
  const access = {
    allowsBytes: (bytes: Uint8Array, offset: number) =>
      Buffer.compare(bytes.subarray(offset, offset + 20), bad) !== 0,
  };
  for (const tracker of trackers.trackers) tracker.setAccess(access);
  ann.take();
  ann.announce({ torrent: "bad", peer: "ann" });
  ann.scrape("good", "bad");
  trackers.settle();
  assert.deepEqual(ann.takeWords().sort(), [
    "failure: Info hash not allowed",
    "good 0/2/0, bad 0/0/0",
  ]);
  trackers.pass(4);
  assert.equal(trackers.count(counters.GAUGE_TORRENTS), 1);
  for (const tracker of trackers.trackers) tracker.setAccess(undefined);
  ann.scrape("bad", "good");
  trackers.settle();
  assert.deepEqual(ann.takeWords(), ["bad 0/0/0, good 0/2/0"]);
});

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

test("closing a connection among thousands tells the owners of its own torrents and of no others", () => {
  const trackers = new TestTrackers(2, { maxMessagesPerSecond: 0 });
  const [busy, few] = [trackers.connect(0), trackers.connect(0)];
  for (let index = 0; index < 1000; index++) busy.announce({ torrent: `t${index}`, peer: "busy" });
  for (let index = 0; index < 8; index++) few.announce({ torrent: `t${index}`, peer: "few" });
  trackers.settle();
  assert.equal(few.connection.memberships.length, 8);
  const elsewhere = few.connection.memberships.filter(({ owner }) => owner === 1).length;
  assert.ok(elsewhere > 0);
  trackers.recordsSent = [];
  few.hangUp();
  trackers.settle();
  const LEAVE = 2;
  assert.equal(trackers.recordsSent.filter((kind) => kind === LEAVE).length, elsewhere);
  busy.take();
  busy.scrape("t0", "t7");
  trackers.settle();
  assert.deepEqual(busy.takeWords(), ["t0 0/1/0, t7 0/1/0"]);
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
