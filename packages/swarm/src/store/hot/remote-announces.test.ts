import assert from "node:assert/strict";
import { test } from "node:test";
import { RandomSource } from "@swarmtide/test-kit";
import { AccessList } from "../../access-list/access-list.ts";
import { Admission } from "../../announce/hot/admission.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../../announce/hot/role.ts";
import { buildAddressList } from "../../limits/address-list.ts";
import { limitedStore } from "../../limits/testing/limited-store.ts";
import { ChangeReader, ChangeTaker } from "../changes.ts";
import { createSwarmStore, readSwarmTotals } from "../open-store.ts";
import { announceOf, infoHashOf } from "../testing/peers.ts";
import { contentsOf, fixedStore, recordOf } from "../testing/records.ts";
import { ANNOUNCE_RECORD_WORDS, RECORD_COUNTED, RECORD_IPV6 } from "./announce-record.ts";
import { RemoteAnnounces } from "./remote-announces.ts";

const ALL = new Admission(AccessList.attach(AccessList.build({ mode: "off" })));
const NOW_SECONDS = 4000;

function openRemote(store = fixedStore(), admission = ALL) {
  const remote = new RemoteAnnounces(store, admission);
  remote.setNow(NOW_SECONDS);
  const apply = (...records: Int32Array[]) => {
    const words = new Int32Array(records.length * ANNOUNCE_RECORD_WORDS);
    for (const [i, record] of records.entries()) words.set(record, i * ANNOUNCE_RECORD_WORDS);
    remote.apply(words, 0, records.length);
  };
  const counts = (torrent = 1, family: 4 | 6 = 4) => {
    store.scrape(infoHashOf(torrent), 0, family);
    return { seeders: store.seeders, leechers: store.leechers, completed: store.completed };
  };
  return { store, remote, apply, counts };
}

test("a record of a new peer makes torrent and peer, with its role, its family and its age", () => {
  const { store, remote, apply } = openRemote();
  apply(
    recordOf(1, 1),
    recordOf(1, 2, ANNOUNCE_SEEDER, 3),
    recordOf(1, 3, ANNOUNCE_PAUSED, 300),
    recordOf(2, 4, RECORD_IPV6 | ANNOUNCE_PAUSED, 7),
  );
  const announcing = fixedStore();
  const at = (ageTicks: number, ...announce: Parameters<typeof announceOf>) => {
    announcing.setNow(NOW_SECONDS - ageTicks * 4);
    announcing.announce(announceOf(...announce));
  };
  at(0, 1, 1);
  at(3, 1, 2, { flags: ANNOUNCE_SEEDER });
  at(300, 1, 3, { flags: ANNOUNCE_PAUSED });
  at(7, 2, 4, { flags: ANNOUNCE_PAUSED, family: 6 });
  announcing.setNow(NOW_SECONDS);
  assert.deepEqual(contentsOf(store), contentsOf(announcing));
  assert.deepEqual(
    { ...readSwarmTotals(store), usedBytes: 0, freeBytes: 0 },
    { ...readSwarmTotals(announcing), usedBytes: 0, freeBytes: 0 },
  );
  assert.equal(remote.applied, 4);
});

for (const [name, others] of [
  ["small", 0],
  ["large", 200],
] as const)
  test(`in a ${name} swarm the later announce counts, wherever it was made`, () => {
    const { store, remote, apply, counts } = openRemote();
    for (let peer = 1000; peer < 1000 + others; peer++) store.announce(announceOf(1, peer));
    store.setNow(NOW_SECONDS - 40);
    store.announce(announceOf(1, 1));
    store.setNow(NOW_SECONDS);
    apply(recordOf(1, 1, ANNOUNCE_SEEDER, 11));
    assert.deepEqual(counts(), { seeders: 0, leechers: others + 1, completed: 0 });
    apply(recordOf(1, 1, ANNOUNCE_STOPPED, 11));
    assert.deepEqual(counts(), { seeders: 0, leechers: others + 1, completed: 0 });
    assert.deepEqual([remote.applied, remote.outdated], [0, 2]);
    // The same tick: the one that arrives last.
    apply(recordOf(1, 1, ANNOUNCE_SEEDER, 10));
    assert.deepEqual(counts(), { seeders: 1, leechers: others, completed: 0 });
    apply(recordOf(1, 1, ANNOUNCE_PAUSED, 9), recordOf(1, 1, ANNOUNCE_SEEDER, 12));
    assert.deepEqual(counts(), { seeders: 0, leechers: others + 1, completed: 0 });
    assert.equal(store.downloaders, others);
    apply(recordOf(1, 1, 0, 8));
    counts();
    assert.equal(store.downloaders, others + 1);
    apply(recordOf(1, 1, ANNOUNCE_STOPPED, 8));
    assert.deepEqual(counts(), { seeders: 0, leechers: others, completed: 0 });
    assert.deepEqual([remote.applied, remote.outdated], [4, 3]);
    assert.equal(readSwarmTotals(store).peersIpv4, others);
  });

