/**
 * Throws mutated messages and frames at trackers of one and of several workers, amid witnesses who keep the rules.
 * Nothing may throw; nobody receives what is not theirs; when all have gone no peer, torrent or buffer is left; and
 * memory does not grow with the number of frames.
 *
 * `node packages/ws/dist/testing/fuzz.js 10000000 [seed]`; the tests run some thousands.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Column } from "@swarmtide/metrics";
import { OPCODE_PONG } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { RandomWords } from "../hot/random-words.ts";
import { TICKS_PER_ROUND } from "../hot/upkeep.ts";
import { elementAt } from "./element-at.ts";
import { TestTrackers } from "./harness.ts";
import { HostileFrames } from "./hostile-frames.ts";
import { clientFrame, type TestClient } from "./test-client.ts";
import { Witnesses } from "./witnesses.ts";

const CROWD = 12;
/** After so many frames everybody leaves, and what is left is looked at. */
const EPOCH_FRAMES = 20_000;
/** Memory may differ by so much from one epoch to another, however many lie between. */
const GROWTH_BYTES_MAX = 32 * 1024 * 1024;

const LIMITS = {
  maxTorrentsPerConnection: 4,
  maxOffers: 3,
  maxScrapeTorrents: 8,
  maxMessageSize: 4096,
  maxMessagesPerSecond: 20,
  maxUnsentBeforeDrop: 8192,
  maxUnsent: 65_536,
  pingInterval: 30,
  maxConnectionIdle: 100,
  maxPeerAge: 133,
};
/** Every so many of the crowd only send what is in order, seldom, and hardly read: they live long enough to be slow. */
const PATIENT_EVERY = 4;
/** Half of the time in which offers expire; longer than this nobody may be silent. */
const LEAP_SECONDS = 61;

/** What came of a run. */
export interface FuzzReport {
  workers: number;
  mutatedMessages: number;
  mutatedFrames: number;
  proper: number;
  connections: number;
  announces: number;
  scrapes: number;
  refused: number;
  offersOut: number;
  answersOut: number;
  errorsOut: number;
  closedForProtocol: number;
  closedForRate: number;
  closedForSlowness: number;
  closedForSilence: number;
  peersExpired: number;
  offersJudged: number;
  answersJudged: number;
  countsJudged: number;
}

/** Bytes in use after a collection, or 0 where memory is not measured. */
export type MemoryReading = () => number;

/** Sends `count` mutated messages and frames over connections that come and go. */
export function fuzzTrackers(
  workers: number,
  count: number,
  seed: number,
  memoryBytes: MemoryReading = () => 0,
): FuzzReport {
  const fuzz = new Fuzz(workers, seed);
  let baseline = 0;
  for (let epoch = 0; fuzz.frames.mutated < count; epoch++) {
    fuzz.playEpoch(Math.min(EPOCH_FRAMES, count - fuzz.frames.mutated));
    const bytes = memoryBytes();
    // The first epochs fill pools, tables and code.
    if (epoch <= 2) baseline = bytes;
    else assert.ok(bytes < baseline + GROWTH_BYTES_MAX, `memory grew from ${baseline} to ${bytes}`);
  }
  return fuzz.report();
}

class Fuzz {
  readonly frames: HostileFrames;
  readonly #random: RandomWords;
  readonly #trackers: TestTrackers;
  #crowd: TestClient[] = [];
  #witnesses: Witnesses;
  #connections = 0;
  readonly #judged = { offersJudged: 0, answersJudged: 0, countsJudged: 0 };

  constructor(workers: number, seed: number) {
    this.#random = new RandomWords(Int32Array.of(seed, 2, 3, 4));
    this.#trackers = new TestTrackers(workers, LIMITS, seed);
    this.frames = new HostileFrames(this.#random);
    this.#witnesses = new Witnesses(this.#trackers, this.#random, this.frames);
  }

  #connect(index: number): TestClient {
    const client = this.#trackers.connect(index % this.#trackers.trackers.length);
    client.number = ++this.#connections;
    return client;
  }

