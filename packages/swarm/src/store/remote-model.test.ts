/**
 * Three stores with clocks of their own tell each other what is announced to them, in any order but each in its own, and hold in
 * the end what one store would hold that had heard everything.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBelow } from "@swarmtide/test-kit";
import { AccessList } from "../access-list/access-list.ts";
import { Admission } from "../announce/hot/admission.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../announce/hot/role.ts";
import { attachAnnounceRing, createAnnounceRing, openAnnounceRing } from "./announce-rings.ts";
import { ANNOUNCE_RECORD_WORDS, RECORD_AGE_AT } from "./hot/announce-record.ts";
import type { AnnounceRingReader } from "./hot/announce-ring.ts";
import { RemoteAnnounces } from "./hot/remote-announces.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { attachSwarmStore, readSwarmTotals } from "./open-store.ts";
import { announceOf } from "./testing/peers.ts";
import { contentsOf, fixedStore } from "./testing/records.ts";

const ALL = new Admission(AccessList.attach(AccessList.build({ mode: "off" })));
const SECONDS_PER_TICK = 4;
/** A node's clock is ahead of the test's by so much: nobody's clock agrees, and one wraps around soon. */
const CLOCKS = [0, 40_000, 65_400];

interface Sent {
  readonly record: Int32Array;
  readonly seconds: number;
}

interface Node {
  readonly clock: number;
  readonly store: SwarmStore;
  readonly reader: AnnounceRingReader;
  readonly remote: RemoteAnnounces;
  /** What is on its way to each of the others. */
  readonly out: Sent[][];
}

function openNode(clock: number): Node {
  const store = fixedStore({ memoryBytesMax: 2 ** 24 });
  const ring = createAnnounceRing(16);
  attachAnnounceRing(store, ring);
  const remote = new RemoteAnnounces(attachSwarmStore(store.handle), ALL);
  // Some wait for hours.
  remote.peerAgeSecondsMax = 30_000;
  return { clock, store, reader: openAnnounceRing(ring), remote, out: CLOCKS.map(() => []) };
}

class History {
  readonly nodes = CLOCKS.map(openNode);
  readonly one = fixedStore({ memoryBytesMax: 2 ** 24 });
  readonly #random: (below: number) => number;
  readonly #last = new Map<number, { readonly node: number; readonly seconds: number }>();
  readonly #completed = new Set<number>();
  #seconds = 0;

  constructor(seed: number) {
    this.#random = randomBelow(seed);
  }

  step(torrents: number, peers: number): void {
    const random = this.#random;
    if (random(3) === 0) this.#seconds += SECONDS_PER_TICK * random(6);
    this.#announce(random(torrents), random(peers));
    while (random(3) > 0)
      this.#deliver(random(CLOCKS.length), random(CLOCKS.length), 1 + random(5));
  }

  end(): void {
    for (const from of CLOCKS.keys())
      for (const to of CLOCKS.keys()) this.#deliver(from, to, Number.MAX_SAFE_INTEGER);
    for (const { store, clock } of this.nodes) store.setNow(this.#seconds + clock);
    this.one.setNow(this.#seconds);
  }

  /** A peer goes to another node with a later tick only; it completes once, at the node that it went to last, and stays a seeder. */
  #announce(torrent: number, peer: number): void {
    const random = this.#random;
    const id = torrent * 10_000 + peer;
    const last = this.#last.get(id);
    const mayMove = last === undefined || last.seconds < this.#seconds;
    const index = mayMove ? random(CLOCKS.length) : last.node;
    let flags = [0, ANNOUNCE_PAUSED, ANNOUNCE_SEEDER, ANNOUNCE_STOPPED][random(4)] ?? 0;
    if (this.#completed.has(id) && flags !== ANNOUNCE_STOPPED) flags = ANNOUNCE_SEEDER;
    else if (last?.node === index && random(4) === 0) {
      flags = ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED;
      this.#completed.add(id);
    }
    const family = peer % 3 === 0 ? 6 : 4;
    this.one.setNow(this.#seconds);
    this.one.announce(announceOf(torrent, peer, { family, flags }));
    this.#last.set(id, { node: index, seconds: this.#seconds });
    const node = this.nodes[index];
    if (node === undefined) return;
    node.store.setNow(this.#seconds + node.clock);
    node.store.announce(announceOf(torrent, peer, { family, flags }));
    this.#send(node, index);
    // A peer that completes, moves to a third node and stops there, all before the first of it was heard, may count twice.
    if ((flags & ANNOUNCE_COMPLETED) !== 0)
      for (const to of CLOCKS.keys()) this.#deliver(index, to, Number.MAX_SAFE_INTEGER);
  }

  #send({ clock, reader, remote, out }: Node, index: number): void {
    const record = new Int32Array(ANNOUNCE_RECORD_WORDS);
    assert.equal(reader.read(record, 0, 1, this.#seconds + clock), 1);
    remote.setNow(this.#seconds + clock);
    remote.noteStops(record, 0, 1);
    for (const [to, queue] of out.entries())
      if (to !== index) queue.push({ record, seconds: this.#seconds });
  }

  #deliver(from: number, to: number, recordsMax: number): void {
    const records = this.nodes[from]?.out[to]?.splice(0, recordsMax) ?? [];
    const node = this.nodes[to];
    if (node === undefined || records.length === 0) return;
    const words = new Int32Array(records.length * ANNOUNCE_RECORD_WORDS);
    for (const [i, { record, seconds }] of records.entries()) {
      words.set(record, i * ANNOUNCE_RECORD_WORDS);
      // It has grown older on its way.
      words[i * ANNOUNCE_RECORD_WORDS + RECORD_AGE_AT] =
        (record[RECORD_AGE_AT] ?? 0) + (this.#seconds - seconds) / SECONDS_PER_TICK;
    }
    node.remote.setNow(this.#seconds + node.clock);
    node.remote.apply(words, 0, records.length);
  }
}

for (const [name, torrents, peers, steps] of [
  ["few torrents with few peers", 4, 5, 300],
  ["many small swarms", 100, 20, 2000],
  ["large swarms", 2, 300, 2000],
] as const)
  test(`three stores that hear of each other hold what one would: ${name}`, () => {
    for (let seed = 1; seed <= 8; seed++) {
      const history = new History(seed);
      for (let step = 0; step < steps; step++) history.step(torrents, peers);
      history.end();
      const expected = contentsOf(history.one, false);
      const totals = readSwarmTotals(history.one);
      for (const [index, { store, remote, reader }] of history.nodes.entries()) {
        assert.deepEqual(contentsOf(store, false), expected, `node ${index}, seed ${seed}`);
        assert.equal(readSwarmTotals(store).completed, totals.completed);
        assert.equal(readSwarmTotals(store).seedersIpv6, totals.seedersIpv6);
        assert.equal(reader.dropped + remote.refusedByMemory + remote.tooOld, 0);
      }
    }
  });