test("a peer that has stopped is not brought back by what it announced before, here or elsewhere", () => {
  const { remote, apply, counts } = openRemote();
  apply(recordOf(1, 1, 0, 5), recordOf(1, 1, ANNOUNCE_STOPPED, 3), recordOf(1, 1, 0, 4));
  assert.deepEqual(counts(), { seeders: 0, leechers: 0, completed: 0 });
  // The stop may be the first that is heard of the peer.
  apply(recordOf(2, 1, ANNOUNCE_STOPPED, 3), recordOf(2, 1, 0, 4));
  remote.noteStops(recordOf(3, 1, ANNOUNCE_STOPPED, 0), 0, 1);
  remote.noteStops(recordOf(4, 1, ANNOUNCE_SEEDER, 0), 0, 1);
  apply(recordOf(3, 1, 0, 1), recordOf(4, 1, 0, 1));
  assert.deepEqual(
    [2, 3, 4].map((torrent) => counts(torrent).leechers),
    [0, 0, 1],
  );
  assert.equal(remote.outdated, 3);
  // It comes back by an announce after the stop, or in its tick; another peer is not concerned.
  apply(recordOf(1, 1, 0, 3), recordOf(2, 1, 0, 2), recordOf(3, 1, 0, 0), recordOf(3, 2, 0, 9));
  assert.deepEqual(
    [1, 2, 3].map((torrent) => counts(torrent).leechers),
    [1, 1, 2],
  );
});

const COUNTED_NOW = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED | RECORD_COUNTED;
const COUNTED = ANNOUNCE_SEEDER | RECORD_COUNTED;

for (const [name, others] of [
  ["small", 0],
  ["large", 200],
] as const)
  test(`a completion is counted once, in a ${name} swarm`, () => {
    const { store, remote, apply, counts } = openRemote();
    for (let peer = 1000; peer < 1000 + others; peer++) store.announce(announceOf(1, peer));
    const completedAfter = (flags: number, age = 0, peer = 1) => {
      apply(recordOf(1, peer, flags, age));
      return counts().completed;
    };
    assert.equal(completedAfter(0, 9), 0);
    assert.equal(completedAfter(COUNTED_NOW, 8), 1);
    assert.equal(completedAfter(COUNTED_NOW, 8), 1, "twice the same");
    assert.equal(completedAfter(COUNTED, 7), 1, "the renewals after it");
    assert.equal(completedAfter(ANNOUNCE_SEEDER, 6), 1, "a third node that has not heard of it");
    assert.equal(completedAfter(COUNTED, 5), 1, "the mark has stayed");
    store.announce(announceOf(1, 1, { flags: ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED }));
    assert.equal(counts().completed, 1, "the client says it again here");
    assert.equal(completedAfter(ANNOUNCE_STOPPED), 1);
    assert.equal(completedAfter(COUNTED_NOW), 2, "a peer that came anew and is not known here");
    assert.equal(completedAfter(COUNTED, 0, 2), 2, "counted before it was known here");
    assert.equal(completedAfter(0, 0, 3), 2);
    assert.equal(completedAfter(COUNTED, 0, 3), 3, "the record of the completion was lost");
    assert.equal(remote.completions, 3);
    assert.equal(readSwarmTotals(store).completed, 3);
  });

test("an outdated record counts its completion and changes nothing else", () => {
  const { store, remote, apply, counts } = openRemote();
  store.announce(announceOf(1, 1));
  apply(recordOf(1, 1, COUNTED_NOW, 5));
  assert.deepEqual(counts(), { seeders: 0, leechers: 1, completed: 1 });
  store.announce(announceOf(1, 1, { flags: ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED }));
  assert.deepEqual(counts(), { seeders: 1, leechers: 0, completed: 1 });
  apply(recordOf(2, 1, ANNOUNCE_STOPPED, 2), recordOf(2, 1, COUNTED_NOW, 5));
  assert.deepEqual(counts(2), { seeders: 0, leechers: 0, completed: 1 });
  assert.deepEqual([remote.outdated, remote.completions], [2, 2]);
});

test("a seeder that moves before its completion arrives from its former node is counted once", () => {
  const { apply, counts } = openRemote();
  apply(recordOf(1, 1, COUNTED, 0), recordOf(1, 1, COUNTED_NOW, 1), recordOf(1, 1, COUNTED, 0));
  assert.deepEqual(counts(), { seeders: 1, leechers: 0, completed: 1 });
});

test("a leecher that had completed before it was known here is not counted again", () => {
  const { apply, counts } = openRemote();
  apply(recordOf(1, 1, RECORD_COUNTED, 1), recordOf(1, 1, COUNTED, 0));
  assert.deepEqual(counts(), { seeders: 1, leechers: 0, completed: 0 });
});

