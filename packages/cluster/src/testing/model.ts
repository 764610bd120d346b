/**
 * Random histories of a cluster against a single store:
 *
 *   node packages/cluster/dist/testing/model.js RUNS SEED
 *
 * Peers announce, complete and stop at random nodes, while nodes are cut off, frozen, restarted and lose messages. Then all is
 * connected again. Within a minute each node knows every peer that is left, out of the streams of what it missed, unless a node was
 * restarted, which may take with it what others missed. Then every peer
 * announces as clients do, somewhere, until whoever does not has expired. From then on each node must answer what one store would
 * that was told every announce: the same peers in each role. Where nothing was disturbed completed counts are the same, too.
 * A failure prints its seed.
 */
import { pathToFileURL } from "node:url";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  SwarmCleaning,
} from "@swarmtide/swarm";
import { FakeBroker } from "./fake-bus.ts";
import { TestCluster } from "./test-cluster.ts";
import { TestNode } from "./test-node.ts";

const TORRENTS = 6;
const PEERS = 40;
const NAMES = ["a", "b", "c"];
const HISTORY_STEPS = 120;
const STEP_MILLISECONDS = 250;
const AGE_SECONDS_MAX = 240;
const INTERVAL_SECONDS = 60;
const STREAMS_MILLISECONDS = 60_000;

interface ModelPeer {
  readonly torrent: number;
  readonly peer: number;
  seeder: boolean;
}

interface Counts {
  readonly peers: number;
  readonly seeders: number;
}

class History {
  readonly #cluster: TestCluster;
  readonly #below: (end: number) => number;
  /** By torrent and peer: what a single store would hold. */
  readonly #peers = new Map<number, ModelPeer>();
  readonly #nodes = new Map<string, TestNode>();
  readonly #cutOff = new Set<string>();
  /** The one store that is told everything. */
  readonly #single: TestNode;
  readonly #isDisturbed: boolean;
  readonly #restarts: boolean;
  /** Those of this step: one client is not at two nodes at once. */
  readonly #announced = new Set<number>();
  restarts = 0;
  partitions = 0;

  constructor(seed: number, isDisturbed: boolean, restarts: boolean) {
    this.#isDisturbed = isDisturbed;
    this.#restarts = restarts;
    this.#cluster = new TestCluster(seed);
    const { clock, random } = this.#cluster;
    this.#single = new TestNode({ name: "single", broker: new FakeBroker(), clock, random });
    this.#below = (end) => Math.floor(this.#cluster.random() * end);
    for (const name of NAMES) this.#start(name);
    this.#cluster.settle();
  }

