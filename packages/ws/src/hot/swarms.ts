/**
 * The swarms that this worker owns: which connections, of all workers, share which torrent; who is offered to whom;
 * which offers may still be answered.
 *
 * Called by the tracker for announces of its own connections and for those that came in a batch from another worker,
 * always in the order in which the connection's worker sent them. A peer is (connection, torrent, peer id). Two
 * connections may have peers of the same id: neither can touch the other's.
 *
 * The work of an announce is bounded by its offers, not by the swarm: a run of consecutive peers from a random place.
 */
import { EVENT_STOPPED } from "@swarmtide/bittorrent";
import type { CounterRow } from "@swarmtide/metrics";
import { AnnounceInterval } from "@swarmtide/swarm";
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { completes, isLoneAnswer, seedsAfter } from "./announced-state.ts";
import type { ClientLimits } from "./client-limits.ts";
import { MutableAddress } from "./connection-address.ts";
import type { AnnouncingConnection, ConnectionAddress, Delivery } from "./delivery.ts";
import { OfferIndex } from "./offer-index.ts";
import { Offering } from "./offering.ts";
import { Peers } from "./peers.ts";
import type { RandomWords } from "./random-words.ts";
import type { Remote } from "./remote.ts";
import { Replies } from "./replies.ts";
import { PEER_IDS_MAX, REPLY_LATER, REPLY_NOW, type SwarmLimits } from "./swarm-limits.ts";
import { Sweeper } from "./sweeper.ts";

/** Torrents looked at when a peer has to give way. */
const LONE_PROBES = 64;
/** One of so many parts of the memory is for offers that may still be answered. */
const OFFERS_PART = 4;

export class Swarms {
  readonly peers: Peers;
  readonly offers: OfferIndex;
  readonly sweeper: Sweeper;
  private readonly delivery: Delivery;
  private readonly limits: SwarmLimits;
  private readonly counters: CounterRow<"ws">;
  private readonly random: RandomWords;
  private readonly clientLimits: ClientLimits;
  private readonly replies: Replies;
  private readonly offering: Offering;
  /** Whose peer it is that joins or leaves. */
  private readonly changed = new MutableAddress();
  /** Peers of other nodes; undefined where the tracker is not in a cluster. */
  private remote: Remote | undefined = undefined;

  /** `workers` counts one more where there are peers of other nodes, see `Remote`. */
  constructor(
    workers: number,
    delivery: Delivery,
    limits: SwarmLimits,
    counters: CounterRow<"ws">,
    random: RandomWords,
    clientLimits: ClientLimits,
  ) {
    this.clientLimits = clientLimits;
    this.delivery = delivery;
    this.limits = limits;
    this.counters = counters;
    this.random = random;
    const interval = new AnnounceInterval(limits.intervalSeconds, random.word());
    const secret = random.word();
    const offersBytes = limits.memoryBytes / OFFERS_PART;
    this.peers = new Peers(secret, workers, limits.memoryBytes - offersBytes);
    this.offers = new OfferIndex(secret, this.peers, offersBytes);
    const { offers, peers } = this;
    this.replies = new Replies(peers, delivery, counters, interval);
    this.offering = new Offering(peers, offers, delivery, this.replies, counters, random, limits);
    this.sweeper = new Sweeper(this, limits, counters);
  }

  /** From now on there are peers of other nodes, and those hear of the peers here. */
  connect(remote: Remote): void {
    this.remote = remote;
    this.offering.remote = remote;
    this.sweeper.remote = remote;
    this.offers.held.remoteWorker = remote.worker;
  }

  /** Takes other times and limits into use; the memory stays. */
  configure({ intervalSeconds, offerAgeSeconds, peerAgeSeconds, peersPerConnection }: SwarmLimits) {
    const { limits } = this;
    limits.intervalSeconds = intervalSeconds;
    limits.offerAgeSeconds = offerAgeSeconds;
    limits.peerAgeSeconds = peerAgeSeconds;
    limits.peersPerConnection = peersPerConnection;
    this.replies.interval = new AnnounceInterval(intervalSeconds, this.random.word()); // hot-allow: on a reload
  }

  /** Records of all tables that grow with peers: none are left when everybody has gone. */
  get entries(): number {
    return this.peers.entries;
  }

