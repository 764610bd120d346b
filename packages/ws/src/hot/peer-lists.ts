/**
 * The list of each torrent's peers, leechers first, then seeders, so that either are a run and a change of role is one swap.
 * One peer alone stands in the torrent's record; up to four stand in the head of the list; of more the head has four trees of
 * nodes of eight, all equally deep, so that a place is found in log8 of the length and nothing is copied as a list grows.
 *
 * Owned by the worker; a part of `Peers`. Layout: peer-layout.ts.
 */
import {
  HEAD_COMPLETED,
  HEAD_DEPTH,
  HEAD_LEECHERS,
  HEAD_LENGTH,
  HEAD_ROOTS,
  HEAD_ROOTS_LENGTH,
  NODE_BITS,
  NODE_WORDS,
  PEER_POSITION,
  PEER_STATE,
  PEER_TORRENT,
  PEER_WORDS,
  STATE_COMPLETED,
  TORRENT_PEERS,
  TORRENT_WORDS,
} from "./peer-layout.ts";
import { RecordTable } from "./record-table.ts";

/** More nodes than one insertion takes: a head, a level, and a path down. */
export const NODES_PER_INSERTION = 14;

export class PeerLists {
  readonly nodes: RecordTable;
  private readonly torrents: RecordTable;
  private readonly peers: RecordTable;

  constructor(torrents: RecordTable, peers: RecordTable, nodesMax: number) {
    this.torrents = torrents;
    this.peers = peers;
    this.nodes = new RecordTable(NODE_WORDS, nodesMax);
  }

  private wordOf(torrent: number): number {
    return this.torrents.words[torrent * TORRENT_WORDS + TORRENT_PEERS];
  }

  /** How many peers a torrent has. */
  length(torrent: number): number {
    const list = this.wordOf(torrent);
    if (list <= 0) return list === 0 ? 0 : 1;
    return this.nodes.words[list * NODE_WORDS + HEAD_LENGTH];
  }

  /** How many of them are leechers: these have the positions from 0 on. */
  leechers(torrent: number): number {
    const list = this.wordOf(torrent);
    if (list <= 0) return list === 0 ? 0 : 1 - (~list & 1);
    return this.nodes.words[list * NODE_WORDS + HEAD_LEECHERS];
  }

  /** How many have completed the torrent while it had peers. */
  completed(torrent: number): number {
    const list = this.wordOf(torrent);
    if (list > 0) return this.nodes.words[list * NODE_WORDS + HEAD_COMPLETED];
    return list === 0 ? 0 : this.completedOf(~list >>> 1);
  }

  private completedOf(peer: number): number {
    return (this.peers.words[peer * PEER_WORDS + PEER_STATE] & STATE_COMPLETED) === 0 ? 0 : 1;
  }

  /** The peer at a position. */
  at(torrent: number, position: number): number {
    const list = this.wordOf(torrent);
    return list < 0 ? ~list >>> 1 : this.nodes.words[this.placeOf(list, position)];
  }

  isSeeder(peer: number): boolean {
    const { words } = this.peers;
    const list = this.wordOf(words[peer * PEER_WORDS + PEER_TORRENT]);
    if (list < 0) return (~list & 1) === 1;
    const leechers = this.nodes.words[list * NODE_WORDS + HEAD_LEECHERS];
    return words[peer * PEER_WORDS + PEER_POSITION] >= leechers;
  }

  /** Enters a peer into the list of its torrent. A second one needs up to NODES_PER_INSERTION free nodes. */
  insert(peer: number, isSeeder: boolean): void {
    const { words } = this.peers;
    const torrent = words[peer * PEER_WORDS + PEER_TORRENT];
    const list = this.wordOf(torrent);
    if (list === 0) {
      this.setLone(torrent, peer, isSeeder);
      return;
    }
    const head = list > 0 ? list : this.makeHead(torrent, ~list);
    const at = head * NODE_WORDS;
    const position = this.nodes.words[at + HEAD_LENGTH];
    this.placeAtEnd(head, position, peer);
    this.nodes.words[at + HEAD_LENGTH]++;
    words[peer * PEER_WORDS + PEER_POSITION] = position;
    if (isSeeder) return;
    this.swap(head, position, this.nodes.words[at + HEAD_LEECHERS]);
    this.nodes.words[at + HEAD_LEECHERS]++;
  }