  /** Everybody comes, misbehaves and leaves. */
  playEpoch(count: number): void {
    const end = this.frames.mutated + count;
    this.#crowd = Array.from({ length: CROWD }, (_, index) => this.#connect(index));
    while (this.frames.mutated < end) this.#playRound();
    const witnesses = this.#witnesses.end();
    for (const client of [...witnesses, ...this.#crowd]) this.#leave(client);
    this.#trackers.settle();
    this.#expectNothingLeft();
    this.#judged.offersJudged += this.#witnesses.offersJudged;
    this.#judged.answersJudged += this.#witnesses.answersJudged;
    this.#judged.countsJudged += this.#witnesses.countsJudged;
    this.frames.forget();
    this.#witnesses = new Witnesses(this.#trackers, this.#random, this.frames);
  }

  #playRound(): void {
    const random = this.#random;
    const index = random.below(CROWD);
    const client = elementAt(this.#crowd, index);
    const isPatient = index % PATIENT_EVERY === 0;
    const own = `p${index % 5}`;
    const bytes = isPatient
      ? this.frames.nextProper(own, client.number)
      : this.frames.next(own, client.number);
    const split = random.below(bytes.length + 1);
    client.sendBytes(bytes.subarray(0, split));
    client.sendBytes(bytes.subarray(split));
    if (random.below(4) === 0) this.#trackers.settle();
    // What is under way between workers meets connections that have gone, and others in their place.
    else if (random.below(2) === 0) this.#trackers.step();
    if (random.below(8) === 0) this.#witnesses.act(this.#crowd);
    if (random.below(64) === 0) this.#pass(1);
    if (random.below(4000) === 0) this.#leap();
    if (random.below(isPatient ? 40 : 200) === 0) client.isStalled = !client.isStalled || isPatient;
    if (!client.isStalled) client.drain();
    this.#witnesses.judge(client);
    if (client.socket === "open" && random.below(200) > 0) return;
    this.#leave(client);
    this.#crowd[index] = this.#connect(index);
  }

  /** Time passes, once everybody has heard what they were told before. */
  #pass(seconds: number): void {
    this.#witnesses.hear(this.#crowd);
    this.#trackers.pass(seconds);
  }

  /** Much time passes: offers expire, peers that do not announce, connections that are silent. */
  #leap(): void {
    for (let half = 0; half < 2; half++) {
      this.#witnesses.hear(this.#crowd);
      this.#trackers.nowMilliseconds += 1000 * LEAP_SECONDS;
      this.#pass(TICKS_PER_ROUND);
      for (let index = 0; index < CROWD; index += 2)
        elementAt(this.#crowd, index).sendBytes(clientFrame(OPCODE_PONG, new Uint8Array(0)));
      this.#witnesses.renew(this.#crowd);
    }
  }

  /** The client's socket goes, and nothing is held for it any more. */
  #leave(client: TestClient): void {
    client.hangUp();
    client.drain();
    const { connection } = client;
    assert.equal(connection.reader.heldBytes, 0, "a reader keeps a buffer");
    assert.equal(connection.waitingBytes, 0, "bytes wait for a connection that has gone");
    assert.equal(connection.peers, 0, "a connection that has gone is in a torrent");
  }

  #expectNothingLeft(): void {
    const { trackers } = this.#trackers;
    for (const tracker of trackers) {
      assert.equal(tracker.tableEntries, 0, "entries of tables are left");
      assert.equal(tracker.needsFlush, false, "something is left to be sent");
    }
    for (const gauge of [columns.CONNECTIONS, columns.TORRENTS, columns.SEEDERS, columns.LEECHERS])
      assert.equal(this.#trackers.count(gauge), 0);
  }

  report(): FuzzReport {
    for (const client of this.#witnesses.end()) this.#leave(client);
    this.#trackers.settle();
    this.#expectNothingLeft();
    const count = (...of: readonly Column<"ws">[]) => this.#trackers.count(...of);
    return {
      workers: this.#trackers.trackers.length,
      mutatedMessages: this.frames.mutatedMessages,
      mutatedFrames: this.frames.mutatedFrames,
      proper: this.frames.proper,
      connections: count(columns.CONNECTIONS_OPENED),
      announces: count(...columns.ANNOUNCES),
      scrapes: count(...columns.SCRAPES),
      refused: count(...columns.REFUSALS),
      offersOut: count(...columns.OFFERS_SENT),
      answersOut: count(...columns.ANSWERS_SENT),
      errorsOut: count(...columns.ERRORS_SENT),
      closedForProtocol: count(columns.ENDED_PROTOCOL, columns.ENDED_TOO_LONG),
      closedForRate: count(columns.ENDED_RATE),
      closedForSlowness: count(columns.ENDED_SLOW),
      closedForSilence: count(columns.ENDED_IDLE),
      peersExpired: count(columns.PEERS_EXPIRED),
      ...this.#judged,
    };
  }
}

/** A reading that collects garbage first, without a flag on the command line. */
function collectedMemory(): MemoryReading {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  return () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const memoryBytes = collectedMemory();
  for (const workers of [1, 3]) {
    const report = fuzzTrackers(workers, Math.ceil(count / 2), seed, memoryBytes);
    console.log(JSON.stringify(report));
    console.log(`memory after all have left: ${(memoryBytes() / 2 ** 20).toFixed(1)} MiB`);
  }
}