  /**
   * Takes an announce: the peer's state, its offers, its answer, and the reply. `mayJoin` says whether the connection's worker
   * lets it have one more peer.
   */
  announce(
    from: AnnouncingConnection,
    request: protocol.RequestRecord,
    reply: number,
    mayJoin: boolean,
    nowSeconds: number,
  ): void {
    const { peers } = this;
    let torrent = peers.torrents.find(request.ids, protocol.INFO_HASH_AT);
    let peer = torrent === 0 ? 0 : peers.find(torrent, from, request);
    if (request.event === EVENT_STOPPED) {
      if (peer !== 0) this.leave(peer, true);
      peer = 0;
      torrent = peers.torrents.find(request.ids, protocol.INFO_HASH_AT);
    } else {
      const isRepeat = peer !== 0 && this.isRepeat(peer, from, request, nowSeconds);
      if (peer === 0) peer = this.enter(torrent, from, request, mayJoin, nowSeconds);
      else if (isRepeat) this.counters[columns.ANNOUNCE_REPEATS]++;
      else this.update(peer, from, request, nowSeconds);
      if (peer === 0) return;
      torrent = peers.torrentOf(peer);
      if (request.offers > 0 && !isRepeat)
        this.offering.passOffers(peer, torrent, request, nowSeconds);
      if (request.hasAnswer) this.offering.passAnswer(from, torrent, request, nowSeconds);
    }
    if (reply === REPLY_NOW) this.replies.reply(from, request, torrent);
    else if (reply === REPLY_LATER) this.replies.owe(peer);
  }

  private isRepeat(
    peer: number,
    from: AnnouncingConnection,
    request: protocol.RequestRecord,
    nowSeconds: number,
  ): boolean {
    const age = this.peers.ageOf(peer, nowSeconds);
    const wasSeeder = this.peers.lists.isSeeder(peer);
    return this.clientLimits.isRepeat(from.addressHash, request, age, wasSeeder);
  }

  /** Enters a peer, or refuses it and returns 0. */
  private enter(
    known: number,
    from: AnnouncingConnection,
    request: protocol.RequestRecord,
    mayJoin: boolean,
    nowSeconds: number,
  ): number {
    const { peers } = this;
    let torrent = known;
    if (torrent !== 0 && peers.siblings >= PEER_IDS_MAX) {
      this.counters[columns.PEERS_REPLACED]++;
      this.leave(peers.silent, true);
    } else {
      const here = peers.identities.peersOf(from.worker, from.connectionSlot);
      if (!mayJoin || here >= this.limits.peersPerConnection) {
        this.replies.refuse(from, request, protocol.REFUSED_TORRENTS, columns.REFUSED_TORRENTS_MAX);
        return 0;
      }
      const refusal = this.clientLimits.refusal(from.addressHash, torrent);
      if (refusal !== 0) {
        const isPeers = refusal === protocol.REFUSED_PEERS_OF_ADDRESS;
        const column = isPeers ? columns.LIMITED_PEERS : columns.LIMITED_TORRENTS;
        this.replies.refuse(from, request, refusal, column);
        return 0;
      }
    }
    if (!peers.hasRoom(torrent)) {
      const isMade = this.makeRoom(torrent);
      torrent = peers.torrents.find(request.ids, protocol.INFO_HASH_AT);
      if (!isMade || !peers.hasRoom(torrent)) {
        this.replies.refuse(from, request, protocol.REFUSED_FULL, columns.REFUSED_MEMORY);
        return 0;
      }
    }
    const peer = this.insert(torrent, from, request, seedsAfter(request, false), nowSeconds);
    this.delivery.changePeers(from, 1);
    this.remote?.tell(peer);
    return peer;
  }

  /** Enters a peer for which there is room into a torrent, or into a new one where that is 0. */
  insert(
    known: number,
    from: AnnouncingConnection,
    request: protocol.RequestRecord,
    isSeeder: boolean,
    nowSeconds: number,
  ): number {
    const { peers } = this;
    let torrent = known;
    if (torrent === 0) {
      torrent = peers.torrents.insert(request.ids, protocol.INFO_HASH_AT);
      this.counters[columns.TORRENTS]++;
    }
    const peer = peers.insert(torrent, from, request, isSeeder, nowSeconds);
    this.counters[isSeeder ? columns.SEEDERS : columns.LEECHERS]++;
    this.clientLimits.entered(from.worker, from.connectionSlot, from.addressHash, torrent);
    return peer;
  }