  private setLone(torrent: number, peer: number, isSeeder: boolean): void {
    this.torrents.words[torrent * TORRENT_WORDS + TORRENT_PEERS] = ~(
      (peer << 1) |
      (isSeeder ? 1 : 0)
    );
    this.peers.words[peer * PEER_WORDS + PEER_POSITION] = 0;
  }

  /** A list for a torrent whose only peer was `lone`. */
  private makeHead(torrent: number, lone: number): number {
    const head = this.nodes.take();
    const { words } = this.nodes;
    const at = head * NODE_WORDS;
    words[at + HEAD_LENGTH] = 1;
    words[at + HEAD_LEECHERS] = 1 - (lone & 1);
    words[at + HEAD_COMPLETED] = this.completedOf(lone >>> 1);
    words[at + HEAD_ROOTS] = lone >>> 1;
    this.torrents.words[torrent * TORRENT_WORDS + TORRENT_PEERS] = head;
    return head;
  }

  /** Takes a peer out of the list of its torrent; the others keep their order but for two that move into gaps. */
  remove(peer: number): void {
    const { words } = this.peers;
    const torrent = words[peer * PEER_WORDS + PEER_TORRENT];
    const head = this.wordOf(torrent);
    if (head < 0) {
      this.torrents.words[torrent * TORRENT_WORDS + TORRENT_PEERS] = 0;
      return;
    }
    const at = head * NODE_WORDS;
    const nodes = this.nodes.words;
    if (!this.isSeeder(peer)) {
      nodes[at + HEAD_LEECHERS]--;
      this.swap(head, words[peer * PEER_WORDS + PEER_POSITION], nodes[at + HEAD_LEECHERS]);
    }
    const last = nodes[at + HEAD_LENGTH] - 1;
    this.swap(head, words[peer * PEER_WORDS + PEER_POSITION], last);
    this.clearEnd(head, last);
    nodes[at + HEAD_LENGTH] = last;
    this.lower(head);
    if (last > 1) return;
    if (last === 0) {
      this.torrents.words[torrent * TORRENT_WORDS + TORRENT_PEERS] = 0;
      this.nodes.give(head);
      return;
    }
    const lone = nodes[at + HEAD_ROOTS];
    // What others have completed would be forgotten with the head.
    if (nodes[at + HEAD_COMPLETED] !== this.completedOf(lone)) return;
    const isSeeder = nodes[at + HEAD_LEECHERS] === 0;
    this.nodes.give(head);
    this.setLone(torrent, lone, isSeeder);
  }

  /** Makes a leecher a seeder or the other way round. */
  changeRole(peer: number): void {
    const { words } = this.peers;
    const torrent = words[peer * PEER_WORDS + PEER_TORRENT];
    const head = this.wordOf(torrent);
    const wasSeeder = this.isSeeder(peer);
    if (head < 0) {
      this.setLone(torrent, peer, !wasSeeder);
      return;
    }
    const at = head * NODE_WORDS;
    const nodes = this.nodes.words;
    const position = words[peer * PEER_WORDS + PEER_POSITION];
    if (wasSeeder) {
      this.swap(head, position, nodes[at + HEAD_LEECHERS]);
      nodes[at + HEAD_LEECHERS]++;
    } else {
      nodes[at + HEAD_LEECHERS]--;
      this.swap(head, position, nodes[at + HEAD_LEECHERS]);
    }
  }

  /** Notes that a peer has completed its torrent; once for each peer. */
  complete(peer: number): void {
    const at = peer * PEER_WORDS;
    this.peers.words[at + PEER_STATE] |= STATE_COMPLETED;
    const list = this.wordOf(this.peers.words[at + PEER_TORRENT]);
    if (list > 0) this.nodes.words[list * NODE_WORDS + HEAD_COMPLETED]++;
  }

