import assert from "node:assert/strict";
import { test } from "node:test";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf, nameOf } from "../testing/test-client.ts";

test("offers: [null] counts as no offer, other twisted messages are refused; none harms anybody", () => {
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
  assert.deepEqual(words.splice(0, 2), new Array(2).fill("film: 0 complete, 2 incomplete"));
  assert.equal(words.length, 3);
  assert.ok(
    words.every((word) => word.startsWith("failure: ")),
    JSON.stringify(words),
  );
  assert.deepEqual(ann.takeWords(), []);
  assert.equal(bob.socket, "open");
  bob.announce({ torrent: "film", peer: "bob" });
  trackers.settle();
  assert.deepEqual(bob.takeWords(), ["film: 0 complete, 2 incomplete"]);
  assert.equal(trackers.count(...columns.REFUSALS), 3);
});

test("info hashes of another length become no torrent, and a connection's torrents are bounded", () => {
  const trackers = new TestTrackers(1, { maxTorrentsPerConnection: 3 });
  const ann = trackers.connect();
  for (const infoHash of ["", "x", "x".repeat(19), "x".repeat(21), "x".repeat(60_000)])
    ann.sendJson({ action: "announce", info_hash: infoHash, peer_id: "p".repeat(20) });
  trackers.settle();
  assert.equal(new Set(ann.takeWords()).size, 1);
  assert.equal(trackers.count(columns.TORRENTS), 0);
  for (let index = 0; index < 5; index++) ann.announce({ torrent: `t${index}`, peer: "ann" });
  ann.announce({ torrent: "t0", peer: "ann", event: "stopped" });
  ann.announce({ torrent: "t4", peer: "ann" });
  trackers.settle();
  assert.equal(trackers.count(columns.TORRENTS), 3);
  const refused = "failure: Too many torrents on this connection";
  assert.equal(ann.takeWords().filter((words) => words === refused).length, 2);
});

test("a failure that cannot name an info hash is one that each torrent of the socket passes over", () => {
  const trackers = new TestTrackers();
  const ann = trackers.connect();
  ann.sendJson({ action: "announce" });
  ann.sendJson({ action: "announce", info_hash: "short", peer_id: "p".repeat(20) });
  ann.sendJson({ action: "scrape" });
  ann.sendJson({ action: "scrape", info_hash: ["short"] });
  ann.sendText("nonsense");
  trackers.settle();
  assert.equal(ann.texts.length, 5);
  for (const text of ann.texts) {
    const { action, info_hash } = JSON.parse(text);
    // Without an action bittorrent-tracker's client leaves the socket for minutes, without an info hash it throws.
    assert.deepEqual({ action, info_hash }, { action: "announce", info_hash: "0".repeat(20) });
  }
  ann.sendJson({ action: "announce", info_hash: "i".repeat(20) });
  trackers.settle();
  assert.deepEqual(JSON.parse(ann.texts[5]), {
    "failure reason": "peer_id must be 20 characters, one for each byte",
    action: "announce",
    info_hash: "i".repeat(20),
  });
});
