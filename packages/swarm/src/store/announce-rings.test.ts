import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../announce/hot/role.ts";
import { limitedStore } from "../limits/testing/limited-store.ts";
import {
  type AnnounceRingHandle,
  attachAnnounceRing,
  createAnnounceRing,
  openAnnounceRing,
  setRenewalInterval,
} from "./announce-rings.ts";
import { ANNOUNCE_RECORD_WORDS } from "./hot/announce-record.ts";
import { RING_HEAD, RING_TAIL } from "./hot/announce-ring.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { createSwarmStore } from "./open-store.ts";
import { announceOf, portOf } from "./testing/peers.ts";
import { fixedStore, recordOf } from "./testing/records.ts";
import type { RingWriterTask } from "./testing/ring-writer-worker.ts";

const worker = new URL(
  `./testing/ring-writer-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);

/** A store with a ring of so many records, and what is read from it at a time, one array of words for each record. */
function ringedStore(records = 64, store: SwarmStore = fixedStore()) {
  const handle = createAnnounceRing(records);
  attachAnnounceRing(store, handle);
  const reader = openAnnounceRing(handle);
  const read = (nowSeconds = 0, recordsMax = records) => {
    const into = new Int32Array(recordsMax * ANNOUNCE_RECORD_WORDS);
    const count = reader.read(into, 0, recordsMax, nowSeconds);
    return Array.from({ length: count }, (_, i) =>
      into.slice(i * ANNOUNCE_RECORD_WORDS, (i + 1) * ANNOUNCE_RECORD_WORDS),
    );
  };
  return { store, handle, reader, read };
}

test("a record holds what the worked example says", () => {
  const { store, read } = ringedStore();
  const announce = announceOf(7, 0x0100000a);
  announce.port = 0xe11a;
  store.announce(announce);
  announce.flags = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
  store.announce(announce);
  store.setNow(100.5);
  announce.flags = ANNOUNCE_SEEDER;
  store.announce(announce);
  const words = read(109.5)[2] ?? [];
  assert.deepEqual([...words.slice(0, 5)], [...announce.infoHash]);
  assert.equal(
    [...words.slice(5)].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(" "),
    "00000022 0100000a 00000000 00000000 00000000 0000e11a 00000002",
  );
});

test("an IPv6 peer has four words of address", () => {
  const { store, read } = ringedStore();
  store.announce(announceOf(1, 77, { family: 6, flags: ANNOUNCE_PAUSED }));
  assert.deepEqual(read(), [recordOf(1, 77, ANNOUNCE_PAUSED | 16)]);
});

test("what an announce has changed or renewed is written, with the completion that it counted", () => {
  const { store, read } = ringedStore();
  const flagsOf = (flags: number, peer = 1) => {
    store.announce(announceOf(1, peer, { flags }));
    return read().map((record) => record[5]);
  };
  assert.deepEqual(flagsOf(0), [0]);
  assert.deepEqual(flagsOf(0), [0]);
  assert.deepEqual(flagsOf(ANNOUNCE_PAUSED), [ANNOUNCE_PAUSED]);
  const completed = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
  assert.deepEqual(flagsOf(completed), [completed | 32]);
  assert.deepEqual(flagsOf(completed), [ANNOUNCE_SEEDER | 32]);
  assert.deepEqual(flagsOf(0), [32]);
  assert.deepEqual(flagsOf(completed), [ANNOUNCE_SEEDER | 32]);
  assert.deepEqual(flagsOf(completed, 2), [ANNOUNCE_SEEDER]);
  assert.deepEqual(flagsOf(ANNOUNCE_STOPPED), [ANNOUNCE_STOPPED]);
  // Another node may have the peer and the torrent that are not known here.
  assert.deepEqual(flagsOf(ANNOUNCE_STOPPED), [ANNOUNCE_STOPPED]);
  store.announce(announceOf(2, 1, { flags: ANNOUNCE_STOPPED, family: 6 }));
  assert.deepEqual(read(), [recordOf(2, 1, ANNOUNCE_STOPPED | 16)]);
});

test("a completion in a large swarm is told as well", () => {
  const { store, read } = ringedStore(256);
  for (let peer = 0; peer < 200; peer++) store.announce(announceOf(1, peer));
  assert.equal(read().length, 200);
  store.announce(announceOf(1, 5, { flags: ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED }));
  assert.equal(read()[0]?.[5], ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED | 32);
});

test("a refused announce and a repeat are not written", () => {
  const { store, read } = ringedStore(
    64,
    limitedStore({ maxPeersPerAddress: 1, minAnnounceInterval: 30 }),
  );
  const announce = announceOf(1, 1);
  store.announce(announce);
  assert.equal(read().length, 1);
  store.announce(announce);
  assert.equal(store.isRepeat, true);
  announce.port = 99;
  store.announce(announce);
  assert.notEqual(store.refusal, 0);
  assert.deepEqual(read(), []);
});

test("a peer that there is no memory for is not written", () => {
  const { store, reader } = ringedStore(2 ** 17, createSwarmStore({ memoryBytesMax: 2 ** 22 }));
  let stored = 0;
  for (let peer = 0; peer < 100_000; peer++) {
    // One swarm: nothing gives way to its peers.
    store.announce(announceOf(1, peer));
    if (store.stored) stored++;
  }
  assert.ok(stored < 100_000);
  assert.equal(reader.waiting, stored);
});

test("an age counts whole ticks, and an announce of a clock that is ahead has none", () => {
  const { store, read } = ringedStore();
  const ageAfter = (seconds: number) => {
    store.setNow(1000);
    store.announce(announceOf(1, 1));
    return read(1000 + seconds)[0]?.[11];
  };
  assert.equal(ageAfter(3.9), 0);
  assert.equal(ageAfter(4), 1);
  assert.equal(ageAfter(-0.1), 0);
  assert.equal(ageAfter(8191 * 4), 8191);
  assert.equal(ageAfter(1e6), 8191);
  // The time of a ring wraps after 8.5 years.
  store.setNow(2 ** 28 - 1);
  store.announce(announceOf(1, 1));
  assert.equal(read(2 ** 28 + 11)[0]?.[11], 3);
});

test("a full ring drops the newest and counts them; what is read makes room", () => {
  const { store, read, reader } = ringedStore(8);
  for (let peer = 0; peer < 11; peer++) store.announce(announceOf(1, peer));
  assert.deepEqual([reader.waiting, reader.written, reader.dropped], [8, 8, 3]);
  assert.deepEqual(
    read(0, 3).map((record) => record[6]),
    [0, 1, 2],
  );
  for (let peer = 20; peer < 30; peer++) store.announce(announceOf(1, peer));
  assert.deepEqual(
    read().map((record) => record[6]),
    [3, 4, 5, 6, 7, 20, 21, 22],
  );
  assert.deepEqual([reader.waiting, reader.written, reader.dropped], [0, 11, 10]);
});

/** Sets both ends of a ring that is not in use yet. */
function turnTo(handle: AnnounceRingHandle, records: number): void {
  const words = new Int32Array(handle.memory);
  words[RING_HEAD] = records;
  words[RING_TAIL] = records;
}

test("written and read at random it is a queue with room for so many, also where its counts wrap around", () => {
  const steps = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: -40, max: 40 }), (history, start) => {
      const handle = createAnnounceRing(8);
      turnTo(handle, 0x7fffffff + start);
      const store = fixedStore({ memoryBytesMax: 2 ** 22 });
      attachAnnounceRing(store, handle);
      const reader = openAnnounceRing(handle);
      const into = new Int32Array(9 * ANNOUNCE_RECORD_WORDS);
      const queue: number[] = [];
      let next = 0;
      let dropped = 0;
      for (const step of history) {
        for (let i = 0; i < step; i++) {
          if (queue.length < 8) queue.push(next);
          else dropped++;
          store.announce(announceOf(1, next++));
        }
        if (step < 0) {
          const count = reader.read(into, 0, -step, 0);
          const peers = Array.from(
            { length: count },
            (_, i) => into[i * ANNOUNCE_RECORD_WORDS + 6],
          );
          assert.deepEqual(peers, queue.splice(0, -step));
        }
        assert.deepEqual([reader.waiting, reader.dropped], [queue.length, dropped]);
      }
    }),
    { seed: 21, numRuns: 60 },
  );
});

test("a ring has a power of two of records, and none that makes no sense", () => {
  const recordsOf = (records?: number) =>
    (createAnnounceRing(records).memory.byteLength / 4 - 48) / ANNOUNCE_RECORD_WORDS;
  assert.equal(recordsOf(1), 1);
  assert.equal(recordsOf(1000), 1024);
  assert.equal(recordsOf(), 65_536);
  for (const records of [0, -1, 1.5, 2 ** 24 + 1, Number.NaN])
    assert.throws(() => createAnnounceRing(records), RangeError);
});

test("with a renewal interval a peer's renewals are written once in each interval, spread over all moments", () => {
  const { store, handle, read, reader } = ringedStore(4096);
  setRenewalInterval(handle, 600);
  const peers = 1000;
  const moments = new Map<number, number>();
  const written = new Map<number | undefined, number>();
  // Every 100 seconds, from the fourth of the intervals that begin at 0 on.
  for (let round = 0; round < 60; round++) {
    const now = 2400 + round * 100;
    store.setNow(now);
    for (let peer = 0; peer < peers; peer++) store.announce(announceOf(peer % 10, peer));
    const records = read(now);
    if (round === 0) assert.equal(records.length, peers);
    else moments.set(round % 6, (moments.get(round % 6) ?? 0) + records.length);
    for (const record of records) written.set(record[6], (written.get(record[6]) ?? 0) + 1);
  }
  assert.equal(written.size, peers);
  // 5900 seconds are nine or ten changes of the interval, and the first announce is written in any case.
  for (const count of written.values()) assert.ok(count === 10 || count === 11, `${count}`);
  for (const count of moments.values())
    assert.ok(count > 0.13 * peers * 10 && count < 0.2 * peers * 10, `${count}`);
  assert.equal(reader.leftOut + reader.written, 60 * peers);
  setRenewalInterval(handle, 0);
  store.announce(announceOf(1, 1));
  assert.equal(read(8300).length, 1);
});

test("what is more than a renewal is written in any case", () => {
  const { store, handle, read } = ringedStore();
  setRenewalInterval(handle, 600);
  const isWritten = (flags: number) => {
    store.announce(announceOf(1, 1, { flags }));
    return read().length === 1;
  };
  const paused = [ANNOUNCE_PAUSED, ANNOUNCE_PAUSED];
  const seeder = [ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED];
  const stopped = [ANNOUNCE_STOPPED, ANNOUNCE_STOPPED];
  assert.deepEqual([0, 0, ...paused, 0, ...seeder, 0, ...stopped, 0].map(isWritten), [
    true,
    false,
    true,
    false,
    true,
    true,
    false,
    true,
    true,
    true,
    true,
  ]);
});

test("a thread writes while another reads: in order, each once, and what is missing was counted", async () => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  const ring = createAnnounceRing(512);
  const reader = openAnnounceRing(ring);
  const workerData: RingWriterTask = { store: store.handle, ring, peers: 100_000 };
  const thread = new Worker(worker, { workerData });
  let isWritten = false;
  const written = once(thread, "message").then(() => {
    isWritten = true;
  });
  const into = new Int32Array(512 * ANNOUNCE_RECORD_WORDS);
  let last = -1;
  let records = 0;
  while (!isWritten || reader.waiting > 0) {
    const count = reader.read(into, 0, 512, 0);
    for (let at = 0; at < count * ANNOUNCE_RECORD_WORDS; at += ANNOUNCE_RECORD_WORDS) {
      const peer = into[at + 6] ?? 0;
      assert.ok(peer > last);
      assert.equal(into[at + 10], portOf(peer));
      last = peer;
    }
    records += count;
    if (count === 0) await new Promise(setImmediate);
  }
  await written;
  await thread.terminate();
  assert.equal(records + reader.dropped, 100_000);
  assert.ok(records >= 512);
});
