/**
 * Random histories of three nodes of a cluster: clients come, change, offer, answer and go; nodes restart; messages between nodes
 * are lost, refused, and come damaged or under another node's name. Nothing may throw, an answer reaches nobody but who
 * made the offer, all nodes count the same once everything arrives again, and nothing is left when all have gone.
 *
 * `node packages/ws/dist/testing/fuzz-nodes.js 1000000 [seed]`; the tests run some thousands of steps.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as columns from "../counters.ts";
import { RandomWords } from "../hot/random-words.ts";
import { elementAt } from "./element-at.ts";
import { nameOf, offerOf, type TestClient } from "./test-client.ts";
import { TestNodes } from "./test-nodes.ts";

const CROWD = 12;
const TORRENTS = ["film", "song", "book"];
/** After so many steps everything arrives again, and all is compared. */
const EPOCH_STEPS = 200;
const PEER_AGE_SECONDS = 20;
const SENT_KEPT = 200;

const CONFIG = {
  maxPeerAge: PEER_AGE_SECONDS,
  // None outlives a comparison.
  maxOfferAge: PEER_AGE_SECONDS,
  maxMessagesPerSecond: 0,
  maxConnectionIdle: 100_000,
  pingInterval: 90_000,
};

export interface NodesReport {
  comparisons: number;
  damaged: number;
  malformed: number;
  offers: number;
  answers: number;
  unknownOffers: number;
  unknownAnswers: number;
}

interface Actor {
  client: TestClient;
  readonly node: number;
  readonly peer: string;
  /** What it has said last of each torrent. */
  readonly left: Map<string, number>;
}

class NodesFuzzer {
  readonly #random: RandomWords;
  readonly #nodes: TestNodes;
  readonly #actors: Actor[] = [];
  /** Who has made which offer. */
  #makers = new Map<string, Actor>();
  #offers = 0;
  readonly report: NodesReport = {
    ...{ comparisons: 0, damaged: 0, malformed: 0, offers: 0, answers: 0 },
    ...{ unknownOffers: 0, unknownAnswers: 0 },
  };

  constructor(workers: readonly number[], seed: number) {
    this.#random = new RandomWords(Int32Array.of(seed, 2, 3, 4));
    this.#nodes = new TestNodes({ workers, config: CONFIG, memoryBytes: 2 ** 21 });
    for (let index = 0; index < CROWD; index++) {
      const node = index % workers.length;
      // Every fourth calls itself as another one does.
      const peer = index % 4 === 3 ? "same" : `p${index}`;
      this.#actors.push({ client: this.#connect(node), node, peer, left: new Map() });
    }
  }

