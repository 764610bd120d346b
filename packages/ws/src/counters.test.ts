import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE_PING } from "@swarmtide/ws-protocol";
import * as counters from "./counters.ts";
import { clientFrame, offerOf, TestTrackers } from "./testing/harness.ts";

test("every column has a name, and names are not used twice", () => {
  const columns = Object.values(counters).filter((value) => typeof value === "number");
  assert.deepEqual(
    columns.sort((a, b) => a - b),
    counters.WS_COUNTER_NAMES.map((_, index) => index),
  );
  assert.equal(new Set(counters.WS_COUNTER_NAMES).size, counters.WS_COUNTER_NAMES.length);
});

for (const workers of [1, 3])
  test(`what goes in and out is counted once, workers: ${workers}`, () => {
    const trackers = new TestTrackers(workers);
    const [ann, bob] = [trackers.connect(0), trackers.connect(1 % workers)];
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    trackers.settle();
    bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o1")] });
    trackers.settle();
    ann.answer("ann", ann.take("offer")[0]);
    ann.scrape("film", "song", "book");
    ann.sendJson({ action: "announce" });
    ann.sendBytes(clientFrame(OPCODE_PING, new Uint8Array(0)));
    trackers.settle();
    const count = (column: number) => trackers.count(column);
    assert.equal(count(counters.COUNT_CONNECTIONS_OPENED), 2);
    assert.equal(count(counters.COUNT_MESSAGES_IN), 5);
    assert.equal(count(counters.COUNT_ANNOUNCES), 3);
    assert.equal(count(counters.COUNT_SCRAPES), 1);
    assert.equal(count(counters.COUNT_REFUSED), 1);
    assert.equal(count(counters.COUNT_REPLIES_OUT), 3);
    assert.equal(count(counters.COUNT_OFFERS_OUT), 1);
    assert.equal(count(counters.COUNT_ANSWERS_OUT), 1);
    assert.equal(count(counters.COUNT_ERRORS_OUT), 1);
    const bytesOut = [...ann.texts, ...bob.texts].reduce(
      (sum, text) => sum + Buffer.byteLength(text) + (Buffer.byteLength(text) < 126 ? 2 : 4),
      2 * ann.pongs,
    );
    assert.equal(count(counters.COUNT_BYTES_OUT), bytesOut);
    assert.equal(count(counters.COUNT_BYTES_IN), ann.sentBytes + bob.sentBytes);
  });

test("each limit that was reached is counted by its name", () => {
  const changes = { maxOffers: 2, maxTorrentsPerConnection: 1, maxScrapeTorrents: 1 };
  const trackers = new TestTrackers(1, { ...changes, maxMessageSize: 4096 });
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  const offer = { torrent: "film", peer: "ann", left: 1 };
  for (let round = 0; round < 40; round++)
    ann.announce({
      ...offer,
      offers: [1, 2, 3, 4, 5].map((number) => offerOf(10 * round + number)),
    });
  for (let round = 0; round < 29; round++)
    ann.announce({ ...offer, offers: [offerOf(1000 + round)] });
  ann.announce({ torrent: "song", peer: "ann" });
  ann.scrape("film", "song");
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf(6, "x".repeat(5000))] });
  trackers.settle();
  assert.equal(trackers.count(counters.COUNT_OFFERS_SURPLUS), 40 * 3);
  // One of the two that may pass finds somebody each time, and all are remembered.
  assert.equal(trackers.count(counters.COUNT_OFFERS_OUT), 69);
  assert.equal(trackers.count(counters.COUNT_OFFERS_FORGOTTEN), 0);
  assert.equal(trackers.count(counters.COUNT_TORRENTS_OVER_LIMIT), 1);
  assert.equal(trackers.count(counters.COUNT_SCRAPES_OVER_LIMIT), 1);
  assert.equal(trackers.count(counters.COUNT_CLOSED_TOO_LONG), 1);
});