  run(): void {
    for (let step = 0; step < HISTORY_STEPS; step++) {
      this.#announced.clear();
      for (let i = this.#below(8); i > 0; i--) this.#announce();
      if (this.#isDisturbed) this.#disturb();
      this.#cluster.pass(STEP_MILLISECONDS);
    }
    this.#connectAll();
    this.#cluster.pass(this.#isDisturbed ? STREAMS_MILLISECONDS : STEP_MILLISECONDS);
    // Of two announces within one tick of the store's clock a stream does not tell the younger: roles may still differ.
    if (this.restarts === 0) this.#check((found, expected) => found.peers >= expected.peers);
    this.#announceAll();
    this.#check(
      (found, expected) => found.peers === expected.peers && found.seeders === expected.seeders,
    );
    if (!this.#isDisturbed) this.#checkCompleted();
  }

  #start(name: string): void {
    this.#nodes.set(name, this.#cluster.start(name, { peerAgeSecondsMax: AGE_SECONDS_MAX }));
  }

  #nodeAt(index: number): TestNode {
    const node = this.#nodes.get(NAMES[index] ?? "");
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  #announce(): void {
    const torrent = this.#below(TORRENTS);
    const peer = this.#below(PEERS);
    const key = torrent * PEERS + peer;
    if (this.#announced.has(key)) return;
    this.#announced.add(key);
    const node = this.#nodeAt(this.#below(NAMES.length));
    const known = this.#peers.get(key);
    const chance = this.#below(10);
    if (chance === 0) {
      node.announce(torrent, peer, ANNOUNCE_STOPPED);
      this.#single.announce(torrent, peer, ANNOUNCE_STOPPED);
      this.#peers.delete(key);
    } else if (chance === 1 && known !== undefined) {
      node.announce(torrent, peer, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
      this.#single.announce(torrent, peer, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
      known.seeder = true;
    } else {
      const seeder = known?.seeder ?? chance === 2;
      node.announce(torrent, peer, seeder ? ANNOUNCE_SEEDER : 0);
      this.#single.announce(torrent, peer, seeder ? ANNOUNCE_SEEDER : 0);
      this.#peers.set(key, { torrent, peer, seeder });
    }
  }

  #disturb(): void {
    const name = NAMES[this.#below(NAMES.length)] ?? "";
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    const chance = this.#below(60);
    if (chance < 4 && !this.#cutOff.has(name)) {
      this.#cluster.cutOff(node);
      this.#cutOff.add(name);
      this.partitions++;
    } else if (chance < 10 && this.#cutOff.has(name)) this.#connect(name, node);
    else if (chance === 10 && this.#restarts && this.#cutOff.size === 0) {
      this.#cluster.end(node, this.#below(2) === 0);
      this.#start(name);
      this.restarts++;
    } else if (chance === 11) this.#cluster.broker.loses = () => this.#below(10) === 0;
    else if (chance === 12) this.#cluster.broker.loses = () => false;
  }

  #connect(name: string, node: TestNode): void {
    this.#cluster.connect(node);
    this.#cutOff.delete(name);
  }

  #connectAll(): void {
    this.#cluster.broker.loses = () => false;
    for (const [name, node] of this.#nodes) if (this.#cutOff.has(name)) this.#connect(name, node);
  }

  /** One announce interval after the other, until what nobody announces has expired. */
  #announceAll(): void {
    for (
      let seconds = 0;
      seconds < AGE_SECONDS_MAX + 2 * INTERVAL_SECONDS;
      seconds += INTERVAL_SECONDS
    ) {
      for (const { torrent, peer, seeder } of this.#peers.values())
        this.#nodeAt(this.#below(NAMES.length)).announce(
          torrent,
          peer,
          seeder ? ANNOUNCE_SEEDER : 0,
        );
      this.#cluster.pass(INTERVAL_SECONDS * 1000);
    }
    for (const { store } of this.#nodes.values()) {
      const nowSeconds = this.#cluster.clock.nowSeconds();
      const cleaning = new SwarmCleaning(store, { nowSeconds, peerAgeSecondsMax: AGE_SECONDS_MAX });
      while (cleaning.step());
    }
  }

  #check(fits: (found: Counts, expected: Counts) => boolean): void {
    for (const node of this.#nodes.values())
      for (let torrent = 0; torrent < TORRENTS; torrent++) {
        const all = [...this.#peers.values()].filter((one) => one.torrent === torrent);
        const seeders = all.filter(({ seeder }) => seeder).length;
        const scraped = node.scrape(torrent);
        const found = { peers: scraped.seeders + scraped.leechers, seeders: scraped.seeders };
        if (!fits(found, { peers: all.length, seeders }))
          throw new Error(
            `node ${node.name}, torrent ${torrent}: ${found.peers} peers, ${found.seeders} of them seeders; expected ${all.length} and ${seeders}`,
          );
      }
  }

  #checkCompleted(): void {
    for (const node of this.#nodes.values())
      for (let torrent = 0; torrent < TORRENTS; torrent++) {
        const { completed } = node.scrape(torrent);
        const expected = this.#single.scrape(torrent).completed;
        if (completed !== expected)
          throw new Error(
            `node ${node.name}, torrent ${torrent}: completed ${completed} times; expected ${expected}`,
          );
      }
  }
}

export interface ModelReport {
  readonly restarts: number;
  readonly partitions: number;
}

/** So many histories, of which every fourth is not disturbed. Throws where a node answers otherwise than one store would. */
export function runModel(runs: number, firstSeed: number): ModelReport {
  let restarts = 0;
  let partitions = 0;
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const history = new History(seed, seed % 4 !== 0, seed % 2 !== 0);
    try {
      history.run();
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    restarts += history.restarts;
    partitions += history.partitions;
  }
  return { restarts, partitions };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const runs = Number(process.argv[2] ?? 100);
  const { restarts, partitions } = runModel(runs, Number(process.argv[3] ?? 1));
  console.log(
    `${runs} histories with ${partitions} partitions and ${restarts} restarts: every node answers as one store`,
  );
}
