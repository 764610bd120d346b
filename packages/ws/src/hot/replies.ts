/**
 * Replies to announces, those that are owed until a slow client keeps up again, and refusals.
 *
 * Called by `Swarms`; owned by the worker that owns the torrents.
 */
import type { Column, CounterRow } from "@swarmtide/metrics";
import type { AnnounceInterval } from "@swarmtide/swarm";
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import type { ConnectionAddress, Delivery } from "./delivery.ts";
import { FRAME_IS_ERROR, FRAME_IS_REPLY } from "./frame-kinds.ts";
import { writeId } from "./id-words.ts";
import { TORRENT_WORDS } from "./peer-layout.ts";
import type { Peers } from "./peers.ts";

export class Replies {
  private readonly peers: Peers;
  private readonly delivery: Delivery;
  private readonly counters: CounterRow<"ws">;
  /** Replaced by a reload. */
  interval: AnnounceInterval;
  /** An announce that says nothing, to have its reply written. */
  private readonly owed = new protocol.RequestRecord(0, 0);

  constructor(
    peers: Peers,
    delivery: Delivery,
    counters: CounterRow<"ws">,
    interval: AnnounceInterval,
  ) {
    this.peers = peers;
    this.delivery = delivery;
    this.counters = counters;
    this.interval = interval;
  }

  /** Refuses an announce. */
  refuse(
    to: ConnectionAddress,
    request: protocol.RequestRecord,
    status: number,
    column: typeof columns.REFUSED_MEMORY,
  ): void {
    this.counters[column]++;
    this.sendFailure(to, request, status, column);
  }

  sendFailure(
    to: ConnectionAddress,
    request: protocol.RequestRecord,
    status: number,
    column: Column<"ws"> = columns.ERRORS_SENT[0],
  ): void {
    const { delivery } = this;
    delivery.noteRefusal(to, column, status);
    const action = protocol.ACTION_IS_ANNOUNCE;
    const payload = protocol.failureBytes(request, status, action);
    if (delivery.reserve(to, FRAME_IS_ERROR, protocol.frameHeaderBytes(payload) + payload))
      protocol.writeFailure(delivery.buffer, delivery.offset, payload, request, status, action);
  }

  /** A reply that has no room now is sent later, once for the peer; what it says is then as of then. */
  owe(peer: number): void {
    if (peer === 0 || this.peers.isOwed(peer)) this.counters[columns.REPLIES_DROPPED_SLOW]++;
    else this.peers.setOwed(peer, true);
  }

  /** Sends a connection the replies that are owed, as many as there is room for; whether that was all. */
  sendOwed(to: ConnectionAddress): boolean {
    const { delivery, owed, peers } = this;
    let peer = peers.firstOf(to.worker, to.connectionSlot);
    for (; peer !== 0; peer = peers.nextOf(peer)) {
      if (!peers.isOwed(peer)) continue;
      if (!delivery.takesReplies(to)) return false;
      peers.setOwed(peer, false);
      const torrent = peers.torrentOf(peer);
      const torrentWord = torrent * TORRENT_WORDS;
      writeId(peers.torrents.table.words, torrentWord, owed.ids, protocol.INFO_HASH_AT);
      writeId(peers.identities.table.words, peers.idAt(peer), owed.ids, protocol.PEER_ID_AT);
      protocol.nameIds(owed);
      this.reply(to, owed, torrent);
    }
    return true;
  }

  /** Says how the torrent stands (0: nobody is in it), and when to announce again. */
  reply(to: ConnectionAddress, request: protocol.RequestRecord, torrent: number): void {
    const { delivery } = this;
    const { lists } = this.peers;
    const incomplete = torrent === 0 ? 0 : lists.leechers(torrent);
    const complete = torrent === 0 ? 0 : lists.length(torrent) - incomplete;
    const interval = this.interval.next();
    const payload = protocol.announceReplyBytes(request, complete, incomplete, interval);
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (!delivery.reserve(to, FRAME_IS_REPLY, bytes)) return;
    const { buffer, offset } = delivery;
    protocol.writeAnnounceReply(buffer, offset, payload, request, complete, incomplete, interval);
  }
}
