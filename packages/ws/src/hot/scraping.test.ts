import assert from "node:assert/strict";
import { test } from "node:test";
import { TestTrackers } from "../testing/harness.ts";

for (const workers of [1, 3]) {
  const place = workers === 1 ? "one worker" : "three workers";
  const start = (changes = {}) => new TestTrackers(workers, changes);
  const worker = (index: number) => index % workers;

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
}
