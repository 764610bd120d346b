/**
 * Offers and answers between peers of this node and of others, both ways. Each is checked by the node that holds the connection it
 * is for: the peer must be there, and an answer must be of the very connection that the offer was made to.
 *
 * Owned by the worker that owns the torrents; a part of `RemotePeers`. What comes is read as a client's message is.
 */
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { MutableAddress } from "./connection-address.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { FRAME_IS_ANSWER, FRAME_IS_OFFER } from "./frame-kinds.ts";
import {
  connectionWord,
  IDENTITY_CONNECTION,
  IDENTITY_SERIAL,
  SLOT_BITS,
  SLOT_MASK,
} from "./peer-layout.ts";
import type { Remote } from "./remote.ts";
import type { RemoteConnections } from "./remote-connections.ts";
import { REMOTE_ANSWER, REMOTE_OFFER, TO_ID_AT } from "./remote-layout.ts";
import type { RemoteOutbox } from "./remote-outbox.ts";
import type { RemoteReader } from "./remote-reader.ts";
import type { RemoteSurroundings } from "./remote-surroundings.ts";

/** What it asks `RemotePeers`. */
interface RemoteTables {
  readonly connections: RemoteConnections;
  isPresent(node: number): boolean;
  /** How a peer of this node stands, as records say it. */
  stateOf(peer: number): number;
  /** Brings the peer of a record up to date, or enters it; 0 where it may not be here. */
  update(node: number, reader: RemoteReader, ids: protocol.RequestRecord): number;
}

export class RemotePassing implements Pick<Remote, "passOffer" | "passAnswer"> {
  private readonly state: RemoteSurroundings;
  private readonly remote: RemoteTables;
  private readonly outbox: RemoteOutbox;
  /** What a text says, and the ids of whom it is for. */
  private readonly request = new protocol.TrackerRequest(1, 0);
  private readonly wanted = new protocol.RequestRecord(0, 0);
  private readonly receiver = new MutableAddress();
  private readonly sender = new MutableAddress();
  private readonly offerId = new Uint8Array(protocol.ID_BYTES);

  constructor(state: RemoteSurroundings, remote: RemoteTables, outbox: RemoteOutbox) {
    this.state = state;
    this.remote = remote;
    this.outbox = outbox;
  }

  /** Sends one of the request's offers to a peer of another node; false where it cannot be sent. */
  passOffer(
    peer: number,
    to: number,
    request: protocol.RequestRecord,
    offerIndex: number,
  ): boolean {
    const { peers } = this.state.swarms;
    const ids = peers.identities.table.words;
    const at = peers.idAt(peer);
    const text = protocol.passedOfferBytes(request, offerIndex);
    const connection = ids[at + IDENTITY_CONNECTION];
    const serial = ids[at + IDENTITY_SERIAL];
    const state = this.remote.stateOf(peer);
    const batch = this.openTo(to, REMOTE_OFFER, state, connection, serial, text);
    if (batch === undefined) return false;
    protocol.writePassedOffer(batch.bytes, batch.length - text, request, offerIndex);
    batch.offers++;
    return true;
  }

  /** Sends the request's answer to a peer of another node that made the offer. */
  passAnswer(from: ConnectionAddress, to: number, request: protocol.RequestRecord): void {
    const connection = connectionWord(from.worker, from.connectionSlot);
    const text = protocol.passedAnswerBytes(request);
    const batch = this.openTo(to, REMOTE_ANSWER, 0, connection, from.connectionSerial, text);
    if (batch === undefined) return;
    protocol.writePassedAnswer(batch.bytes, batch.length - text, request);
    batch.answers++;
  }

  /** A message with a record of `kind` to the peer, whose text is its last bytes; undefined where none can be sent. */
  private openTo(
    to: number,
    kind: number,
    state: number,
    connection: number,
    serial: number,
    textBytes: number,
  ) {
    const { connections } = this.remote;
    const { peers } = this.state.swarms;
    const slot = peers.connectionOf(to) & SLOT_MASK;
    const node = connections.nodeOf(slot);
    if (!this.remote.isPresent(node)) return undefined;
    const batch = this.outbox.open(node, connections.laneOf(slot), textBytes);
    if (batch === undefined) {
      this.state.counters[columns.REMOTE_TOO_LONG]++;
      return undefined;
    }
    const toConnection = connections.connectionOf(slot);
    const toSerial = connections.serialOf(slot);
    const ids = peers.identities.table.words;
    const toId = peers.idAt(to);
    batch.writeTo(kind, state, connection, serial, toConnection, toSerial, ids, toId, textBytes);
    return batch;
  }

  /** Reads the text of a record; false, and counted, where it is not what it should be. */
  private read(reader: RemoteReader): boolean {
    const { request, state } = this;
    if (reader.textBytes > state.config.maxMessageSize) {
      state.counters[columns.REMOTE_TOO_LONG]++;
      return false;
    }
    const status = request.read(reader.bytes, reader.textAt, reader.textBytes);
    if (status === protocol.REQUEST_ANNOUNCE) return true;
    state.counters[columns.REMOTE_MALFORMED]++;
    return false;
  }

