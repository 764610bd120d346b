import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_SEEDER,
  Announce,
  createSwarmStore,
  type SwarmStore,
} from "@swarmtide/swarm";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf } from "../testing/test-client.ts";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

  test(`${place}: scrapes: one, many, unknown ones as zeros, an empty list as a heartbeat`, () => {
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
        "",
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
}

/** A store in which the torrent has an IPv4 seeder that completed, an IPv4 leecher and two IPv6 seeders. */
function storeWith(torrent: string): SwarmStore {
  const store = createSwarmStore({ memoryBytesMax: 64 * 1024 * 1024 });
  const infoHash = new Int32Array(idOf(torrent).buffer);
  const record = new Announce(infoHash, new Int32Array(4), new Uint16Array(0));
  const announce = (family: 4 | 6, port: number, flags: number) =>
    store.announce(Object.assign(record, { family, port, flags }));
  announce(4, 1, 0);
  announce(4, 1, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
  announce(4, 2, 0);
  announce(6, 3, ANNOUNCE_SEEDER);
  announce(6, 4, ANNOUNCE_SEEDER);
  return store;
}

for (const workers of [1, 3])
  test(`a scrape adds the peers of UDP and HTTP where it is told to, workers: ${workers}`, () => {
    const store = storeWith("film");
    for (const scrapeCountsAllProtocols of [true, false]) {
      const trackers = new TestTrackers(workers, { scrapeCountsAllProtocols }, 1, store);
      const clients = Array.from({ length: workers }, (_, index) => trackers.connect(index));
      for (const client of clients)
        for (const torrent of ["film", "song"]) client.announce({ torrent, peer: "p", left: 1 });
      trackers.settle();
      const announced = new Set(clients.flatMap((client) => client.takeWords()));
      assert.ok(
        announced.has(`film: 0 complete, ${workers} incomplete`),
        "announces count their own",
      );
      for (const client of clients) client.scrape("song", "film", "nowhere");
      trackers.settle();
      const film = scrapeCountsAllProtocols ? `3/${workers + 1}/1` : `0/${workers}/0`;
      for (const client of clients)
        assert.deepEqual(client.takeWords(), [`song 0/${workers}/0, film ${film}, nowhere 0/0/0`]);
      trackers.serve({ allows: () => false });
      clients[0].scrape("film");
      trackers.settle();
      assert.deepEqual(clients[0].takeWords(), ["film 0/0/0"], "the access list hides both");
    }
  });

test("scrapes that wait for other workers are 4,096 at most; further ones are answered with what is known here", () => {
  const trackers = new TestTrackers(2, {
    maxMessagesPerSecond: 0,
    maxUnsentBeforeDrop: 2 ** 20,
    maxUnsent: 2 ** 24,
  });
  const client = trackers.connect(0);
  const names = Array.from({ length: 8 }, (_, at) => `t${at}`);
  for (let scrape = 0; scrape < 5000; scrape++) client.scrape(...names);
  assert.equal(trackers.trackers[0]?.tableEntries, 4096);
  trackers.settle();
  assert.equal(trackers.trackers[0]?.tableEntries, 0);
  assert.equal(client.take("scrape").length, 5000);
});

test("so many scrapes wait for another worker and no more: further ones read zeros at once and are counted", () => {
  const trackers = new TestTrackers(2, { maxMessagesPerSecond: 0 });
  const askers = Array.from({ length: 42 }, () => trackers.connect(0));
  const bob = trackers.connect(1);
  // As many torrents that some are the other worker's.
  const torrents = Array.from({ length: 8 }, (_, index) => `t${index}`);
  for (const torrent of torrents) bob.announce({ torrent, peer: "bob", left: 1 });
  trackers.settle();
  for (let round = 0; round < 100; round++) for (const asker of askers) asker.scrape(...torrents);
  const unasked = trackers.count(columns.SCRAPES_UNASKED);
  assert.ok(unasked > 0 && unasked <= 104 * torrents.length, String(unasked));
  trackers.settle();
  const words = askers.flatMap((asker) => asker.takeWords());
  assert.equal(words.length, 4200, "all are answered");
  const whole = torrents.map((torrent) => `${torrent} 0/1/0`).join(", ");
  assert.equal(words.filter((text) => text === whole).length, 4096);
  bob.scrape(...torrents);
  trackers.settle();
  assert.equal(bob.takeWords().pop(), whole, "there is room again");
});