  /**
   * Makes room for one more peer in a torrent (0: a new one): those of torrents that nobody else is in give way, if some
   * are found among a few at random.
   */
  private makeRoom(torrent: number): boolean {
    const { peers } = this;
    const { table } = peers.torrents;
    for (let probe = 0; probe < LONE_PROBES && table.slots > 0; probe++) {
      const lone = 1 + this.random.below(table.slots);
      if (lone === torrent || peers.lists.length(lone) !== 1) continue;
      this.counters[columns.PEERS_GAVE_WAY]++;
      this.leave(peers.lists.at(lone, 0), true);
      if (peers.hasRoom(torrent)) return true;
    }
    return false;
  }

  /** Sends a connection the replies that are owed, as many as there is room for; whether that was all. */
  sendOwed(to: ConnectionAddress): boolean {
    return this.replies.sendOwed(to);
  }

  /** Brings a peer up to date; `completed` counts once, for a leecher that was here before. */
  private update(
    peer: number,
    from: AnnouncingConnection,
    request: protocol.RequestRecord,
    nowSeconds: number,
  ): void {
    const { lists } = this.peers;
    // An answer comes whenever somebody offers: it must not make a repeat of the next announce.
    const isLone = isLoneAnswer(request);
    if (!isLone || !this.clientLimits.measures(from.addressHash))
      this.peers.touch(peer, nowSeconds);
    const isSeeder = seedsAfter(request, lists.isSeeder(peer));
    const isChanged = this.setRole(peer, isSeeder);
    if (isChanged && completes(request) && !this.peers.hasCompleted(peer)) {
      lists.complete(peer);
      this.counters[columns.COMPLETED]++;
    }
    if (!isLone) this.remote?.tell(peer);
  }

  /** Whether that changes something. */
  setRole(peer: number, isSeeder: boolean): boolean {
    const { lists } = this.peers;
    if (lists.isSeeder(peer) === isSeeder) return false;
    lists.changeRole(peer);
    const step = isSeeder ? 1 : -1;
    this.counters[columns.SEEDERS] += step;
    this.counters[columns.LEECHERS] -= step;
    return true;
  }

  /** Takes a peer out; `tells` its connection's worker, unless the connection has gone. */
  leave(peer: number, tells: boolean): void {
    const { peers, remote } = this;
    const torrentsBefore = peers.torrents.table.length;
    const identitiesBefore = peers.identities.table.length;
    this.counters[peers.lists.isSeeder(peer) ? columns.SEEDERS : columns.LEECHERS]--;
    peers.readAddress(peer, this.changed);
    const { worker, connectionSlot } = this.changed;
    const isRemote = remote !== undefined && worker === remote.worker;
    if (tells && !isRemote) remote?.tellLeft(peer);
    this.clientLimits.left(worker, connectionSlot, peers.torrentOf(peer));
    peers.remove(peer);
    this.counters[columns.TORRENTS] += peers.torrents.table.length - torrentsBefore;
    if (isRemote) remote.left(connectionSlot, identitiesBefore - peers.identities.table.length);
    else if (tells) this.delivery.changePeers(this.changed, -1);
  }

  /** A connection has gone, and all of its peers with it. */
  leaveAll(worker: number, slot: number): void {
    const { peers, remote } = this;
    let peer = peers.firstOf(worker, slot);
    if (peer !== 0 && worker !== remote?.worker) remote?.tellGone(peer);
    for (; peer !== 0; peer = peers.firstOf(worker, slot)) this.leave(peer, false);
  }

  /** Writes complete, incomplete and downloaded of the info hash at `at` into `out`. */
  scrape(infoHashes: Uint8Array, at: number, out: Float64Array, outAt: number): void {
    const { torrents, lists } = this.peers;
    const torrent = torrents.find(infoHashes, at);
    const leechers = torrent === 0 ? 0 : lists.leechers(torrent);
    out[outAt] = torrent === 0 ? 0 : lists.length(torrent) - leechers;
    out[outAt + 1] = leechers;
    out[outAt + 2] = torrent === 0 ? 0 : lists.completed(torrent);
  }
}
