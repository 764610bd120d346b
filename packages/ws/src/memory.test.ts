import assert from "node:assert/strict";
import { test } from "node:test";
import { availableMemory } from "@swarmtide/runtime";
import * as columns from "./counters.ts";
import { memoryBytesOf } from "./memory.ts";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { offerOf } from "./testing/test-client.ts";

const MIB = 1024 * 1024;

test("max_memory is divided among the workers; left open it is a quarter of what the host has", () => {
  assert.equal(memoryBytesOf(16, 1), 16 * MIB);
  assert.equal(memoryBytesOf(16, 4), 4 * MIB);
  assert.equal(memoryBytesOf(0, 2), Math.floor(availableMemory().bytes / 8));
});

test("seven addresses with many connections, each in as many torrents as allowed, fill no more than the budget; a swarm that lives is served all the while", () => {
  const trackers = new TestTrackers(1, {
    maxMemory: 1,
    maxTorrentsPerConnection: 95,
    maxMessagesPerSecond: 0,
  });
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  bob.announce({ torrent: "film", peer: "bob", left: 0 });
  trackers.settle();
  let newcomers = 0;
  for (let connection = 0; connection < 7 * 20; connection++) {
    const attacker = trackers.connect();
    for (let torrent = 0; torrent < 95; torrent++)
      attacker.announce({ torrent: `${connection}-${torrent}`, peer: "x", left: 1 });
    attacker.take();
    const newcomer = trackers.connect();
    newcomer.announce({ torrent: "film", peer: `n${connection}`, left: 1, offers: [offerOf("o")] });
    trackers.settle();
    const [reply] = newcomer.take("announce");
    if (reply !== undefined) newcomers++;
    newcomer.hangUp();
    trackers.settle();
  }
  const peers = trackers.count(columns.LEECHERS) + trackers.count(columns.SEEDERS);
  const { lengthMax } = elementAt(trackers.trackers, 0).swarms.peers.table;
  assert.ok(lengthMax < 10_000 && peers <= lengthMax, `${peers} peers`);
  assert.equal(newcomers, 140, "members that are alone in their torrent give way");
  assert.ok(trackers.count(columns.PEERS_GAVE_WAY) > 3000);
  bob.take();
  ann.take();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("again")] });
  trackers.settle();
  assert.equal(bob.take("offer").length, 1);
});

test("where everybody shares a torrent with somebody, newcomers get a clear failure and those who are here are served", () => {
  const trackers = new TestTrackers(1, {
    maxMemory: 1,
    maxMessagesPerSecond: 0,
    maxTorrentsPerConnection: 10_000,
  });
  const [ann, bob, eve] = [trackers.connect(), trackers.connect(), trackers.connect()];
  const { table } = elementAt(trackers.trackers, 0).swarms.peers;
  for (let torrent = 0; table.available > 1; torrent++)
    for (const client of [ann, bob])
      client.announce({ torrent: `t${torrent}`, peer: "p", left: 1 });
  const there = table.available > 0 ? 3 : 2;
  if (there > 2) eve.announce({ torrent: "t0", peer: "eve", left: 1 });
  trackers.settle();
  assert.equal(table.length, table.lengthMax);
  const late = trackers.connect();
  late.announce({ torrent: "t0", peer: "late", left: 1 });
  trackers.settle();
  assert.deepEqual(late.takeWords(), ["failure: The tracker is full: try again later"]);
  assert.equal(trackers.count(columns.REFUSED_MEMORY), 1);
  ann.take();
  ann.announce({ torrent: "t0", peer: "p" });
  trackers.settle();
  assert.deepEqual(ann.takeWords(), [`t0: 0 complete, ${there} incomplete`]);
  bob.announce({ torrent: "t1", peer: "p", event: "stopped" });
  late.announce({ torrent: "t0", peer: "late", left: 1 });
  trackers.settle();
  assert.deepEqual(late.takeWords(), [`t0: 0 complete, ${there + 1} incomplete`]);
});
