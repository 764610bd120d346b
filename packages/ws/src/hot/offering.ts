/**
 * Offers and answers: whom an offer is passed to, and which offer an answer is for.
 *
 * Called by `Swarms` for announces that have some; owned by the worker that owns the torrents.
 */
import type { CounterRow } from "@swarmtide/metrics";
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { MutableAddress } from "./connection-address.ts";
import type { ConnectionAddress, Delivery } from "./delivery.ts";
import { FRAME_IS_ANSWER, FRAME_IS_OFFER } from "./frame-kinds.ts";
import type { OfferIndex } from "./offer-index.ts";
import type { Peers } from "./peers.ts";
import type { RandomWords } from "./random-words.ts";
import type { Remote } from "./remote.ts";
import type { Replies } from "./replies.ts";

/** Peers looked at for one announce beyond the offers it makes: those that are too slow or are the sender itself. */
const PROBES_SPARE = 8;

/** What a reload may change. */
export interface OfferLimits {
  /** Offers can be answered for so long. */
  readonly offerAgeSeconds: number;
}

export class Offering {
  /** Undefined where no peers are on other nodes. */
  remote: Remote | undefined = undefined;
  private readonly peers: Peers;
  private readonly offers: OfferIndex;
  private readonly delivery: Delivery;
  private readonly replies: Replies;
  private readonly counters: CounterRow<"ws">;
  private readonly random: RandomWords;
  private readonly limits: OfferLimits;
  /** The id of the offer that is being passed on. */
  private readonly offerId = new Uint8Array(protocol.ID_BYTES);
  /** Whom a frame goes to. */
  private readonly receiver = new MutableAddress();

  constructor(
    peers: Peers,
    offers: OfferIndex,
    delivery: Delivery,
    replies: Replies,
    counters: CounterRow<"ws">,
    random: RandomWords,
    limits: OfferLimits,
  ) {
    this.peers = peers;
    this.offers = offers;
    this.delivery = delivery;
    this.replies = replies;
    this.counters = counters;
    this.random = random;
    this.limits = limits;
  }

  /** Passes each offer to another peer: a leecher's to anyone, a seeder's to leechers and what is left over to seeders. */
  passOffers(
    peer: number,
    torrent: number,
    request: protocol.RequestRecord,
    nowSeconds: number,
  ): void {
    const { lists } = this.peers;
    const length = lists.length(torrent);
    const wanted = request.numwant < 0 ? request.offers : Math.min(request.offers, request.numwant);
    if (wanted === 0 || length === 1) return;
    if (!lists.isSeeder(peer)) {
      this.passOffersTo(peer, 0, length, request, 0, wanted, nowSeconds);
      return;
    }
    const leechers = lists.leechers(torrent);
    const passed = this.passOffersTo(peer, 0, leechers, request, 0, wanted, nowSeconds);
    if (passed < wanted)
      this.passOffersTo(peer, leechers, length, request, passed, wanted, nowSeconds);
  }

  /** Passes the offers from `offer` on to peers between two positions of the swarm; returns the first that is left. */
  private passOffersTo(
    peer: number,
    first: number,
    end: number,
    request: protocol.RequestRecord,
    offer: number,
    wanted: number,
    nowSeconds: number,
  ): number {
    if (first === end) return offer;
    const { delivery, peers, receiver } = this;
    const torrent = peers.torrentOf(peer);
    const probes = Math.min(end - first, 2 * (wanted - offer) + PROBES_SPARE);
    let position = first + this.random.below(end - first);
    let isPrepared = offer > 0;
    this.offers.begin(peer, nowSeconds, nowSeconds + this.limits.offerAgeSeconds);
    for (let probe = 0; probe < probes && offer < wanted; probe++) {
      if (!this.offers.hasShare()) {
        this.counters[columns.OFFERS_OVER_SHARE] += wanted - offer;
        offer = wanted;
        break;
      }
      const other = peers.lists.at(torrent, position);
      position = position + 1 === end ? first : position + 1;
      // A page that has reloaded may still be here with its old connection, under the same id.
      if (other === peer || peers.haveSameId(other, peer)) continue;
      peers.readAddress(other, receiver);
      if (!delivery.takesOffers(receiver)) continue;
      if (!isPrepared) protocol.prepareOffers(request);
      isPrepared = true;
      if (!this.passOffer(peer, other, request, offer)) continue;
      request.readOfferId(offer, this.offerId, 0);
      this.offers.add(this.offerId, 0, receiver);
      offer++;
    }
    this.counters[columns.OFFERS_FORGOTTEN] += this.offers.end();
    return offer;
  }

  /** Passes one offer to another peer, whose address has been read; false where that does not take it. */
  private passOffer(
    peer: number,
    other: number,
    request: protocol.RequestRecord,
    offer: number,
  ): boolean {
    const { delivery, receiver, remote } = this;
    if (remote !== undefined && receiver.worker === remote.worker)
      return remote.passOffer(peer, other, request, offer);
    const payload = protocol.offerBytes(request, offer);
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (!delivery.reserve(receiver, FRAME_IS_OFFER, bytes)) return false;
    protocol.writeOffer(delivery.buffer, delivery.offset, payload, request, offer);
    return true;
  }

  /** Passes the answer to the peer that made the offer, if it made it to this connection and still waits. */
  passAnswer(
    from: ConnectionAddress,
    torrent: number,
    request: protocol.RequestRecord,
    nowSeconds: number,
  ): void {
    const { delivery, receiver, remote } = this;
    const offerer = this.offers.take(
      request.ids,
      protocol.TO_PEER_ID_AT,
      protocol.ANSWER_OFFER_ID_AT,
      torrent,
      from,
      nowSeconds,
    );
    if (offerer !== 0) {
      this.peers.readAddress(offerer, receiver);
      if (remote !== undefined && receiver.worker === remote.worker) {
        remote.passAnswer(from, offerer, request);
        return;
      }
      const payload = protocol.answerBytes(request);
      const bytes = protocol.frameHeaderBytes(payload) + payload;
      if (delivery.reserve(receiver, FRAME_IS_ANSWER, bytes))
        protocol.writeAnswer(delivery.buffer, delivery.offset, payload, request);
      return;
    }
    // All clients of a page hear an offer and answer it; the first answer is on its way, and an error would reach them all.
    if (this.offers.wasAnswered) {
      this.counters[columns.ANSWERS_SURPLUS]++;
      return;
    }
    this.counters[columns.ANSWERS_UNKNOWN]++;
    this.replies.sendFailure(from, request, protocol.REFUSED_ANSWER);
  }
}