  /** Passes a node's offer to a peer of this node. */
  takeOffer(node: number, reader: RemoteReader): void {
    const { receiver, request, state } = this;
    const { counters, nowSeconds } = state;
    counters[columns.REMOTE_OFFERS_RECEIVED]++;
    if (!this.read(reader)) return;
    if (request.offers !== 1 || request.offersSurplus > 0 || request.hasAnswer) {
      counters[columns.REMOTE_MALFORMED]++;
      return;
    }
    const isOwn = state.ownerOf(request.ids, protocol.INFO_HASH_AT) === state.worker;
    if (!isOwn || !this.isHere(reader)) {
      counters[columns.REMOTE_OFFERS_UNKNOWN]++;
      return;
    }
    const offerer = this.remote.update(node, reader, request);
    if (offerer === 0) return;
    const { delivery, swarms } = state;
    const { offers } = swarms;
    if (!delivery.takesOffers(receiver)) return;
    offers.begin(offerer, nowSeconds, nowSeconds + state.config.maxOfferAge);
    if (!offers.hasShare()) counters[columns.OFFERS_OVER_SHARE]++;
    else {
      protocol.prepareOffers(request);
      const payload = protocol.offerBytes(request, 0);
      const bytes = protocol.frameHeaderBytes(payload) + payload;
      if (delivery.reserve(receiver, FRAME_IS_OFFER, bytes)) {
        protocol.writeOffer(delivery.buffer, delivery.offset, payload, request, 0);
        request.readOfferId(0, this.offerId, 0);
        offers.add(this.offerId, 0, receiver);
      }
    }
    counters[columns.OFFERS_FORGOTTEN] += offers.end();
  }

  /** Whether the peer that a record is for is here: on a connection of this node, in the torrent, under that id. */
  private isHere(reader: RemoteReader): boolean {
    const { receiver, request, wanted } = this;
    const { peers } = this.state.swarms;
    this.readReceiver(reader);
    // What is for a peer of another node is not passed on.
    if (receiver.worker >= this.state.workers) return false;
    const torrent = peers.torrents.find(request.ids, protocol.INFO_HASH_AT);
    if (torrent === 0) return false;
    const from = reader.at + TO_ID_AT;
    protocol.writeRange(
      wanted.ids,
      protocol.PEER_ID_AT,
      reader.bytes,
      from,
      from + protocol.ID_BYTES,
    );
    return peers.find(torrent, receiver, wanted) !== 0;
  }

  private readReceiver(reader: RemoteReader): void {
    const { receiver } = this;
    receiver.worker = reader.toConnection >>> SLOT_BITS;
    receiver.connectionSlot = reader.toConnection & SLOT_MASK;
    receiver.connectionSerial = reader.toSerial;
  }

  /** Passes a node's answer to the peer of this node that made the offer, if it made it to this connection of that node. */
  takeAnswer(node: number, reader: RemoteReader): void {
    const { request, sender, state } = this;
    const { counters, delivery, nowSeconds, swarms } = state;
    counters[columns.REMOTE_ANSWERS_RECEIVED]++;
    if (!this.read(reader)) return;
    if (!request.hasAnswer || request.offers > 0) {
      counters[columns.REMOTE_MALFORMED]++;
      return;
    }
    const { connections } = this.remote;
    const slot = connections.find(node, reader.lane, reader.connection, reader.serial);
    const torrent = swarms.peers.torrents.find(request.ids, protocol.INFO_HASH_AT);
    if (slot !== 0) connections.readAddress(slot, sender);
    const offerer =
      slot === 0 || torrent === 0
        ? 0
        : swarms.offers.take(
            request.ids,
            protocol.TO_PEER_ID_AT,
            protocol.ANSWER_OFFER_ID_AT,
            torrent,
            sender,
            nowSeconds,
          );
    if (offerer === 0) {
      const isSurplus = slot !== 0 && torrent !== 0 && swarms.offers.wasAnswered;
      counters[isSurplus ? columns.ANSWERS_SURPLUS : columns.REMOTE_ANSWERS_UNKNOWN]++;
      return;
    }
    const ids = swarms.peers.identities.table.words;
    const at = swarms.peers.idAt(offerer);
    const { toConnection, toSerial } = reader;
    if (ids[at + IDENTITY_CONNECTION] !== toConnection || ids[at + IDENTITY_SERIAL] !== toSerial) {
      counters[columns.REMOTE_ANSWERS_UNKNOWN]++;
      return;
    }
    this.readReceiver(reader);
    const payload = protocol.answerBytes(request);
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (delivery.reserve(this.receiver, FRAME_IS_ANSWER, bytes))
      protocol.writeAnswer(delivery.buffer, delivery.offset, payload, request);
  }
}
