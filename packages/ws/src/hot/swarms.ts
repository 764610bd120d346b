/**
 * The swarms that this worker owns: which connections, of all workers, share which torrent; who is offered to whom;
 * which offers may still be answered.
 *
 * Called by the tracker for announces of its own connections and for those that came in a batch from another worker,
 * always in the order in which the connection's worker sent them. A peer is (connection, torrent); its peer id is
 * what it tells others. Two connections may have peers of the same id: neither can touch the other's.
 *
 * The work of an announce is bounded by its offers, not by the swarm: a run of consecutive peers from a random place.
 */
import { EVENT_COMPLETED, EVENT_STOPPED } from "@swarmtide/bittorrent";
import type { CounterRow } from "@swarmtide/metrics";
import {
  ACTION_IS_ANNOUNCE,
  ANSWER_OFFER_ID_AT,
  announceReplyBytes,
  answerBytes,
  failureBytes,
  frameHeaderBytes,
  ID_BYTES,
  INFO_HASH_AT,
  LEFT_NOTHING,
  LEFT_SOMETHING,
  offerBytes,
  PEER_ID_AT,
  prepareOffers,
  REFUSED_ANSWER,
  type RequestRecord,
  TO_PEER_ID_AT,
  writeAnnounceReply,
  writeAnswer,
  writeFailure,
  writeOffer,
} from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import type { ConnectionAddress, Delivery } from "./delivery.ts";
import { FRAME_IS_ANSWER, FRAME_IS_ERROR, FRAME_IS_OFFER, FRAME_IS_REPLY } from "./frame-kinds.ts";
import { HashIndex } from "./hash-index.ts";
import { hashId, IdWords } from "./id-words.ts";
import { OfferIndex } from "./offer-index.ts";
import { changeRole, insertPeer, Peer, removePeer, Swarm } from "./peer.ts";
import type { RandomWords } from "./random-words.ts";

/** Peers looked at for one announce beyond the offers it makes: those that are too slow or are the sender itself. */
const PROBES_SPARE = 8;
/** The share of the interval by which a reply may differ, either way. */
const INTERVAL_JITTER = 0.1;

/** What the swarms need to know of the configuration. */
export interface SwarmLimits {
  intervalSeconds: number;
  offerAgeSeconds: number;
  /** Memory for offers that may still be answered. */
  readonly offerMemoryBytes: number;
}

/** No membership: an announce of `stopped` by a connection that is not in the torrent. */
export const NO_MEMBERSHIP = -1;

export class Swarms {
  private readonly delivery: Delivery;
  /** A reload writes the times. */
  readonly limits: SwarmLimits;
  private readonly counters: CounterRow<"ws">;
  private readonly random: RandomWords;
  private readonly secret: number;
  private readonly swarms: (Swarm | undefined)[] = [];
  private readonly freeSwarms: number[] = [];
  private readonly swarmsByInfoHash = new HashIndex();
  private readonly peers: (Peer | undefined)[] = [];
  private readonly freePeers: number[] = [];
  private readonly offers: OfferIndex;
  /** For each worker, its peers here by the slot that the membership has there. */
  private readonly peersOfWorker: (Peer | undefined)[][] = [];
  /** The id of the offer that is being passed on. */
  private readonly offerId = new Uint8Array(ID_BYTES);
  private lastSerial = 0;

  constructor(
    workers: number,
    delivery: Delivery,
    limits: SwarmLimits,
    counters: CounterRow<"ws">,
    random: RandomWords,
  ) {
    for (let worker = 0; worker < workers; worker++) this.peersOfWorker.push([]);
    this.delivery = delivery;
    this.limits = limits;
    this.counters = counters;
    this.random = random;
    this.secret = random.word();
    this.offers = new OfferIndex(this.secret, this.peers, limits.offerMemoryBytes);
  }

  /** Entries of all tables together: none are left when everybody has gone. */
  get entries(): number {
    const peers = this.peers.length - this.freePeers.length;
    const swarms = this.swarms.length - this.freeSwarms.length;
    return peers + swarms + this.swarmsByInfoHash.length;
  }

  /**
   * Takes an announce: the peer's state, its offers, its answer, and the reply where one is wanted. The membership's
   * slot is a number that the connection's worker uses for no other peer until it has said `leave`.
   */
  announce(
    from: ConnectionAddress,
    membershipSlot: number,
    request: RequestRecord,
    wantsReply: boolean,
    nowSeconds: number,
  ): void {
    const hash = hashId(this.secret, request.ids, INFO_HASH_AT);
    let swarm = this.findSwarm(hash, request.ids, INFO_HASH_AT);
    if (request.event === EVENT_STOPPED) {
      if (membershipSlot !== NO_MEMBERSHIP) this.leave(from.worker, membershipSlot);
    } else {
      if (swarm === undefined) swarm = this.insertSwarm(hash, request.ids);
      const peer = this.updatePeer(swarm, from, membershipSlot, request);
      if (request.offers > 0) this.passOffers(peer, request, nowSeconds);
      if (request.hasAnswer) this.passAnswer(peer, request, nowSeconds);
    }
    if (wantsReply) this.reply(from, request, swarm);
  }

