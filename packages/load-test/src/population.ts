/**
 * The torrents and peers of a load, the same in each run: a few torrents are very popular, the others alike. The weight of
 * torrent i of T with P peers is T/P + exp(6.5 - 500 i/T), as in aquatic's load tester.
 */
import { Random } from "./random.ts";

const INFO_HASH_BYTES = 20;
const SEED = 0x5eed;

/**
 * A peer's port tells its torrent, modulo this: so a list of peers shows that it is of another torrent. Seven of eight wrong
 * peers are found, and a torrent still has 8,191 ports for each address.
 */
export const PORT_CLASSES = 8;
const PORTS_EACH = 8191;

/** A port, never 0, for a peer of that torrent. */
export const drawPort = (torrent: number, random: Random): number =>
  PORT_CLASSES * (1 + random.below(PORTS_EACH)) + (torrent % PORT_CLASSES);

export class Population {
  readonly torrents: number;
  readonly peers: number;
  /** Torrent i's info hash is at i × 20. */
  readonly infoHashes: Uint8Array;
  /** The torrent of each peer. */
  readonly torrentOf: Uint32Array;
  /** The port of each peer: one of its torrent's. */
  readonly portOf: Uint16Array;
  readonly #random = new Random(SEED);
  // Walker's alias method: a torrent is drawn with two random numbers, however many there are.
  readonly #share: Float64Array;
  readonly #alias: Uint32Array;

  constructor(torrents: number, peers: number) {
    this.torrents = torrents;
    this.peers = peers;
    this.infoHashes = new Uint8Array(torrents * INFO_HASH_BYTES);
    const words = new Int32Array(this.infoHashes.buffer);
    for (let index = 0; index < words.length; index++) words[index] = this.#random.bits();
    this.#share = new Float64Array(torrents);
    this.#alias = new Uint32Array(torrents);
    this.#fillAliases();
    this.torrentOf = new Uint32Array(peers);
    this.portOf = new Uint16Array(peers);
    for (let peer = 0; peer < peers; peer++) {
      const torrent = this.drawTorrent(this.#random);
      this.torrentOf[peer] = torrent;
      this.portOf[peer] = drawPort(torrent, this.#random);
    }
  }

  /** A torrent, popular ones more often. */
  drawTorrent(random: Random): number {
    const index = random.below(this.torrents);
    return random.fraction() < (this.#share[index] ?? 0) ? index : (this.#alias[index] ?? 0);
  }

  #fillAliases(): void {
    const { torrents, peers } = this;
    const weights = Float64Array.from(
      { length: torrents },
      (_, index) => torrents / peers + Math.exp(6.5 - (500 * index) / torrents),
    );
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / torrents;
    const below: number[] = [];
    const above: number[] = [];
    weights.forEach((weight, index) => {
      this.#share[index] = weight / mean;
      this.#alias[index] = index;
      (weight < mean ? below : above).push(index);
    });
    // Each light torrent's place is filled up by a heavy one, which becomes lighter by that.
    for (let light = below.pop(); light !== undefined; light = below.pop()) {
      const heavy = above.at(-1);
      if (heavy === undefined) break;
      this.#alias[light] = heavy;
      const rest = (this.#share[heavy] ?? 0) - (1 - (this.#share[light] ?? 0));
      this.#share[heavy] = rest;
      if (rest >= 1) continue;
      above.pop();
      below.push(heavy);
    }
  }
}
