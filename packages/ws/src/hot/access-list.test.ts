import assert from "node:assert/strict";
import { test } from "node:test";
import { TORRENT_REFUSED_TEXT } from "@swarmtide/bittorrent";
import { EVERY_TORRENT } from "@swarmtide/swarm";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf } from "../testing/test-client.ts";

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
    allows: (words: Int32Array, at: number) =>
      Buffer.compare(Buffer.from(words.buffer, words.byteOffset + 4 * at, 20), bad) !== 0,
  };
  trackers.serve(access);
  ann.take();
  ann.announce({ torrent: "bad", peer: "ann" });
  ann.scrape("good", "bad");
  trackers.settle();
  assert.deepEqual(ann.takeWords().sort(), [
    `failure: ${TORRENT_REFUSED_TEXT}`,
    "good 0/2/0, bad 0/0/0",
  ]);
  trackers.pass(4);
  assert.equal(trackers.count(columns.TORRENTS), 1);
  trackers.serve(EVERY_TORRENT);
  ann.scrape("bad", "good");
  trackers.settle();
  assert.deepEqual(ann.takeWords(), ["bad 0/0/0, good 0/2/0"]);
});
