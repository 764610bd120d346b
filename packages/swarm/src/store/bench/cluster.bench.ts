/**
 * What a cluster costs the store: an announce that is written into a ring, a record that is read from there, and a record of
 * another node that is applied.
 *
 *   node packages/swarm/dist/store/bench/cluster.bench.js [--smoke]
 *
 * Prints medians of rounds in which all kinds take turns, and a checksum of the work. Peers and torrents are drawn at random, two
 * peers a torrent. The smoke size runs as a test.
 */
import { pathToFileURL } from "node:url";
import { RandomSource } from "@swarmtide/test-kit";
import { AccessList } from "../../access-list/access-list.ts";
import { Admission } from "../../announce/hot/admission.ts";
import { Announce } from "../../announce/hot/announce.ts";
import { ANNOUNCE_SEEDER } from "../../announce/hot/role.ts";
import {
  attachAnnounceRing,
  createAnnounceRing,
  openAnnounceRing,
  setRenewalInterval,
} from "../announce-rings.ts";
import { ANNOUNCE_RECORD_WORDS } from "../hot/announce-record.ts";
import type { AnnounceRingReader } from "../hot/announce-ring.ts";
import { RemoteAnnounces } from "../hot/remote-announces.ts";
import type { SwarmStore } from "../hot/swarm-store.ts";
import { attachSwarmStore, createSwarmStore } from "../open-store.ts";

export interface Row {
  readonly what: string;
  readonly nanoseconds: number;
}

const PEERS_WANTED = 30;
const BATCH = 64;
const RING_RECORDS = 65_536;

/** One store with its torrents, and threads' views of it: with a ring and without, and the cluster's. */
class Bench {
  readonly peers: number;
  checksum = 0;
  readonly #plain: SwarmStore;
  readonly #ringed: SwarmStore;
  readonly #thinned: SwarmStore;
  readonly #readers: readonly AnnounceRingReader[];
  readonly #remote: RemoteAnnounces;
  readonly #words = new Int32Array(RING_RECORDS * ANNOUNCE_RECORD_WORDS);
  readonly #infoHash = new Int32Array(5);
  readonly #address = new Int32Array(1);
  readonly #announce: Announce;
  readonly #source = new RandomSource(12_345);

