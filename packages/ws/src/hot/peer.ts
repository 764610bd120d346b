/**
 * A torrent's swarm and its peers, as the worker that owns the torrent keeps them.
 *
 * Made and changed by `Swarms` only. A peer costs about 200 bytes.
 */
import type { ConnectionAddress } from "./delivery.ts";
import type { IdWords } from "./id-words.ts";

/** What a swarm begins with; never changed. */
const NO_PEERS: Peer[] = [];

export class Swarm {
  readonly slot: number;
  readonly infoHash: IdWords;
  readonly hash: number;
  /** Leechers first, then seeders, so that either are a run and a change of role is one swap. */
  peers: Peer[] = NO_PEERS;
  leechers = 0;
  completed = 0;

  constructor(slot: number, infoHash: IdWords, hash: number) {
    this.slot = slot;
    this.infoHash = infoHash;
    this.hash = hash;
  }
}

export class Peer implements ConnectionAddress {
  readonly swarm: Swarm;
  readonly slot: number;
  readonly serial: number;
  readonly worker: number;
  readonly connectionSlot: number;
  readonly connectionSerial: number;
  readonly peerId: IdWords;
  position = 0;
  isSeeder = false;
  /** Whether it has been counted as one that completed the torrent. */
  hasCompleted = false;

  constructor(
    swarm: Swarm,
    slot: number,
    serial: number,
    address: ConnectionAddress,
    peerId: IdWords,
  ) {
    this.swarm = swarm;
    this.slot = slot;
    this.serial = serial;
    this.worker = address.worker;
    this.connectionSlot = address.connectionSlot;
    this.connectionSerial = address.connectionSerial;
    this.peerId = peerId;
  }
}

/** Puts a new peer into its swarm, as the leecher or seeder that it says it is. */
export function insertPeer(peer: Peer): void {
  const { swarm } = peer;
  peer.position = swarm.peers.length;
  // A list of one is as long as it has to be; one that was pushed to has room for 17. Most swarms are small.
  if (peer.position === 0) swarm.peers = [peer];
  else swarm.peers.push(peer);
  if (peer.isSeeder) return;
  swapPeers(swarm, peer.position, swarm.leechers);
  swarm.leechers++;
}

/** Takes a peer out; the others keep their order but for two that move into gaps. */
export function removePeer(peer: Peer): void {
  const { swarm } = peer;
  if (!peer.isSeeder) {
    swarm.leechers--;
    swapPeers(swarm, peer.position, swarm.leechers);
  }
  swapPeers(swarm, peer.position, swarm.peers.length - 1);
  swarm.peers.pop();
}

/** Makes a leecher a seeder or the other way round. */
export function changeRole(peer: Peer): void {
  const { swarm } = peer;
  if (peer.isSeeder) {
    swapPeers(swarm, peer.position, swarm.leechers);
    swarm.leechers++;
  } else {
    swarm.leechers--;
    swapPeers(swarm, peer.position, swarm.leechers);
  }
  peer.isSeeder = !peer.isSeeder;
}

function swapPeers(swarm: Swarm, one: number, other: number): void {
  const peers = swarm.peers;
  const moved = peers[one];
  peers[one] = peers[other];
  peers[one].position = one;
  peers[other] = moved;
  moved.position = other;
}
