import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column } from "@swarmtide/metrics";
import { OPCODE_PING } from "@swarmtide/ws-protocol";
import * as columns from "./counters.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { clientFrame, offerOf } from "./testing/test-client.ts";

for (const workers of [1, 3])
  test(`what goes in and out is counted once, workers: ${workers}`, () => {
    const trackers = new TestTrackers(workers);
    const [ann, bob] = [trackers.connect(0), trackers.connect(1 % workers)];
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    trackers.settle();
    bob.announce({ torrent: "film", peer: "bob", left: 1, offers: [offerOf("o1")] });
    trackers.settle();
    ann.answer("ann", elementAt(ann.take("offer"), 0));
    ann.scrape("film", "song", "book");
    ann.sendJson({ action: "announce" });
    ann.sendBytes(clientFrame(OPCODE_PING, new Uint8Array(0)));
    trackers.settle();
    const count = (...of: readonly Column<"ws">[]) => trackers.count(...of);
    assert.equal(count(columns.CONNECTIONS_OPENED), 2);
    assert.equal(count(...columns.MESSAGES_RECEIVED), 5);
    assert.equal(count(...columns.ANNOUNCES), 3);
    assert.equal(count(...columns.SCRAPES), 1);
    assert.equal(count(...columns.REFUSALS), 1);
    assert.equal(count(...columns.REPLIES_SENT), 3);
    assert.equal(count(...columns.OFFERS_SENT), 1);
    assert.equal(count(...columns.ANSWERS_SENT), 1);
    assert.equal(count(...columns.ERRORS_SENT), 1);
    const bytesOut = [...ann.texts, ...bob.texts].reduce(
      (sum, text) => sum + Buffer.byteLength(text) + (Buffer.byteLength(text) < 126 ? 2 : 4),
      2 * ann.pongs,
    );
    assert.equal(count(...columns.SENT_BYTES), bytesOut);
    assert.equal(count(...columns.RECEIVED_BYTES), ann.sentBytes + bob.sentBytes);
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
  assert.equal(trackers.count(columns.OFFERS_SURPLUS), 40 * 3);
  // One of the two that may pass finds somebody each time, and all are remembered.
  assert.equal(trackers.count(...columns.OFFERS_SENT), 69);
  assert.equal(trackers.count(columns.OFFERS_FORGOTTEN), 0);
  assert.equal(trackers.count(columns.REFUSED_TORRENTS_MAX), 1);
  assert.equal(trackers.count(columns.REFUSED_SCRAPE_MAX), 1);
  assert.equal(trackers.count(columns.ENDED_TOO_LONG), 1);
});