  constructor(torrents: number) {
    this.peers = 2 * torrents;
    this.#plain = createSwarmStore({ memoryBytesMax: 2 ** 36 });
    const { handle } = this.#plain;
    this.#ringed = attachSwarmStore(handle);
    this.#thinned = attachSwarmStore(handle);
    const rings = [this.#ringed, this.#thinned].map((store) => {
      const ring = createAnnounceRing(RING_RECORDS);
      attachAnnounceRing(store, ring);
      return ring;
    });
    if (rings[1] !== undefined) setRenewalInterval(rings[1], 600);
    this.#readers = rings.map(openAnnounceRing);
    this.#announce = new Announce(this.#infoHash, this.#address, new Uint16Array(PEERS_WANTED * 3));
    this.#announce.peersWanted = PEERS_WANTED;
    const admission = new Admission(AccessList.attach(AccessList.build({ mode: "off" })));
    this.#remote = new RemoteAnnounces(attachSwarmStore(handle), admission);
    for (let peer = 0; peer < this.peers; peer++) this.#announceTo(this.#plain, peer);
  }

  /** Nanoseconds of one of so many calls of each kind. */
  round(calls: number): Row[] {
    const timed = (what: string, run: () => void): Row => {
      const started = process.hrtime.bigint();
      run();
      return { what, nanoseconds: Number(process.hrtime.bigint() - started) / calls };
    };
    const announces = (store: SwarmStore) => () => {
      for (let call = 0; call < calls; call++) this.#announceTo(store, this.#random());
    };
    const rows = [
      timed("announce", announces(this.#plain)),
      timed("announce into a ring", announces(this.#ringed)),
      timed("announce into a ring, renewals every 600 s", announces(this.#thinned)),
    ];
    rows.push(timed("record read from a ring", () => this.#read(calls)));
    for (const reader of this.#readers) reader.read(this.#words, 0, RING_RECORDS, 0);
    this.#fill(calls, () => this.#random());
    rows.push(timed("remote record, renewal", () => this.#remote.apply(this.#words, 0, calls)));
    rows.push(timed("remote record, renewal, in threes", () => this.#applyInThrees(calls)));
    return rows;
  }

  /** Remote records of peers in torrents that are not stored. */
  come(calls: number): Row {
    let next = this.peers;
    let nanoseconds = 0;
    for (let done = 0; done < calls; done += BATCH) {
      this.#fill(BATCH, () => next++);
      const started = process.hrtime.bigint();
      this.#remote.apply(this.#words, 0, BATCH);
      nanoseconds += Number(process.hrtime.bigint() - started);
    }
    return { what: "remote record, new torrent", nanoseconds: nanoseconds / calls };
  }

  get applied(): number {
    return this.#remote.applied;
  }

  #applyInThrees(calls: number): void {
    for (let call = 0; call < calls; call += 3)
      this.#remote.apply(this.#words, call * ANNOUNCE_RECORD_WORDS, Math.min(3, calls - call));
  }

  #read(calls: number): void {
    for (let done = 0; done < calls; )
      done += this.#readers[0]?.read(this.#words, 0, calls - done, 0) || calls;
  }

  #fill(records: number, peerOf: () => number): void {
    for (let at = 0; at < records * ANNOUNCE_RECORD_WORDS; at += ANNOUNCE_RECORD_WORDS) {
      const peer = peerOf();
      this.#pointTo(peer);
      this.#words.fill(0, at, at + ANNOUNCE_RECORD_WORDS);
      this.#words.set(this.#infoHash, at);
      this.#words[at + 5] = this.#announce.flags;
      this.#words[at + 6] = peer;
      this.#words[at + 10] = this.#announce.port;
    }
  }

  /** Peer i announces to torrent i modulo the number of torrents. */
  #pointTo(peer: number): void {
    const torrents = this.peers / 2;
    const torrent = peer < this.peers ? peer % torrents : peer;
    for (let word = 0; word < 5; word++)
      this.#infoHash[word] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24);
    this.#address[0] = peer;
    this.#announce.port = peer & 0xffff;
    this.#announce.flags = peer % 4 === 0 ? 0 : ANNOUNCE_SEEDER;
  }

  #announceTo(store: SwarmStore, peer: number): void {
    this.#pointTo(peer);
    this.checksum += store.announce(this.#announce);
  }

  #random(): number {
    return this.#source.below(this.peers);
  }
}

/** Medians over `rounds` rounds of so many calls each. */
export function runClusterBench(torrents: number, rounds: number, calls: number) {
  const bench = new Bench(torrents);
  const of = new Map<string, number[]>();
  for (let round = 0; round <= rounds; round++)
    // The first round warms up.
    for (const { what, nanoseconds } of bench.round(Math.min(calls, RING_RECORDS)))
      if (round > 0) of.set(what, [...(of.get(what) ?? []), nanoseconds]);
  const rows = [...of].map(([what, times]) => {
    times.sort((a, b) => a - b);
    return { what, nanoseconds: times[times.length >> 1] ?? 0 };
  });
  rows.push(bench.come(calls));
  return { rows, checksum: bench.checksum, applied: bench.applied };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isSmoke = process.argv.includes("--smoke");
  for (const torrents of isSmoke ? [1000] : [1000, 100_000, 1_000_000]) {
    const { rows, checksum } = isSmoke
      ? runClusterBench(torrents, 2, 1000)
      : runClusterBench(torrents, 25, RING_RECORDS);
    console.log(`\n| ${torrents} torrents, two peers each | ns |\n|---|---:|`);
    for (const { what, nanoseconds } of rows)
      console.log(`| ${what} | ${nanoseconds.toFixed(0)} |`);
    console.log(`checksum ${checksum}`);
  }
}
