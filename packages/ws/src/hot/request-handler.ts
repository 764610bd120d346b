/**
 * A client's message: read, checked against the access list, the connection's limits and who the peer is, and passed to
 * the worker that owns the torrent.
 *
 * Called by the tracker for every message of the worker's own connections.
 */
import { EVENT_NONE, EVENT_STOPPED } from "@swarmtide/bittorrent";
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import type { Connection, Membership } from "./connection.ts";
import { FRAME_IS_ERROR } from "./frame-kinds.ts";
import type { Scraping } from "./scraping.ts";
import { NO_MEMBERSHIP } from "./swarms.ts";
import type { WorkerState } from "./worker-state.ts";

/**
 * Peers that one connection may have in a torrent: the clients of a page share a socket, and one that is made anew while
 * the socket lives has a new id. The one that has been silent for longest gives way.
 */
const PEER_IDS_MAX = 8;

export class RequestHandler {
  private readonly state: WorkerState;
  private readonly scraping: Scraping;
  private readonly request: protocol.TrackerRequest;
  /** An announce that says nothing, to have its reply written. */
  private readonly owed = new protocol.RequestRecord(0, 0);

  constructor(state: WorkerState, scraping: Scraping) {
    const { maxOffers, maxScrapeTorrents } = state.config;
    this.state = state;
    this.scraping = scraping;
    this.request = new protocol.TrackerRequest(maxOffers, maxScrapeTorrents);
  }

  /** Takes the message that the connection's reader has just handed out. */
  takeMessage(connection: Connection): void {
    const { request } = this;
    const { reader } = connection;
    this.state.counters[columns.MESSAGES_RECEIVED]++;
    const status = request.parse(reader.bytes, reader.offset, reader.length);
    if (status === protocol.REQUEST_ANNOUNCE) {
      this.state.counters[columns.ANNOUNCES]++;
      if (request.isEventUnknown) this.state.counters[columns.EVENTS_UNKNOWN]++;
      this.state.counters[columns.OFFERS_SURPLUS] += request.offersSurplus;
      this.announce(connection, request);
    } else if (status === protocol.REQUEST_SCRAPE) {
      this.state.counters[columns.SCRAPES]++;
      if (this.state.delivery.isBehind(connection)) {
        this.state.counters[columns.REPLIES_DROPPED_SLOW]++;
        return;
      }
      this.scraping.scrape(connection, request);
    } else if (status === protocol.REQUEST_BAD_UTF8) {
      this.state.counters[columns.ENDED_PROTOCOL]++;
      this.state.close(connection, protocol.CLOSE_NOT_UTF8, false);
    } else {
      this.refuse(connection, request, status);
    }
  }

  private refuse(connection: Connection, request: protocol.TrackerRequest, status: number): void {
    this.state.counters[refusedColumn(status)]++;
    const action = request.actionNamed;
    const payload = protocol.failureBytes(request, status, action);
    const { delivery } = this.state;
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (delivery.reserveHere(connection, FRAME_IS_ERROR, bytes))
      protocol.writeFailure(delivery.buffer, delivery.offset, payload, request, status, action);
  }

  /** What the connection's side of an announce checks and remembers, before the torrent's owner takes it. */
  private announce(connection: Connection, request: protocol.TrackerRequest): void {
    const { ids } = request;
    if (
      this.state.access !== undefined &&
      !this.state.access.allowsBytes(ids, protocol.INFO_HASH_AT)
    ) {
      this.refuse(connection, request, protocol.REFUSED_ACCESS);
      return;
    }
    const { memberships } = this.state;
    let membership = memberships.find(connection, request);
    const isStopped = request.event === EVENT_STOPPED;
    if (membership === undefined && !isStopped) {
      if (memberships.siblings >= PEER_IDS_MAX && memberships.silent !== undefined) {
        this.state.counters[columns.PEERS_REPLACED]++;
        this.state.leave(memberships.silent);
      }
      if (connection.memberships.length >= this.state.config.maxTorrentsPerConnection) {
        this.refuse(connection, request, protocol.REFUSED_TORRENTS);
        return;
      }
      if (!this.state.makeRoom()) {
        this.refuse(connection, request, protocol.REFUSED_FULL);
        return;
      }
      const owner = this.state.ownerOf(ids, protocol.INFO_HASH_AT);
      membership = this.state.memberships.insert(connection, request, owner);
    }
    if (membership !== undefined) membership.announcedSecond = this.state.nowSeconds;
    // A lone answer gets no reply: browsers would take it for the answer to their last announce.
    const wantsReply = !request.hasAnswer || request.offers > 0 || request.event !== EVENT_NONE;
    const isBehind = wantsReply && this.state.delivery.isBehind(connection);
    if (isBehind) this.owe(connection, isStopped ? undefined : membership);
    this.passAnnounce(connection, membership, request, wantsReply && !isBehind);
    if (isStopped && membership !== undefined) this.state.memberships.remove(membership);
  }

  /** A reply that has no room now is sent later, once for the torrent; what it says is then as of then. */
  private owe(connection: Connection, membership: Membership | undefined): void {
    if (membership === undefined || membership.isReplyOwed) {
      this.state.counters[columns.REPLIES_DROPPED_SLOW]++;
      return;
    }
    membership.isReplyOwed = true;
    connection.repliesOwed++;
  }

  /** Sends replies that are owed, as many as there is room for. */
  sendOwed(connection: Connection): void {
    const { owed, state } = this;
    const { memberships } = connection;
    for (let index = 0; index < memberships.length && connection.repliesOwed > 0; index++) {
      const membership = memberships[index];
      if (!membership.isReplyOwed) continue;
      if (state.delivery.isBehind(connection)) return;
      membership.isReplyOwed = false;
      connection.repliesOwed--;
      membership.infoHash.write(owed.ids, protocol.INFO_HASH_AT);
      membership.peerId.write(owed.ids, protocol.PEER_ID_AT);
      protocol.nameIds(owed);
      this.passAnnounce(connection, membership, owed, true);
    }
  }

  private passAnnounce(
    connection: Connection,
    membership: Membership | undefined,
    request: protocol.RequestRecord,
    wantsReply: boolean,
  ): void {
    const slot = membership === undefined ? NO_MEMBERSHIP : membership.slot;
    const owner =
      membership === undefined
        ? this.state.ownerOf(request.ids, protocol.INFO_HASH_AT)
        : membership.owner;
    if (owner === this.state.worker) {
      this.state.swarms.announce(connection, slot, request, wantsReply, this.state.nowSeconds);
      return;
    }
    const batch = this.state.delivery.batches[owner];
    if (this.state.delivery.hasLinkRoom(owner)) {
      batch.writeAnnounce(connection, slot, request, wantsReply);
    } else if (request.event === EVENT_STOPPED && slot !== NO_MEMBERSHIP) {
      batch.writeLeave(slot);
    }
  }
}

/** Where a refusal is counted. */
function refusedColumn(status: number): typeof columns.REFUSED_INVALID {
  switch (status) {
    case protocol.REFUSED_ACCESS:
      return columns.REFUSED_ACCESS_LIST;
    case protocol.REFUSED_TORRENTS:
      return columns.REFUSED_TORRENTS_MAX;
    case protocol.REFUSED_FULL:
      return columns.REFUSED_MEMORY;
    case protocol.REQUEST_BAD_SCRAPE_LENGTH:
      return columns.REFUSED_SCRAPE_MAX;
    default:
      return columns.REFUSED_INVALID;
  }
}
