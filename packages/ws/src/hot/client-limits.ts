/**
 * What the section [limits] lets the clients of one address do over WebTorrent. Made by the worker's tracker, one per worker;
 * asked by its request handler and, for the torrents it owns, by its swarms.
 *
 * A connection's address becomes one keyed hash, the same in all workers, which travels with its announces; 0 stands for an
 * address without limits: one of `exempt` when the connection came, or one that nobody knows. An IPv6 address counts as its
 * /64. Peers are counted where the torrent's owner enters and removes them, in two sketches of fixed size: by address, shared
 * by all workers, and by address and torrent, the worker's own. A key adds to two cells of a line of sixteen; the smaller
 * one, less what strangers add on average, is the estimate (docs/decisions/0007-limits.md).
 *
 * | words of a sketch  | meaning                         |
 * |--------------------|---------------------------------|
 * | 0                  | peers counted                   |
 * | 16..16 + 65,536    | 4,096 lines of 16 cells         |
 *
 * Example: a peer whose key is 0x30500007 adds to cells 3 and 9 of line 7, words 16 + 7 * 16 + 3 and + 9.
 */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import type { Column, RefusalWriter } from "@swarmtide/metrics";
import type { Admission, LimitsConfig, SwarmStore } from "@swarmtide/swarm";
import {
  REFUSED_PEERS_OF_ADDRESS,
  REFUSED_TORRENTS_OF_ADDRESS,
  type RequestRecord,
} from "@swarmtide/ws-protocol";
import { isLoneAnswer, seedsAfter } from "./announced-state.ts";
import { mixWord } from "./id-words.ts";

const LINE_CELLS = 16;
const LINES = 4096;
/** 256 KiB. */
export const SKETCH_WORDS: number = LINE_CELLS + LINES * LINE_CELLS;

/** Words for each connection: four of its address, and its family; 0 where the address is not known. */
const CLIENT_WORDS = 5;
const FAMILY_WORD = 4;
const CLIENTS_MIN = 64;

/** Who is at the other end of a connection. */
export interface ClientAddress {
  /** In network order, read as words of this machine; the first alone for family 4. */
  readonly words: Int32Array;
  readonly family: 4 | 6;
}

export interface ClientLimitsOptions {
  /** Which addresses are served. */
  readonly admission: Admission;
  readonly workers: number;
  /** A random number that all workers share. */
  readonly secret: number;
  /** Undefined for no limits. */
  readonly config: LimitsConfig | undefined;
  /** The swarms of UDP and HTTP, which know who is exempt and count scrapes for all protocols. */
  readonly store: SwarmStore | undefined;
  /** The sketch by address, shared by all workers. */
  readonly peersByAddress: SharedArrayBuffer;
}

export class ClientLimits {
  /** A peer that announces again after fewer seconds gets counts alone; 0 for no such limit. */
  minAnnounceSeconds = 0;
  private peersMax = 0;
  private torrentsMax = 0;
  private readonly admission: Admission;
  private readonly secret: number;
  private readonly store: SwarmStore | undefined;
  private readonly isOff: boolean;
  /** CLIENT_WORDS for each connection of this worker, by slot. */
  private clients: Int32Array = new Int32Array(CLIENTS_MIN * CLIENT_WORDS);
  /** For each worker the hashes of its connections, by slot, as far as they have peers here. */
  private readonly hashes: Int32Array[] = [];
  private readonly ofAddresses: Int32Array;
  private readonly ofTorrents = new Int32Array(SKETCH_WORDS);

  constructor(options: ClientLimitsOptions) {
    this.admission = options.admission;
    this.secret = options.secret;
    this.store = options.store;
    this.isOff = options.config === undefined || options.store === undefined;
    this.ofAddresses = new Int32Array(options.peersByAddress);
    for (let worker = 0; worker < options.workers; worker++)
      this.hashes.push(new Int32Array(CLIENTS_MIN));
    this.configure(options.config);
  }

  /** Takes other limits into use; whether an address is exempt was decided when its connections came. */
  configure(config: LimitsConfig | undefined): void {
    if (config === undefined) return;
    this.minAnnounceSeconds = config.minAnnounceInterval;
    this.peersMax = config.maxPeersPerAddress;
    this.torrentsMax = config.maxTorrentsPerAddress;
  }

  /** Notes who has come to the slot; returns the hash that the connection announces with. */
  open(slot: number, client: ClientAddress | undefined): number {
    const at = slot * CLIENT_WORDS;
    if (at + CLIENT_WORDS > this.clients.length) this.clients = doubled(this.clients, at);
    const { clients, store } = this;
    clients[at + FAMILY_WORD] = 0;
    if (client === undefined) return 0;
    const { words, family } = client;
    for (let word = 0; word < 4; word++) clients[at + word] = words[word];
    clients[at + FAMILY_WORD] = family;
    if (this.isOff || store === undefined) return 0;
    if (store.limits.isExemptAddress(clients, at, family)) return 0;
    const hash = mixWord(mixWord(this.secret, family), words[0]);
    return (family === 6 ? mixWord(hash, words[1]) : hash) || 1;
  }

