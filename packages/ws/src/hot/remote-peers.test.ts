import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { elementAt } from "../testing/element-at.ts";
import { offerOf, type TestClient, wordsOf } from "../testing/test-client.ts";
import { TestNodes } from "../testing/test-nodes.ts";

const kinds = [
  { workers: [1, 1], place: "nodes of one worker" },
  { workers: [2, 3], place: "nodes of two and three workers" },
];

/** A client of a node, at one of its workers. */
const connect = (nodes: TestNodes, node: number, worker = 0) => {
  const trackers = elementAt(nodes.nodes, node);
  return trackers.connect(worker % trackers.trackers.length);
};

/** The counts that the client is told. */
function countsFor(nodes: TestNodes, client: TestClient, torrent: string): string | undefined {
  client.take();
  client.scrape(torrent);
  nodes.settle();
  return client.takeWords().pop();
}

for (const { workers, place } of kinds) {
  const start = (config = {}) => new TestNodes({ workers, config });

  test(`${place}: an offer reaches a peer of the other node, and its answer comes back`, () => {
    const nodes = start();
    const [ann, bob] = [connect(nodes, 0), connect(nodes, 1, 1)];
    bob.announce({ torrent: "film", peer: "bob", left: 0 });
    nodes.settle();
    ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o1"), offerOf("o2")] });
    nodes.settle();
    assert.deepEqual(ann.takeWords(), ["film: 1 complete, 1 incomplete"]);
    bob.take("announce");
    const [offer, ...more] = bob.take();
    assert.ok(offer);
    assert.equal(more.length, 0, "one peer gets one offer");
    assert.equal(wordsOf(offer), "film: offer o1 of ann");
    bob.answer("bob", offer);
    nodes.settle();
    assert.deepEqual(ann.takeWords(), ["film: answer o1 of bob"]);
    assert.deepEqual(bob.takeWords(), []);
    bob.answer("bob", offer);
    nodes.settle();
    assert.deepEqual(ann.takeWords(), [], "an offer is answered once");
    const count = (node: number, column: typeof columns.REMOTE_OFFERS_SENT) =>
      elementAt(nodes.nodes, node).count(column);
    assert.equal(count(0, columns.REMOTE_OFFERS_SENT), 1);
    assert.equal(count(1, columns.REMOTE_OFFERS_RECEIVED), 1);
    assert.equal(count(1, columns.REMOTE_ANSWERS_SENT), 1);
    assert.equal(count(0, columns.REMOTE_ANSWERS_RECEIVED), 1);
    assert.equal(count(1, columns.ANSWERS_SURPLUS), 1);
  });

  test(`${place}: counts, scrapes and completed downloads are those of both`, () => {
    const nodes = start();
    const [ann, bob] = [connect(nodes, 0), connect(nodes, 1, 1)];
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    bob.announce({ torrent: "film", peer: "bob", left: 1 });
    nodes.settle();
    assert.equal(countsFor(nodes, ann, "film"), "film 0/2/0");
    bob.announce({ torrent: "film", peer: "bob", left: 0, event: "completed" });
    nodes.settle();
    assert.equal(countsFor(nodes, ann, "film"), "film 1/1/1");
    assert.equal(countsFor(nodes, bob, "film"), "film 1/1/1");
    assert.equal(elementAt(nodes.nodes, 0).count(columns.REMOTE_PEERS), 1);
    assert.equal(elementAt(nodes.nodes, 0).count(columns.COMPLETED), 0, "counted by its own node");
    bob.announce({ torrent: "film", peer: "bob", event: "stopped" });
    nodes.settle();
    assert.equal(countsFor(nodes, ann, "film"), "film 0/1/1");
    bob.announce({ torrent: "film", peer: "bob", left: 0 });
    bob.announce({ torrent: "song", peer: "bob", left: 0 });
    nodes.settle();
    assert.equal(countsFor(nodes, ann, "song"), "song 1/0/0");
    bob.hangUp();
    nodes.settle();
    assert.equal(countsFor(nodes, ann, "film"), "film 0/1/1");
    assert.equal(countsFor(nodes, ann, "song"), "song 0/0/0");
    ann.hangUp();
    nodes.settle();
    for (const { trackers } of nodes.nodes)
      for (const tracker of trackers) assert.equal(tracker.tableEntries, 0);
  });

  test(`${place}: who comes later hears of all peers that are there, with their age`, () => {
    const nodes = start({ maxPeerAge: 240, maxConnectionIdle: 600, pingInterval: 500 });
    nodes.end(1);
    const clients = Array.from({ length: 40 }, (_, index) => connect(nodes, 0, index));
    for (const [index, client] of clients.entries())
      client.announce({ torrent: `t${index % 4}`, peer: `p${index}`, left: index % 2 });
    nodes.pass(200);
    nodes.start(1);
    nodes.settle();
    const bob = connect(nodes, 1);
    for (const torrent of [0, 1, 2, 3]) {
      const words = torrent % 2 === 0 ? "10/0/0" : "0/10/0";
      assert.equal(countsFor(nodes, bob, `t${torrent}`), `t${torrent} ${words}`);
    }
    nodes.pass(45);
    assert.equal(countsFor(nodes, bob, "t0"), "t0 0/0/0", "they expire at both at the same time");
    assert.equal(elementAt(nodes.nodes, 1).count(columns.REMOTE_PEERS), 0);
  });

  test(`${place}: peers of a node that has gone get no offers and leave; after a restart new ones are met`, () => {
    const nodes = start();
    const [ann, bob] = [connect(nodes, 0), connect(nodes, 1)];
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    bob.announce({ torrent: "film", peer: "bob", left: 0 });
    nodes.settle();
    nodes.start(1);
    const sent = nodes.sent.length;
    ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o1")] });
    nodes.settle();
    const directed = nodes.sent.slice(sent).filter(({ to }) => to === elementAt(nodes.numbers, 1));
    assert.equal(elementAt(nodes.nodes, 0).count(columns.REMOTE_OFFERS_SENT), 0);
    assert.ok(directed.length > 0, "the new process hears of ann");
    nodes.pass(8);
    assert.equal(countsFor(nodes, ann, "film"), "film 0/1/0");
    assert.equal(elementAt(nodes.nodes, 0).count(columns.PEERS_NODE_LEFT), 1);
    const carl = connect(nodes, 1, 1);
    carl.announce({ torrent: "film", peer: "carl", left: 0, offers: [offerOf("o2")] });
    nodes.settle();
    ann.take("announce");
    assert.deepEqual(
      ann.take("offer").map(wordsOf),
      ["film: offer o2 of carl"],
      "and so does carl",
    );
  });

  test(`${place}: what other nodes are not told is counted, and told with the next announce`, () => {
    const nodes = start();
    const [ann, bob] = [connect(nodes, 0), connect(nodes, 1, 1)];
    bob.announce({ torrent: "film", peer: "bob", left: 0 });
    nodes.settle();
    nodes.isFull = true;
    ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o1")] });
    nodes.settle();
    const [here] = nodes.nodes;
    assert.ok(here);
    assert.equal(here.count(columns.REMOTE_PEERS_UNSENT), 1);
    assert.equal(here.count(columns.REMOTE_OFFERS_UNSENT), 1);
    nodes.isFull = false;
    assert.equal(countsFor(nodes, bob, "film"), "film 1/0/0");
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    nodes.settle();
    assert.equal(countsFor(nodes, bob, "film"), "film 1/1/0");
  });
}

