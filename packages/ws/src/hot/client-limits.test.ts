import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AccessList,
  buildAddressList,
  createSwarmStore,
  type LimitsConfig,
  limitsSection,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { offerOf } from "../testing/test-client.ts";

const MEMORY_BYTES = 64 * 1024 * 1024;

function trackersWith(changes: Partial<LimitsConfig>, workers = 1): TestTrackers {
  const limits = { ...defaultConfig(limitsSection), ...changes };
  const store = createSwarmStore({ memoryBytesMax: MEMORY_BYTES, limits });
  return new TestTrackers(workers, {}, 1, store, limits);
}

const FAMILIES = [
  [4, "192.0.2.1", "192.0.2.1", "192.0.2.2"],
  [6, "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"],
] as const;

for (const workers of [1, 3])
  for (const [family, alice, another, bob] of FAMILIES) {
    test(`${workers} workers: an IPv${family} address has so many peers in a torrent, and one more when one has left`, () => {
      const trackers = trackersWith({ maxPeersPerAddress: 2 }, workers);
      const clients = [alice, another, alice].map((from, at) =>
        trackers.connect(at % workers, from),
      );
      for (const [at, client] of clients.entries()) {
        client.announce({ torrent: "film", peer: `p${at}`, left: 1 });
        trackers.settle();
      }
      const [first, second, third] = clients.map((client) => client.takeWords());
      assert.deepEqual(first, ["film: 0 complete, 1 incomplete"]);
      assert.deepEqual(second, ["film: 0 complete, 2 incomplete"]);
      assert.deepEqual(third, ["failure: too many peers of your address are in this torrent"]);
      assert.equal(trackers.count(columns.LIMITED_PEERS), 1);
      const stranger = trackers.connect(0, bob);
      stranger.announce({ torrent: "film", peer: "bob", left: 1 });
      clients[2]?.announce({ torrent: "song", peer: "p2", left: 1 });
      trackers.settle();
      assert.deepEqual(stranger.takeWords(), ["film: 0 complete, 3 incomplete"]);
      assert.deepEqual(clients[2]?.takeWords(), ["song: 0 complete, 1 incomplete"]);
      clients[0]?.hangUp();
      trackers.settle();
      clients[2]?.announce({ torrent: "film", peer: "p2", left: 1 });
      trackers.settle();
      assert.deepEqual(clients[2]?.takeWords(), ["film: 0 complete, 3 incomplete"]);
    });

    test(`${workers} workers: an IPv${family} address is in so many torrents, and in one more when it has stopped one`, () => {
      const trackers = trackersWith({ maxTorrentsPerAddress: 2 }, workers);
      const client = trackers.connect(0, alice);
      const other = trackers.connect(workers - 1, another);
      client.announce({ torrent: "a", peer: "p", left: 1 });
      client.announce({ torrent: "b", peer: "p", left: 1 });
      trackers.settle();
      client.take();
      other.announce({ torrent: "c", peer: "q", left: 1 });
      trackers.settle();
      assert.deepEqual(other.takeWords(), [
        "failure: your address is in too many torrents on this tracker",
      ]);
      assert.equal(trackers.count(columns.LIMITED_TORRENTS), 1);
      client.announce({ torrent: "a", peer: "p", event: "stopped" });
      trackers.settle();
      other.announce({ torrent: "c", peer: "q", left: 1 });
      trackers.settle();
      assert.deepEqual(other.takeWords(), ["c: 0 complete, 1 incomplete"]);
      const stranger = trackers.connect(0, bob);
      stranger.announce({ torrent: "d", peer: "bob", left: 1 });
      trackers.settle();
      assert.deepEqual(stranger.takeWords(), ["d: 0 complete, 1 incomplete"]);
    });
  }

test("a repeat gets counts, its offers are passed to nobody, and it does not put off the next announce", () => {
  const trackers = trackersWith({});
  const ann = trackers.connect(0, "192.0.2.1");
  const bob = trackers.connect(0, "192.0.2.2");
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 1, event: "started" });
  trackers.settle();
  ann.take();
  bob.take();
  for (let second = 10; second < 30; second += 10) {
    trackers.pass(10);
    bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf(`o${second}`)] });
    trackers.settle();
    assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
    assert.deepEqual(ann.takeWords(), []);
  }
  assert.equal(trackers.count(columns.ANNOUNCE_REPEATS), 2);
  trackers.pass(10);
  bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o30")] });
  trackers.settle();
  assert.deepEqual(ann.takeWords(), ["film: offer o30 of bob"]);
  assert.equal(trackers.count(columns.ANNOUNCE_REPEATS), 2);
});

test("an event, another role and an answer are never repeats, and an answer makes none of the next announce", () => {
  const trackers = trackersWith({});
  const ann = trackers.connect(0, "192.0.2.1");
  const bob = trackers.connect(0, "192.0.2.2");
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  bob.announce({
    torrent: "film",
    peer: "bob",
    left: 1,
    event: "started",
    offers: [offerOf("o1")],
  });
  bob.announce({ torrent: "film", peer: "bob", left: 0, offers: [offerOf("o2")] });
  trackers.settle();
  const offers = ann.take("offer");
  assert.equal(offers.length, 2);
  trackers.pass(30);
  const [offer] = offers;
  assert.ok(offer);
  ann.answer("ann", offer);
  trackers.settle();
  assert.equal(bob.take("answer").length, 1);
  trackers.pass(5);
  ann.announce({ torrent: "film", peer: "ann", left: 1, offers: [offerOf("o3")] });
  trackers.settle();
  assert.equal(bob.take("offer").length, 1);
  assert.equal(trackers.count(columns.ANNOUNCE_REPEATS), 0);
});

