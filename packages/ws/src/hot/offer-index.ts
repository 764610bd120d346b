/**
 * Who made the offer that an answer is for. Nobody owns a peer id, so thousands of connections may call themselves the
 * same: an answer is therefore looked up by its offer, the one it was made to and what the offerer calls itself, all three
 * together. One place of the index, whatever others do.
 *
 * Owned by the worker that owns the torrents; a part of `Swarms`. The offers themselves lie with the peers that made them.
 */
import { HashIndex } from "./hash-index.ts";
import { hashId } from "./id-words.ts";
import type { Peer } from "./peer.ts";
import { hashOffer, PendingOffers } from "./pending-offers.ts";

export class OfferIndex {
  private readonly secret: number;
  /** All peers of the worker, by slot. */
  private readonly peers: readonly (Peer | undefined)[];
  private readonly index = new HashIndex();

  constructor(secret: number, peers: readonly (Peer | undefined)[]) {
    this.secret = secret;
    this.peers = peers;
  }

  /** Offers that are remembered, expired ones among them. */
  get length(): number {
    return this.index.length;
  }

  /**
   * Remembers that the offer with the id at `at` was made to a peer; false where another had to be forgotten for it. The
   * same offer again, by one that calls itself the same, takes the place of the former.
   */
  insert(
    offerer: Peer,
    offerIds: Uint8Array,
    at: number,
    receiverSerial: number,
    nowSeconds: number,
    expirySeconds: number,
  ): boolean {
    if (offerer.offers === undefined) offerer.offers = new PendingOffers();
    const { offers } = offerer;
    const key = offerer.peerId.hash(this.secret);
    const hash = hashOffer(key, offerIds, at, receiverSerial);
    for (let place = this.index.first(hash); place >= 0; place = this.index.next(hash, place)) {
      const former = this.peers[this.index.numberAt(place)];
      if (former === undefined || !former.peerId.isSame(offerer.peerId)) continue;
      const entry = former.offers?.find(offerIds, at, receiverSerial) ?? -1;
      if (entry < 0) continue;
      this.forget(former, entry, hash);
      break;
    }
    const entry = offers.next(nowSeconds);
    const isForgetting = offers.isAlive(entry, nowSeconds);
    if (offers.isUsed(entry)) this.forget(offerer, entry, offers.hashAt(entry, key));
    offers.write(offerIds, at, receiverSerial, expirySeconds);
    this.index.insert(hash, offerer.slot);
    return !isForgetting;
  }

  /**
   * The peer that calls itself what stands at `toPeerIdAt` and made the offer with the id at `offerIdAt` to the peer with
   * this serial, if it may still be answered; from then on it no longer may.
   */
  take(
    ids: Uint8Array,
    toPeerIdAt: number,
    offerIdAt: number,
    receiverSerial: number,
    nowSeconds: number,
  ): Peer | undefined {
    const hash = hashOffer(hashId(this.secret, ids, toPeerIdAt), ids, offerIdAt, receiverSerial);
    for (let place = this.index.first(hash); place >= 0; place = this.index.next(hash, place)) {
      const offerer = this.peers[this.index.numberAt(place)];
      if (offerer?.offers === undefined || !offerer.peerId.equals(ids, toPeerIdAt)) continue;
      const entry = offerer.offers.find(ids, offerIdAt, receiverSerial);
      if (entry < 0) continue;
      const isAlive = offerer.offers.isAlive(entry, nowSeconds);
      this.forget(offerer, entry, hash);
      return isAlive ? offerer : undefined;
    }
    return undefined;
  }

  /** Forgets all offers of a peer that leaves. */
  remove(offerer: Peer): void {
    const { offers } = offerer;
    if (offers === undefined) return;
    const key = offerer.peerId.hash(this.secret);
    for (let entry = 0; entry < offers.capacity; entry++)
      if (offers.isUsed(entry)) this.forget(offerer, entry, offers.hashAt(entry, key));
  }

  private forget(offerer: Peer, entry: number, hash: number): void {
    offerer.offers?.clear(entry);
    this.index.remove(hash, offerer.slot);
  }
}