test("a record older than peers may be is dropped and counted", () => {
  const { remote, apply, counts } = openRemote();
  remote.peerAgeSecondsMax = 600;
  apply(recordOf(1, 1, 0, 150), recordOf(1, 2, 0, 151), recordOf(1, 3, 0, 0x7fffffff));
  assert.equal(counts().leechers, 1);
  assert.equal(remote.tooOld, 2);
  remote.peerAgeSecondsMax = 1e6;
  apply(recordOf(1, 2, 0, 8191), recordOf(1, 3, 0, 8192));
  assert.equal(counts().leechers, 2);
  assert.equal(remote.tooOld, 3);
});

test("torrents and addresses that the list refuses are dropped and counted, stops too", () => {
  const handle = AccessList.build({
    mode: "deny",
    hashes: new Uint8Array(infoHashOf(1).buffer),
  });
  const addresses = buildAddressList("deny", Buffer.from("10.0.0.0/8\n"));
  const admission = new Admission(AccessList.attach({ ...handle, addresses }));
  const { remote, apply, counts } = openRemote(fixedStore(), admission);
  const inTen = recordOf(2, 0x0100000a);
  apply(recordOf(1, 1), recordOf(1, 2, ANNOUNCE_STOPPED), inTen, recordOf(2, 0x0100000b));
  assert.deepEqual([counts(1).leechers, counts(2).leechers], [0, 1]);
  assert.equal(remote.refusedByList, 3);
});

test("an address is not pushed beyond its limits, in a torrent and in all of them", () => {
  const { remote, apply, counts } = openRemote(
    limitedStore({ maxPeersPerAddress: 2, maxTorrentsPerAddress: 3 }),
  );
  const withPort = (torrent: number, port: number) => {
    const record = recordOf(torrent, 0x0100000a);
    record[10] = port;
    return record;
  };
  apply(withPort(1, 1), withPort(1, 2), withPort(1, 3));
  assert.equal(counts(1).leechers, 2);
  assert.equal(remote.refusedByLimits, 1);
  apply(withPort(2, 1), withPort(3, 1), withPort(4, 1));
  assert.deepEqual(
    [2, 3, 4].map((torrent) => counts(torrent).leechers),
    [1, 0, 0],
  );
  assert.equal(remote.refusedByLimits, 3);
  apply(withPort(1, 1));
  assert.equal(remote.applied, 4);
});

test("a full store gives way to records as to announces, and counts what it has no room for", () => {
  const memoryBytesMax = 2 ** 22;
  const { store, remote, apply } = openRemote(createSwarmStore({ memoryBytesMax }));
  for (let torrent = 0; torrent < 100_000; torrent++) apply(recordOf(torrent, torrent));
  const totals = readSwarmTotals(store);
  assert.ok(totals.gaveWay > 0);
  assert.ok(totals.usedBytes <= memoryBytesMax);
  assert.equal(remote.applied + remote.refusedByMemory, 100_000);
  // One swarm: nothing gives way to its peers any more.
  for (let peer = 0; peer < 100_000; peer++) apply(recordOf(1, peer), recordOf(1, peer));
  assert.ok(remote.refusedByMemory > 0);
  assert.equal(readSwarmTotals(store).refused, remote.refusedByMemory);
  assert.ok(readSwarmTotals(store).usedBytes <= memoryBytesMax);
});

test("whatever a record's words are, it is applied or counted, and the store stays whole", () => {
  const { store, remote } = openRemote(fixedStore({ memoryBytesMax: 2 ** 23 }));
  const source = new RandomSource(77);
  const random = () => source.word();
  const words = new Int32Array(100 * ANNOUNCE_RECORD_WORDS);
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < words.length; i++) words[i] = random();
    // Some of them about few torrents and peers.
    for (let i = 0; i < words.length; i += ANNOUNCE_RECORD_WORDS)
      if ((random() & 1) === 0) {
        words.set(recordOf(random() & 7, random() & 255), i);
        words[i + 5] = random();
        words[i + 11] = random() & 63;
      }
    remote.apply(words, 0, 100);
  }
  const { applied, outdated, tooOld, refusedByMemory } = remote;
  assert.equal(applied + outdated + tooOld + refusedByMemory, 30_000);
  const totals = readSwarmTotals(store);
  const lines = contentsOf(store);
  const peers = lines.filter((line) => !line.includes("completed"));
  assert.equal(peers.length, totals.peersIpv4 + totals.peersIpv6);
  assert.equal(
    peers.filter((line) => line.includes(" S ")).length,
    totals.seedersIpv4 + totals.seedersIpv6,
  );
});

test("a process that takes over gets what came from other nodes", () => {
  const { store, apply } = openRemote();
  const reader = new ChangeReader(store);
  apply(
    recordOf(1, 1, 0, 9),
    recordOf(1, 2, COUNTED_NOW, 9),
    recordOf(1, 1, ANNOUNCE_SEEDER, 8),
    recordOf(1, 3, RECORD_IPV6),
    recordOf(1, 2, ANNOUNCE_STOPPED, 7),
  );
  const into = fixedStore();
  into.setNow(NOW_SECONDS);
  const taker = new ChangeTaker(into);
  reader.read((changes) => taker.take(changes));
  assert.deepEqual(contentsOf(into), contentsOf(store));
});