test("an offer that overtakes the news of its peer brings them along", () => {
  const nodes = new TestNodes({ workers: [1, 1] });
  const [ann, bob] = [connect(nodes, 0), connect(nodes, 1)];
  bob.announce({ torrent: "film", peer: "bob", left: 0 });
  nodes.settle();
  nodes.isCut = true;
  nodes.sent.length = 0;
  ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o1")] });
  nodes.settle();
  nodes.isCut = false;
  const offers = nodes.sent.filter(({ to }) => to !== 0);
  for (const message of offers) nodes.deliver(message);
  nodes.settle();
  bob.take("announce");
  const [offer] = bob.take();
  assert.ok(offer);
  bob.answer("bob", offer);
  nodes.settle();
  ann.take("announce");
  assert.deepEqual(ann.takeWords(), ["film: answer o1 of bob"]);
});

test("the tables stay within the memory that is configured, that of other nodes' connections included", () => {
  const memoryBytes = 2 ** 24;
  const nodes = new TestNodes({ workers: [1, 1], memoryBytes });
  const tracker = elementAt(elementAt(nodes.nodes, 0).trackers, 0);
  const { peers, offers } = tracker.swarms;
  const connections = tracker.remotePeers?.connections;
  assert.ok(connections);
  const tables = [peers, peers.torrents, peers.identities, offers, connections].map(
    ({ table }) => table,
  );
  // Of each list's nodes half is needed at most, and of an index two buckets for every two records.
  const bytes = [...tables, peers.lists.nodes].reduce(
    (sum, { lengthMax, recordWords }) => sum + 4 * lengthMax * recordWords,
    0,
  );
  const buckets = tables.reduce((sum, { lengthMax }) => sum + (8 / 3) * lengthMax, 0);
  const perSlot = 28 * connections.table.lengthMax;
  assert.ok(bytes + buckets + perSlot < memoryBytes, `${bytes} + ${buckets} + ${perSlot}`);
  assert.ok(bytes > 0.85 * memoryBytes, `${bytes}`);
});

