/**
 * A client's message: read, checked against the access list, the connection's limits and who the peer is, and passed to
 * the worker that owns the torrent.
 *
 * Called by the tracker for every message of the worker's own connections.
 */
import { EVENT_NONE, EVENT_STOPPED } from "@swarmtide/bittorrent";
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import type { Connection } from "./connection.ts";
import { FRAME_IS_ERROR } from "./frame-kinds.ts";
import type { Scraping } from "./scraping.ts";
import { REPLY_LATER, REPLY_NONE, REPLY_NOW } from "./swarm-limits.ts";
import type { WorkerState } from "./worker-state.ts";

export class RequestHandler {
  private readonly state: WorkerState;
  private readonly scraping: Scraping;
  private readonly request: protocol.TrackerRequest;

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
    const { familyIndex } = connection;
    this.state.counters[columns.MESSAGES_RECEIVED[familyIndex]]++;
    const status = request.read(reader.bytes, reader.offset, reader.length);
    if (status === protocol.REQUEST_ANNOUNCE) {
      this.state.counters[columns.ANNOUNCES[familyIndex]]++;
      this.state.peerIds.note(request.idWords, protocol.PEER_ID_AT / 4);
      if (request.isEventUnknown) this.state.counters[columns.EVENTS_UNKNOWN]++;
      this.state.counters[columns.OFFERS_SURPLUS] += request.offersSurplus;
      this.announce(connection, request);
    } else if (status === protocol.REQUEST_SCRAPE) {
      this.state.counters[columns.SCRAPES[familyIndex]]++;
      if (this.state.delivery.isBehind(connection)) {
        this.state.counters[columns.REPLIES_DROPPED_SLOW]++;
        return;
      }
      const { limits } = this.state;
      if (!limits.admits(connection.connectionSlot))
        this.refuse(connection, request, protocol.REFUSED_ADDRESS);
      else if (!limits.allowsScrape(connection.connectionSlot))
        this.refuse(connection, request, protocol.REFUSED_SCRAPES_OF_ADDRESS);
      else this.scraping.scrape(connection, request);
    } else if (status === protocol.REQUEST_BAD_UTF8) {
      this.state.counters[columns.ENDED_PROTOCOL]++;
      this.state.delivery.noteRefusal(connection, columns.ENDED_PROTOCOL, status);
      this.state.close(connection, protocol.CLOSE_NOT_UTF8, false);
    } else {
      this.refuse(connection, request, status);
    }
  }

  private refuse(connection: Connection, request: protocol.TrackerRequest, status: number): void {
    const column = refusedColumn(status);
    this.state.counters[column]++;
    this.state.delivery.noteRefusal(connection, column, status);
    const action = request.actionNamed;
    const payload = protocol.failureBytes(request, status, action);
    const { delivery } = this.state;
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (delivery.reserveHere(connection, FRAME_IS_ERROR, bytes))
      protocol.writeFailure(delivery.buffer, delivery.offset, payload, request, status, action);
  }

  /** What the connection's side of an announce checks and remembers, before the torrent's owner takes it. */
  private announce(connection: Connection, request: protocol.TrackerRequest): void {
    if (!this.state.limits.admits(connection.connectionSlot)) {
      this.refuse(connection, request, protocol.REFUSED_ADDRESS);
      return;
    }
    if (!this.state.admission.admitsTorrent(request.idWords, protocol.INFO_HASH_AT / 4)) {
      this.refuse(connection, request, protocol.REFUSED_ACCESS);
      return;
    }
    // A lone answer gets no reply: browsers would take it for the answer to their last announce.
    const isAnswered = !request.hasAnswer || request.offers > 0 || request.event !== EVENT_NONE;
    const isBehind = isAnswered && this.state.delivery.isBehind(connection);
    let reply = isAnswered ? REPLY_NOW : REPLY_NONE;
    if (isBehind) {
      reply = REPLY_LATER;
      connection.isOwedReplies = true;
    }
    this.passAnnounce(connection, request, reply);
  }

  /** Sends replies that are owed, as many as there is room for. */
  sendOwed(connection: Connection): void {
    const { delivery, swarms, worker, workers } = this.state;
    connection.isOwedReplies = !swarms.sendOwed(connection);
    if (!connection.isKnownElsewhere) return;
    for (let other = 0; other < workers; other++)
      if (other !== worker) delivery.batches[other].writeOwed(connection);
  }

  private passAnnounce(
    connection: Connection,
    request: protocol.RequestRecord,
    reply: number,
  ): void {
    const { config, delivery, swarms, worker } = this.state;
    const owner = this.state.ownerOf(request.ids, protocol.INFO_HASH_AT);
    const mayJoin = connection.peers < config.maxTorrentsPerConnection;
    if (owner === worker) {
      swarms.announce(connection, request, reply, mayJoin, this.state.nowSeconds);
      return;
    }
    connection.isKnownElsewhere = true;
    const batch = delivery.batches[owner];
    if (delivery.hasLinkRoom(owner)) batch.writeAnnounce(connection, request, reply, mayJoin);
    else if (request.event === EVENT_STOPPED) batch.writeStop(connection, request);
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
    case protocol.REFUSED_ADDRESS:
      return columns.LIMITED_ADDRESSES;
    case protocol.REFUSED_SCRAPES_OF_ADDRESS:
      return columns.LIMITED_SCRAPES;
    case protocol.REQUEST_BAD_SCRAPE_LENGTH:
      return columns.REFUSED_SCRAPE_MAX;
    default:
      return columns.REFUSED_INVALID;
  }
}
