/**
 * The peers of a worker's torrents by what they call themselves: to whom an answer is for. Nobody owns a peer id, so
 * several connections may use one in the same torrent; they form a list behind one entry of the index. Were each an entry
 * of its own, thousands of connections under one id would make every announce and every end of theirs a walk over all
 * (17 µs for 20,000 of them, 1 µs with the list).
 *
 * Owned by the worker that owns the torrents; a part of `Swarms`.
 */
import { HashIndex, mixWord } from "./hash-index.ts";
import { hashId } from "./id-words.ts";
import type { Peer, Swarm } from "./peer.ts";

export class PeersById {
  private readonly secret: number;
  /** All peers of the worker, by slot. */
  private readonly peers: readonly (Peer | undefined)[];
  private readonly index = new HashIndex();

  constructor(secret: number, peers: readonly (Peer | undefined)[]) {
    this.secret = secret;
    this.peers = peers;
  }

  /** Ids in use, each once for each torrent. */
  get length(): number {
    return this.index.length;
  }

  /** The first peer in the swarm that uses the 20 bytes at `at` as its id; `sameIdNext` leads to the others. */
  first(swarm: Swarm, ids: Uint8Array, at: number): Peer | undefined {
    const { index, peers } = this;
    const hash = hashId(mixWord(this.secret, swarm.slot), ids, at);
    for (let place = index.first(hash); place >= 0; place = index.next(hash, place)) {
      const peer = peers[index.numberAt(place)];
      if (peer !== undefined && peer.swarm === swarm && peer.peerId.equals(ids, at)) return peer;
    }
    return undefined;
  }

  /** Enters a peer whose id stands at `at`. */
  insert(peer: Peer, ids: Uint8Array, at: number): void {
    const first = this.first(peer.swarm, ids, at);
    if (first === undefined) {
      this.index.insert(this.hashOf(peer), peer.slot);
      return;
    }
    const second = first.sameIdNext;
    peer.sameIdBefore = first;
    peer.sameIdNext = second;
    first.sameIdNext = peer;
    if (second !== undefined) second.sameIdBefore = peer;
  }

  remove(peer: Peer): void {
    const before = peer.sameIdBefore;
    const next = peer.sameIdNext;
    if (next !== undefined) next.sameIdBefore = before;
    if (before !== undefined) before.sameIdNext = next;
    else if (next === undefined) this.index.remove(this.hashOf(peer), peer.slot);
    else this.index.replace(this.hashOf(peer), peer.slot, next.slot);
  }

  private hashOf(peer: Peer): number {
    return peer.peerId.hash(mixWord(this.secret, peer.swarm.slot));
  }
}