  #connect(node: number): TestClient {
    const trackers = elementAt(this.#nodes.nodes, node);
    return trackers.connect(this.#random.below(trackers.trackers.length));
  }

  run(steps: number): void {
    for (let step = 1; step <= steps; step++) {
      this.#step();
      if (step % EPOCH_STEPS === 0 || step === steps) this.#compare();
    }
    for (const { client } of this.#actors) client.hangUp();
    this.#nodes.pass(2 * PEER_AGE_SECONDS);
    for (const node of this.#nodes.nodes)
      for (const tracker of node.trackers) assert.equal(tracker.tableEntries, 0);
    this.#count();
  }

  #step(): void {
    const nodes = this.#nodes;
    const chance = this.#random.below(100);
    const actor = elementAt(this.#actors, this.#random.below(CROWD));
    if (chance < 45) this.#announce(actor);
    else if (chance < 55) this.#stop(actor);
    else if (chance < 60) this.#comeBack(actor);
    else if (chance < 61) this.#restart(this.#random.below(nodes.nodes.length));
    else if (chance < 64) nodes.isCut = !nodes.isCut;
    else if (chance < 66) nodes.isFull = !nodes.isFull;
    else if (chance < 85) this.#damage();
    else nodes.settle();
    this.#readAll();
    if (nodes.sent.length > SENT_KEPT) nodes.sent.splice(0, nodes.sent.length - SENT_KEPT);
  }

  #announce(actor: Actor): void {
    const torrent = elementAt(TORRENTS, this.#random.below(TORRENTS.length));
    const left = this.#random.below(2);
    const offers = Array.from({ length: this.#random.below(4) }, () => {
      const name = `o${this.#offers++}`;
      this.#makers.set(name, actor);
      return offerOf(name);
    });
    actor.left.set(torrent, left);
    actor.client.announce({ torrent, peer: actor.peer, left, offers });
  }

  #stop(actor: Actor): void {
    const torrent = elementAt(TORRENTS, this.#random.below(TORRENTS.length));
    actor.left.delete(torrent);
    actor.client.announce({ torrent, peer: actor.peer, event: "stopped" });
  }

  #comeBack(actor: Actor): void {
    actor.client.hangUp();
    actor.left.clear();
    actor.client = this.#connect(actor.node);
  }

  #restart(node: number): void {
    this.#count(node);
    this.#nodes.start(node);
    for (const actor of this.#actors)
      if (actor.node === node) {
        actor.left.clear();
        actor.client = this.#connect(node);
      }
  }

  /** A message of before comes again: cut off, damaged, or under the name of another node or of none. */
  #damage(): void {
    const { sent, numbers } = this.#nodes;
    if (sent.length === 0) return;
    const random = this.#random;
    const message = elementAt(sent, random.below(sent.length));
    const bytes = message.bytes.slice(0, 1 + random.below(message.bytes.length));
    const whole = random.below(2) === 0 ? message.bytes.slice() : bytes;
    for (let change = random.below(4); change > 0; change--)
      whole[random.below(whole.length)] = random.below(256);
    const from = random.below(8) === 0 ? 999_999 : elementAt(numbers, random.below(numbers.length));
    this.report.damaged++;
    this.#nodes.deliver({ ...message, from, bytes: whole });
  }

  /** Every client reads what has come, and answers most offers. */
  #readAll(): void {
    for (const trackers of this.#nodes.nodes) trackers.settle();
    for (const actor of this.#actors)
      for (const message of actor.client.take())
        if (message.kind === "offer") {
          this.report.offers++;
          if (this.#random.below(4) > 0 && TORRENTS.includes(nameOf(message.infoHash)))
            if (actor.left.has(nameOf(message.infoHash))) actor.client.answer(actor.peer, message);
        } else if (message.kind === "answer") {
          this.report.answers++;
          const name = nameOf(message.offerId);
          assert.ok(this.#makers.get(name) === actor, `the answer to ${name} went astray`);
        }
  }

  /** Lets everything arrive, has what nobody renews expire, and compares what the nodes count. */
  #compare(): void {
    const nodes = this.#nodes;
    nodes.isCut = false;
    nodes.isFull = false;
    for (let round = 0; round < 3; round++) {
      for (const { client, left, peer } of this.#actors)
        for (const [torrent, rest] of left) client.announce({ torrent, peer, left: rest });
      nodes.settle();
      if (round < 2) nodes.pass(PEER_AGE_SECONDS / 2 + 5);
    }
    for (const torrent of TORRENTS) {
      const lefts = this.#actors.flatMap(({ left }) => left.get(torrent) ?? []);
      const seeders = lefts.filter((rest) => rest === 0).length;
      const wanted = `${torrent} ${seeders}/${lefts.length - seeders}/`;
      for (const actor of this.#actors) {
        actor.client.take();
        actor.client.scrape(torrent);
        nodes.settle();
        const [counts] = actor.client.take("scrape");
        assert.ok(counts?.kind === "scrape");
        const [file] = counts.files;
        assert.equal(`${torrent} ${file?.complete}/${file?.incomplete}/`, wanted);
        this.report.comparisons++;
      }
    }
    this.#makers = new Map();
  }

  /** Adds what the nodes have counted, or one that ends. */
  #count(of?: number): void {
    const { report } = this;
    for (const [index, node] of this.#nodes.nodes.entries()) {
      if (of !== undefined && index !== of) continue;
      report.malformed += node.count(columns.REMOTE_MALFORMED);
      report.unknownOffers += node.count(columns.REMOTE_OFFERS_UNKNOWN);
      report.unknownAnswers += node.count(columns.REMOTE_ANSWERS_UNKNOWN);
    }
  }
}

export function fuzzNodes(workers: readonly number[], steps: number, seed: number): NodesReport {
  const fuzzer = new NodesFuzzer(workers, seed);
  fuzzer.run(steps);
  return fuzzer.report;
}

const [, script, steps, seed] = process.argv;
if (script === fileURLToPath(import.meta.url))
  for (const workers of [
    [1, 1, 1],
    [2, 3, 1],
  ])
    console.log(JSON.stringify(fuzzNodes(workers, Number(steps) / 2, Number(seed ?? Date.now()))));