test("scrapes of one address in a second are limited together with those over UDP and HTTP", () => {
  const limits = { ...defaultConfig(limitsSection), maxScrapesPerAddress: 3 };
  const store = createSwarmStore({ memoryBytesMax: MEMORY_BYTES, limits });
  const trackers = new TestTrackers(1, {}, 1, store, limits);
  const clients = [0, 1].map(() => trackers.connect(0, "192.0.2.1"));
  assert.ok(
    store.scrapeRate.allows(
      Int32Array.of(new Int32Array(Uint8Array.of(192, 0, 2, 1).buffer)[0] ?? 0),
      0,
      4,
    ),
  );
  for (const client of clients) {
    client.scrape("film");
    client.scrape("film");
  }
  trackers.settle();
  assert.deepEqual(
    clients.map((client) => client.takeWords().map((words) => words.slice(0, 7))),
    [
      ["film 0/", "film 0/"],
      ["failure", "failure"],
    ],
  );
  assert.equal(trackers.count(columns.LIMITED_SCRAPES), 2);
  store.setNow(1);
  clients[1]?.scrape("film");
  trackers.settle();
  assert.deepEqual(clients[1]?.takeWords(), ["film 0/0/0"]);
});

test("the list of addresses refuses announces and scrapes, over connections that are open too", () => {
  const trackers = trackersWith({});
  const client = trackers.connect(0, "192.0.2.1");
  const ask = () => {
    client.announce({ torrent: "film", peer: "p", left: 1 });
    client.scrape("film");
    trackers.settle();
    return client.takeWords();
  };
  assert.deepEqual(ask(), ["film: 0 complete, 1 incomplete", "film 0/1/0"]);
  const list = (file: string) =>
    AccessList.attach({
      ...AccessList.build({ mode: "off" }),
      addresses: buildAddressList("deny", Buffer.from(file)),
    });
  trackers.serve(list("192.0.2.0/24\n"));
  const refused = "failure: your address is not allowed on this tracker";
  assert.deepEqual(ask(), [refused, refused]);
  assert.equal(trackers.count(columns.LIMITED_ADDRESSES), 2);
  trackers.serve(list("198.51.100.0/24\n"));
  assert.deepEqual(ask(), ["film: 0 complete, 1 incomplete", "film 0/1/0"]);
});

test("who is exempt, and a connection whose client nobody knows, has no limits", () => {
  const trackers = trackersWith({ maxPeersPerAddress: 1, maxTorrentsPerAddress: 1 });
  for (const from of ["127.0.0.1", undefined]) {
    for (let peer = 0; peer < 3; peer++) {
      const client = trackers.connect(0, from);
      client.announce({ torrent: "film", peer: `${from}${peer}`, left: 1 });
      client.announce({ torrent: "film", peer: `${from}${peer}`, left: 1 });
      client.announce({ torrent: "song", peer: `${from}${peer}`, left: 1 });
      trackers.settle();
      assert.equal(client.take("failure").length, 0);
    }
  }
  assert.equal(trackers.count(...columns.REFUSALS, columns.ANNOUNCE_REPEATS), 0);
});

test("numbers of a reload hold for connections that are open", () => {
  const trackers = trackersWith({ maxTorrentsPerAddress: 1 });
  const client = trackers.connect(0, "192.0.2.1");
  client.announce({ torrent: "a", peer: "p", left: 1 });
  client.announce({ torrent: "b", peer: "p", left: 1 });
  const limits = { ...defaultConfig(limitsSection), maxTorrentsPerAddress: 2 };
  trackers.trackers[0]?.configure(trackers.config, limits);
  client.announce({ torrent: "b", peer: "p", left: 1 });
  client.announce({ torrent: "c", peer: "p", left: 1 });
  trackers.settle();
  const tooMany = "failure: your address is in too many torrents on this tracker";
  assert.deepEqual(client.takeWords(), [
    "a: 0 complete, 1 incomplete",
    tooMany,
    "b: 0 complete, 1 incomplete",
    tooMany,
  ]);
});

test("after histories of many addresses nothing is counted any more once all have left", () => {
  const trackers = trackersWith({}, 2);
  const clients = Array.from({ length: 60 }, (_, at) =>
    trackers.connect(at % 2, `192.0.2.${at % 20}`),
  );
  for (let round = 0; round < 5; round++) {
    for (const [at, client] of clients.entries())
      client.announce({
        torrent: `t${(at * 7 + round) % 11}`,
        peer: `p${at}`,
        ...(round === 3 && at % 3 === 0 ? { event: "stopped" as const } : { left: round % 2 }),
      });
    trackers.settle();
    clients[round]?.hangUp();
    clients[round] = trackers.connect(round % 2, "198.51.100.7");
  }
  for (const client of clients) client.hangUp();
  trackers.settle();
  assert.deepEqual(
    trackers.trackers.map(({ countedCells }) => countedCells),
    [0, 0],
  );
});