  /** Removes the peer of a membership, if it is here. */
  leave(worker: number, membershipSlot: number): void {
    const peer = this.peersOfWorker[worker][membershipSlot];
    if (peer === undefined) return;
    this.peersOfWorker[worker][membershipSlot] = undefined;
    removePeer(peer);
    this.counters[peer.isSeeder ? columns.SEEDERS : columns.LEECHERS]--;
    this.peers[peer.slot] = undefined;
    this.freePeers.push(peer.slot);
    if (peer.swarm.peers.length === 0) this.removeSwarm(peer.swarm);
  }

  /** Whether the peer of a membership is the only one of its torrent. */
  isAlone(worker: number, membershipSlot: number): boolean {
    return this.peersOfWorker[worker][membershipSlot]?.swarm.peers.length === 1;
  }

  /** Writes complete, incomplete and downloaded of the info hash at `at` into `out`. */
  scrape(infoHashes: Uint8Array, at: number, out: Float64Array, outAt: number): void {
    const swarm = this.findSwarm(hashId(this.secret, infoHashes, at), infoHashes, at);
    out[outAt] = swarm === undefined ? 0 : swarm.peers.length - swarm.leechers;
    out[outAt + 1] = swarm === undefined ? 0 : swarm.leechers;
    out[outAt + 2] = swarm === undefined ? 0 : swarm.completed;
  }

  private findSwarm(hash: number, bytes: Uint8Array, at: number): Swarm | undefined {
    const index = this.swarmsByInfoHash;
    for (let place = index.first(hash); place >= 0; place = index.next(hash, place)) {
      const swarm = this.swarms[index.numberAt(place)];
      if (swarm?.infoHash.equals(bytes, at)) return swarm;
    }
    return undefined;
  }

  private insertSwarm(hash: number, ids: Uint8Array): Swarm {
    const slot = this.freeSwarms.pop() ?? this.swarms.length;
    const swarm = new Swarm(slot, new IdWords(ids, INFO_HASH_AT), hash);
    this.swarms[slot] = swarm;
    this.swarmsByInfoHash.insert(hash, slot);
    this.counters[columns.TORRENTS]++;
    return swarm;
  }

  private removeSwarm(swarm: Swarm): void {
    this.swarmsByInfoHash.remove(swarm.hash, swarm.slot);
    this.swarms[swarm.slot] = undefined;
    this.freeSwarms.push(swarm.slot);
    this.counters[columns.TORRENTS]--;
  }

  /** Enters the peer or brings it up to date; `completed` counts once, for a leecher that was here before. */
  private updatePeer(
    swarm: Swarm,
    from: ConnectionAddress,
    membershipSlot: number,
    request: RequestRecord,
  ): Peer {
    const known = this.peersOfWorker[from.worker][membershipSlot];
    const isSeeder =
      request.left === LEFT_NOTHING ||
      (request.left !== LEFT_SOMETHING &&
        (request.event === EVENT_COMPLETED || known?.isSeeder === true));
    if (known === undefined) return this.insertPeer(swarm, from, membershipSlot, request, isSeeder);
    if (known.isSeeder === isSeeder) return known;
    changeRole(known);
    const step = isSeeder ? 1 : -1;
    this.counters[columns.SEEDERS] += step;
    this.counters[columns.LEECHERS] -= step;
    if (isSeeder && request.event === EVENT_COMPLETED && !known.hasCompleted) {
      known.hasCompleted = true;
      swarm.completed++;
      this.counters[columns.COMPLETED]++;
    }
    return known;
  }

  private insertPeer(
    swarm: Swarm,
    from: ConnectionAddress,
    membershipSlot: number,
    request: RequestRecord,
    isSeeder: boolean,
  ): Peer {
    const slot = this.freePeers.pop() ?? this.peers.length;
    const peerId = new IdWords(request.ids, PEER_ID_AT);
    // Zero stands for no receiver in PendingOffers; after four thousand million peers the numbers begin again.
    this.lastSerial = (this.lastSerial + 1) | 0 || 1;
    const peer = new Peer(swarm, slot, this.lastSerial, from, peerId);
    peer.isSeeder = isSeeder;
    insertPeer(peer);
    this.peers[slot] = peer;
    this.peersOfWorker[from.worker][membershipSlot] = peer;
    this.counters[isSeeder ? columns.SEEDERS : columns.LEECHERS]++;
    return peer;
  }

