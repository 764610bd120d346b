import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsSection, readSwarmTotals } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { TestCluster } from "./testing/test-cluster.ts";
import type { TestNode } from "./testing/test-node.ts";

function oneNode() {
  const cluster = new TestCluster();
  const a = cluster.start("a");
  cluster.settle();
  return { cluster, a };
}

test("a torrent that the access list refuses is not taken, neither as an announce nor when joining", () => {
  const { cluster, a } = oneNode();
  const accessList = { allows: (words: Int32Array, at: number) => words[at] !== 2 };
  const listed = cluster.start("listed", { accessList });
  cluster.settle();
  a.announce(1, 1);
  a.announce(0, 1);
  cluster.pass(300);
  assert.equal(listed.scrape(1).leechers, 0);
  assert.equal(listed.scrape(0).leechers, 1);
  assert.equal(listed.count("dropped_records", { reason: "access_list" }), 1);
  const later = cluster.start("later", { accessList });
  cluster.settle();
  assert.equal(later.scrape(1).leechers, 0);
  assert.equal(later.scrape(0).leechers, 1);
});

test("limits by address hold for announces of others and for their swarms when joining", () => {
  const limits = {
    ...defaultConfig(limitsSection),
    ...{ minAnnounceInterval: 0, maxTorrentsPerAddress: 3, exempt: [] },
  };
  const { cluster, a } = oneNode();
  const limited = cluster.start("limited", { limits });
  cluster.settle();
  for (let torrent = 0; torrent < 20; torrent++) a.announce(torrent, 1);
  cluster.pass(300);
  const torrentsAt = (node: TestNode) => {
    let found = 0;
    for (let torrent = 0; torrent < 20; torrent++) found += node.scrape(torrent).leechers;
    return found;
  };
  assert.equal(torrentsAt(a), 20);
  assert.equal(torrentsAt(limited), 3);
  assert.equal(limited.count("dropped_records", { reason: "limits" }), 17);
  const later = cluster.start("later", { limits });
  cluster.settle();
  assert.equal(torrentsAt(later), 3);
  assert.equal(later.count("refused_streamed_peers"), 17);
});

test("announces of others and their streams stay within the memory of a node: torrents of one peer give way, then peers are refused", () => {
  const cluster = new TestCluster();
  const a = cluster.start("a", { memoryBytesMax: 2 ** 26 });
  const memoryBytesMax = 2 ** 23;
  const small = cluster.start("small", { memoryBytesMax });
  cluster.settle();
  const batch = 1000;
  // Every store spreads torrents over its shards by a key of its own: so many more than the first shard holds that all are short.
  const gaveWayMin = 5 * batch;
  for (let first = 0; readSwarmTotals(small.store).gaveWay < gaveWayMin; first += batch) {
    assert.ok(first < 2_000_000, "never full");
    for (let torrent = first; torrent < first + batch; torrent++) a.announce(torrent, 1);
    cluster.pass(10);
  }
  assert.ok(readSwarmTotals(small.store).torrents < readSwarmTotals(a.store).torrents);
  const later = cluster.start("later", { memoryBytesMax });
  cluster.settle();
  assert.ok(later.count("refused_streamed_peers") > 0);
  for (const { store } of [small, later])
    assert.ok(readSwarmTotals(store).usedBytes <= store.arenaBytes * store.shards.length);
});