  private swap(head: number, one: number, other: number): void {
    if (one === other) return;
    const nodes = this.nodes.words;
    const { words } = this.peers;
    const oneAt = this.placeOf(head, one);
    const otherAt = this.placeOf(head, other);
    const moved = nodes[oneAt];
    nodes[oneAt] = nodes[otherAt];
    nodes[otherAt] = moved;
    words[nodes[oneAt] * PEER_WORDS + PEER_POSITION] = one;
    words[moved * PEER_WORDS + PEER_POSITION] = other;
  }

  /** The word of the nodes that holds the peer at a position. */
  private placeOf(head: number, position: number): number {
    const { words } = this.nodes;
    let at = head * NODE_WORDS + HEAD_ROOTS;
    let shift = NODE_BITS * words[head * NODE_WORDS + HEAD_DEPTH];
    at += position >>> shift;
    while (shift > 0) {
      shift -= NODE_BITS;
      at = words[at] * NODE_WORDS + ((position >>> shift) & (NODE_WORDS - 1));
    }
    return at;
  }

  /** Puts a peer at the position behind the last one. */
  private placeAtEnd(head: number, position: number, peer: number): void {
    const start = head * NODE_WORDS;
    if (position === HEAD_ROOTS_LENGTH << (NODE_BITS * this.nodes.words[start + HEAD_DEPTH]))
      this.raise(start);
    const { words } = this.nodes;
    let shift = NODE_BITS * words[start + HEAD_DEPTH];
    let at = start + HEAD_ROOTS + (position >>> shift);
    while (shift > 0) {
      if (words[at] === 0) words[at] = this.nodes.take();
      shift -= NODE_BITS;
      at = words[at] * NODE_WORDS + ((position >>> shift) & (NODE_WORDS - 1));
    }
    words[at] = peer;
  }

  /** Adds a level: what stood in the head moves into a node, which becomes the first root. */
  private raise(start: number): void {
    const node = this.nodes.take();
    const { words } = this.nodes;
    const roots = start + HEAD_ROOTS;
    for (let root = 0; root < HEAD_ROOTS_LENGTH; root++) {
      words[node * NODE_WORDS + root] = words[roots + root];
      words[roots + root] = 0;
    }
    words[roots] = node;
    words[start + HEAD_DEPTH]++;
  }

  /** Takes levels away that a list of this length does not need, once it is half as long as those below could hold. */
  private lower(head: number): void {
    const { words } = this.nodes;
    const start = head * NODE_WORDS;
    const roots = start + HEAD_ROOTS;
    for (;;) {
      const depth = words[start + HEAD_DEPTH];
      const below = (HEAD_ROOTS_LENGTH / 2) << (NODE_BITS * (depth - 1));
      if (depth === 0 || words[start + HEAD_LENGTH] > below) return;
      const node = words[roots];
      for (let root = 0; root < HEAD_ROOTS_LENGTH; root++)
        words[roots + root] = words[node * NODE_WORDS + root];
      this.nodes.give(node);
      words[start + HEAD_DEPTH] = depth - 1;
    }
  }

  /** Empties the last position, and frees the nodes that held nothing else. */
  private clearEnd(head: number, position: number): void {
    const { words } = this.nodes;
    let shift = NODE_BITS * words[head * NODE_WORDS + HEAD_DEPTH];
    let at = head * NODE_WORDS + HEAD_ROOTS + (position >>> shift);
    while (shift > 0) {
      // All below this place begins with the position: it is the only one there.
      if ((position & ((1 << shift) - 1)) === 0) {
        this.freePath(at, shift);
        return;
      }
      shift -= NODE_BITS;
      at = words[at] * NODE_WORDS + ((position >>> shift) & (NODE_WORDS - 1));
    }
    words[at] = 0;
  }

  /** Frees the node that a place names, and the first of each level below. */
  private freePath(at: number, shift: number): void {
    const { words } = this.nodes;
    let node = words[at];
    words[at] = 0;
    for (; shift > 0; shift -= NODE_BITS) {
      const below = words[node * NODE_WORDS];
      this.nodes.give(node);
      node = below;
    }
  }
}
