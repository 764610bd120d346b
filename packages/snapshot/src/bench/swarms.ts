/** Swarms for the bench: as many torrents of one peer as public trackers have, some of a hundred, few of ten thousand. */
import { ANNOUNCE_SEEDER, Announce, type SwarmStore } from "@swarmtide/swarm";

/** At scale 1: torrents with so many peers each, 5 million torrents with 10 million peers. */
const SIZES: readonly (readonly [torrents: number, peers: number])[] = [
  [4_000_000, 1],
  [990_000, 4],
  [9_900, 100],
  [100, 10_500],
];

/** Buckets of a microsecond for the announces of each phase, the last one for all that took longer. */
export const BUCKETS = 4096;

/** The info hash of a numbered torrent. */
export function nameTorrent(infoHash: Int32Array, torrent: number): void {
  for (let i = 0; i < 5; i++) infoHash[i] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * i) ^ (i << 24);
}

/** Address and port of a numbered peer. Torrents of one peer have the peer behind their own number. */
export function namePeer(announce: Announce, address: Int32Array, peer: number): void {
  address[0] = Math.imul(peer, 0x85ebca6b);
  announce.port = peer & 0xffff;
}

/** Fills a store; returns how many torrents of one peer it has, which come first. */
export function fillStore(store: SwarmStore, scale: number): number {
  const infoHash = new Int32Array(5);
  const address = new Int32Array(1);
  const announce = new Announce(infoHash, address, new Uint16Array(0));
  announce.hasEvent = true;
  let torrent = 0;
  let peer = 1;
  for (const [torrents, peers] of SIZES)
    for (let i = 0; i < torrents * scale; i++) {
      nameTorrent(infoHash, torrent++);
      for (let j = 0; j < peers; j++) {
        namePeer(announce, address, peer++);
        announce.flags = j % 3 === 0 ? ANNOUNCE_SEEDER : 0;
        store.announce(announce);
      }
    }
  return 4_000_000 * scale;
}