test("peers of other nodes have half of the memory, and those of this node find room beside them", () => {
  const nodes = new TestNodes({
    workers: [1, 1],
    config: { maxMessagesPerSecond: 0, maxTorrentsPerConnection: 1_000_000 },
    memoryBytes: 0,
  });
  const [here, there] = nodes.nodes;
  assert.ok(here && there);
  const { lengthMax } = here.trackers[0]?.swarms.peers.table ?? { lengthMax: 0 };
  nodes.settle();
  const bob = there.connect();
  for (let index = 0; index < lengthMax; index++)
    bob.announce({ torrent: `t${index}`, peer: "bob", left: 1 });
  nodes.settle();
  assert.equal(there.count(columns.LEECHERS), lengthMax);
  assert.equal(here.count(columns.REMOTE_PEERS), lengthMax / 2);
  assert.equal(here.count(columns.REMOTE_PEERS_NO_ROOM), lengthMax / 2);
  const ann = here.connect();
  for (let index = 0; index < lengthMax / 2; index++)
    ann.announce({ torrent: `own${index}`, peer: "ann", left: 1 });
  nodes.settle();
  assert.equal(here.count(columns.PEERS_GAVE_WAY), 0);
  assert.equal(here.count(columns.REFUSED_MEMORY), 0);
  assert.equal(here.count(columns.LEECHERS), lengthMax);
  bob.hangUp();
  ann.hangUp();
  nodes.settle();
  for (const tracker of [...here.trackers, ...there.trackers])
    assert.equal(tracker.tableEntries, 0);
});

test("as many connections of another node as it likes take half of the identities", () => {
  const nodes = new TestNodes({ workers: [1, 1], memoryBytes: 0 });
  const [here, there] = nodes.nodes;
  assert.ok(here && there);
  const { lengthMax } = here.trackers[0]?.swarms.peers.identities.table ?? { lengthMax: 0 };
  const clients = Array.from({ length: lengthMax }, () => there.connect());
  for (const [index, client] of clients.entries())
    client.announce({ torrent: "film", peer: `p${index}`, left: 1 });
  nodes.settle();
  assert.equal(here.count(columns.REMOTE_PEERS), lengthMax / 2);
  for (const client of clients) client.hangUp();
  nodes.settle();
  assert.equal(here.trackers[0]?.tableEntries, 0);
});

test("the access list of a node holds for peers of others, those that are there already included", () => {
  const nodes = new TestNodes({ workers: [1, 1] });
  const [here, there] = nodes.nodes;
  assert.ok(here && there);
  const bob = there.connect();
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  nodes.settle();
  assert.equal(here.count(columns.REMOTE_PEERS), 1);
  here.serve({ allows: () => false });
  nodes.pass(5);
  assert.equal(here.count(columns.REMOTE_PEERS), 0);
  bob.announce({ torrent: "song", peer: "bob", left: 1 });
  nodes.settle();
  assert.equal(here.count(columns.REMOTE_PEERS), 0);
  assert.equal(here.count(columns.REMOTE_PEERS_REFUSED), 1);
});