  /** Whether the address of the connection at the slot is served. */
  admits(slot: number): boolean {
    const at = slot * CLIENT_WORDS;
    const family = this.clients[at + FAMILY_WORD];
    return family === 0 || this.admission.admitsAddress(this.clients, at, family === 6 ? 6 : 4);
  }

  /** Counts a scrape of the connection at the slot, with those over UDP and HTTP; false where it is one too many. */
  allowsScrape(slot: number): boolean {
    const at = slot * CLIENT_WORDS;
    const family = this.clients[at + FAMILY_WORD];
    if (this.isOff || this.store === undefined || family === 0) return true;
    return this.store.scrapeRate.allows(this.clients, at, family === 6 ? 6 : 4);
  }

  /** Notes for the log that the client at the slot was refused; false where nobody knows its address. */
  noteRefusal(
    refusals: RefusalWriter<"ws">,
    column: Column<"ws">,
    status: number,
    slot: number,
  ): boolean {
    const at = slot * CLIENT_WORDS;
    const family = this.clients[at + FAMILY_WORD];
    if (family === 0) return false;
    refusals.note(column, status, this.clients, at, family === 6 ? 6 : 4);
    return true;
  }

  /** Whether the times between announces of an address's peers count. */
  measures(hash: number): boolean {
    return hash !== 0 && this.minAnnounceSeconds > 0;
  }

  /**
   * Whether a peer that announced so many seconds ago announces again too early, without an event and in the same role. What
   * only brings an answer is not a repeat: it answers somebody else's offer.
   */
  isRepeat(hash: number, request: RequestRecord, ageSeconds: number, wasSeeder: boolean): boolean {
    if (!this.measures(hash) || ageSeconds >= this.minAnnounceSeconds) return false;
    if (request.event !== EVENT_NONE || isLoneAnswer(request)) return false;
    return seedsAfter(request, wasSeeder) === wasSeeder;
  }

  /** 0, or why an address may not have one more peer in the torrent (0: a new one). */
  refusal(hash: number, torrent: number): number {
    if (hash === 0) return 0;
    if (this.peersMax > 0 && torrent !== 0) {
      if (estimate(this.ofTorrents, mixWord(hash, torrent)) >= this.peersMax)
        return REFUSED_PEERS_OF_ADDRESS;
    }
    if (this.torrentsMax > 0 && estimate(this.ofAddresses, hash) >= this.torrentsMax)
      return REFUSED_TORRENTS_OF_ADDRESS;
    return 0;
  }

  /** A peer has entered a torrent, over the connection of a worker. */
  entered(worker: number, slot: number, hash: number, torrent: number): void {
    if (slot >= this.hashes[worker].length)
      this.hashes[worker] = doubled(this.hashes[worker], slot);
    this.hashes[worker][slot] = hash;
    this.count(hash, torrent, 1);
  }

  /** One of its peers has left. */
  left(worker: number, slot: number, torrent: number): void {
    this.count(this.hashes[worker][slot], torrent, -1);
  }

  /** Cells of both sketches that count something, for tests: none when everybody has gone. */
  get countedCells(): number {
    let cells = 0;
    for (let cell = 0; cell < SKETCH_WORDS; cell++) {
      if (this.ofAddresses[cell] !== 0) cells++;
      if (this.ofTorrents[cell] !== 0) cells++;
    }
    return cells;
  }

  private count(hash: number, torrent: number, by: number): void {
    if (hash === 0) return;
    const { ofAddresses, ofTorrents } = this;
    Atomics.add(ofAddresses, 0, by);
    Atomics.add(ofAddresses, firstCell(hash), by);
    Atomics.add(ofAddresses, secondCell(hash), by);
    const pair = mixWord(hash, torrent);
    ofTorrents[0] += by;
    ofTorrents[firstCell(pair)] += by;
    ofTorrents[secondCell(pair)] += by;
  }
}

function lineOf(key: number): number {
  return LINE_CELLS + (key & (LINES - 1)) * LINE_CELLS;
}

function firstCell(key: number): number {
  return lineOf(key) + (key >>> 28);
}

function secondCell(key: number): number {
  const step = 1 + (((key >>> 20) & 0xff) % (LINE_CELLS - 1));
  return lineOf(key) + (((key >>> 28) + step) & (LINE_CELLS - 1));
}

/** Peers counted under a key, rather too few than too many. */
function estimate(cells: Int32Array, key: number): number {
  const one = cells[firstCell(key)];
  const other = cells[secondCell(key)];
  const strangers = Math.floor((2 * cells[0]) / (LINES * LINE_CELLS));
  return (one < other ? one : other) - strangers;
}

/** A copy with twice the room that word `at` needs. */
function doubled(words: Int32Array, at: number): Int32Array {
  const larger = new Int32Array(2 * (at + CLIENT_WORDS)); // hot-allow: as connections double
  larger.set(words);
  return larger;
}