  /** Passes each offer to another peer: a leecher's to anyone, a seeder's to leechers and what is left over to seeders. */
  private passOffers(peer: Peer, request: RequestRecord, nowSeconds: number): void {
    const { peers, leechers } = peer.swarm;
    const wanted = request.numwant < 0 ? request.offers : Math.min(request.offers, request.numwant);
    if (wanted === 0) return;
    if (!peer.isSeeder) {
      this.passOffersTo(peer, 0, peers.length, request, 0, wanted, nowSeconds);
      return;
    }
    const passed = this.passOffersTo(peer, 0, leechers, request, 0, wanted, nowSeconds);
    if (passed < wanted)
      this.passOffersTo(peer, leechers, peers.length, request, passed, wanted, nowSeconds);
  }

  /** Passes the offers from `offer` on to peers between two positions of the swarm; returns the first that is left. */
  private passOffersTo(
    peer: Peer,
    first: number,
    end: number,
    request: RequestRecord,
    offer: number,
    wanted: number,
    nowSeconds: number,
  ): number {
    const { peers } = peer.swarm;
    if (first === end) return offer;
    const probes = Math.min(end - first, 2 * (wanted - offer) + PROBES_SPARE);
    const delivery = this.delivery;
    let position = first + this.random.below(end - first);
    let isPrepared = offer > 0;
    for (let probe = 0; probe < probes && offer < wanted; probe++) {
      if (!this.offers.hasShare(peer)) {
        this.counters[columns.OFFERS_OVER_SHARE] += wanted - offer;
        return wanted;
      }
      const receiver = peers[position];
      position = position + 1 === end ? first : position + 1;
      if (receiver === peer || !delivery.takesOffers(receiver)) continue;
      // A page that has reloaded may still be here with its old connection, under the same id.
      if (receiver.peerId.equals(request.ids, PEER_ID_AT)) continue;
      if (!isPrepared) prepareOffers(request);
      isPrepared = true;
      const payload = offerBytes(request, offer);
      if (!delivery.reserve(receiver, FRAME_IS_OFFER, frameHeaderBytes(payload) + payload))
        continue;
      writeOffer(delivery.buffer, delivery.offset, payload, request, offer);
      const expirySeconds = nowSeconds + this.limits.offerAgeSeconds;
      const { offerId } = this;
      request.readOfferId(offer, offerId, 0);
      if (!this.offers.insert(peer, offerId, 0, receiver, nowSeconds, expirySeconds))
        this.counters[columns.OFFERS_FORGOTTEN]++;
      offer++;
    }
    return offer;
  }

  /** Passes the answer to the peer that made the offer, if it made it to this one and still waits. */
  private passAnswer(peer: Peer, request: RequestRecord, nowSeconds: number): void {
    const delivery = this.delivery;
    const { ids } = request;
    const offerer = this.offers.take(ids, TO_PEER_ID_AT, ANSWER_OFFER_ID_AT, peer, nowSeconds);
    if (offerer !== undefined) {
      const payload = answerBytes(request);
      if (delivery.reserve(offerer, FRAME_IS_ANSWER, frameHeaderBytes(payload) + payload))
        writeAnswer(delivery.buffer, delivery.offset, payload, request);
      return;
    }
    // All clients of a page hear an offer and answer it; the first answer is on its way, and an error would reach them all.
    if (this.offers.wasAnswered) {
      this.counters[columns.ANSWERS_SURPLUS]++;
      return;
    }
    const payload = failureBytes(request, REFUSED_ANSWER, ACTION_IS_ANNOUNCE);
    if (delivery.reserve(peer, FRAME_IS_ERROR, frameHeaderBytes(payload) + payload))
      writeFailure(
        delivery.buffer,
        delivery.offset,
        payload,
        request,
        REFUSED_ANSWER,
        ACTION_IS_ANNOUNCE,
      );
  }

  private reply(to: ConnectionAddress, request: RequestRecord, swarm: Swarm | undefined): void {
    const incomplete = swarm === undefined ? 0 : swarm.leechers;
    const complete = swarm === undefined ? 0 : swarm.peers.length - swarm.leechers;
    const jitter = 1 - INTERVAL_JITTER + 2 * INTERVAL_JITTER * this.random.fraction();
    const interval = Math.round(this.limits.intervalSeconds * jitter);
    const payload = announceReplyBytes(request, complete, incomplete, interval);
    const delivery = this.delivery;
    if (!delivery.reserve(to, FRAME_IS_REPLY, frameHeaderBytes(payload) + payload)) return;
    writeAnnounceReply(
      delivery.buffer,
      delivery.offset,
      payload,
      request,
      complete,
      incomplete,
      interval,
    );
  }
}
