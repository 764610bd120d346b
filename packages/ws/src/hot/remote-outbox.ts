/**
 * What a worker has for other nodes, gathered in messages: one to all, with what its peers do, and one for each worker of
 * another node that gets offers or answers. A message goes out when it is full, and `flush` sends all of them.
 *
 * Owned by the worker; a part of `RemotePeers`. What the cluster does not take is dropped and counted: peers are told again with
 * their next announce.
 */
import type { CounterRow } from "@swarmtide/metrics";
import { ALL_ENDS, ALL_NODES, CHANNEL_MESSAGE_BYTES_MAX } from "@swarmtide/runtime";
import * as columns from "../counters.ts";
import { REMOTE_BATCH_BYTES, RemoteBatch } from "./remote-batch.ts";
import { GONE_BYTES, PEER_BYTES, REMOTE_HEAD_BYTES, TEXT_AT } from "./remote-layout.ts";

/** Sends a message to a worker of a node, or to all; false where there is no room. The bytes are copied before it returns. */
export type RemoteSender = (node: number, lane: number, bytes: Uint8Array) => boolean;

/** Messages that grow at the same time: 4 MiB. Then all are sent. */
const OPEN_MAX = 64;

export class RemoteOutbox {
  private readonly lane: number;
  private readonly send: RemoteSender;
  private readonly counters: CounterRow<"ws">;
  private readonly toAll = new RemoteBatch();
  /** Messages to one node each; those from `used` on are free. */
  private readonly directed: RemoteBatch[] = [];
  private used = 0;

  constructor(lane: number, send: RemoteSender, counters: CounterRow<"ws">) {
    this.lane = lane;
    this.send = send;
    this.counters = counters;
    this.toAll.begin(ALL_NODES, ALL_ENDS, lane);
  }

  /** Tells all nodes how a peer stands; the words hold its torrent's info hash and its id. */
  tellPeer(
    state: number,
    connection: number,
    serial: number,
    infoHashes: Int32Array,
    infoHashAt: number,
    peerIds: Int32Array,
    peerIdAt: number,
  ): void {
    const { toAll } = this;
    if (toAll.isFullFor(PEER_BYTES)) this.sendToAll();
    toAll.writePeer(state, 0, connection, serial, infoHashes, infoHashAt, peerIds, peerIdAt);
  }

  /** Tells all nodes that a connection has gone. */
  tellGone(connection: number, serial: number): void {
    if (this.toAll.isFullFor(GONE_BYTES)) this.sendToAll();
    this.toAll.writeGone(connection, serial);
  }

  /** The message to a worker of a node, with room for an offer or answer; undefined where that is longer than any message. */
  open(node: number, lane: number, textBytes: number): RemoteBatch | undefined {
    const recordBytes = TEXT_AT + textBytes;
    if (REMOTE_HEAD_BYTES + recordBytes > CHANNEL_MESSAGE_BYTES_MAX) return undefined;
    const { directed } = this;
    let index = 0;
    while (index < this.used) {
      const batch = directed[index];
      if (batch.node === node && batch.lane === lane) {
        if (batch.isFullFor(recordBytes)) this.restart(batch, node, lane);
        return batch;
      }
      index++;
    }
    if (this.used === OPEN_MAX) this.flushDirected();
    if (this.used === directed.length) directed.push(new RemoteBatch()); // hot-allow: OPEN_MAX times at most
    const batch = directed[this.used++];
    batch.begin(node, lane, this.lane);
    return batch;
  }

  /** Sends all that has gathered. */
  flush(): void {
    if (!this.toAll.isEmpty) this.sendToAll();
    this.flushDirected();
  }

  /** Sends a message that somebody else has filled; false where there is no room. */
  sendBatch(batch: RemoteBatch): boolean {
    const message = batch.bytes.subarray(0, batch.length); // hot-allow: once for each message
    if (!this.send(batch.node, batch.lane, message)) return false;
    this.counters[columns.REMOTE_PEERS_SENT] += batch.peers;
    this.counters[columns.REMOTE_OFFERS_SENT] += batch.offers;
    this.counters[columns.REMOTE_ANSWERS_SENT] += batch.answers;
    return true;
  }

  private sendToAll(): void {
    this.restart(this.toAll, ALL_NODES, ALL_ENDS);
  }

  private flushDirected(): void {
    for (let index = 0; index < this.used; index++) {
      const batch = this.directed[index];
      if (!batch.isEmpty) this.restart(batch, batch.node, batch.lane);
    }
    this.used = 0;
  }

  /** Sends a message, or counts what it held, and begins the next one. */
  private restart(batch: RemoteBatch, node: number, lane: number): void {
    if (!this.sendBatch(batch)) {
      this.counters[columns.REMOTE_PEERS_UNSENT] += batch.peers;
      this.counters[columns.REMOTE_OFFERS_UNSENT] += batch.offers;
      this.counters[columns.REMOTE_ANSWERS_UNSENT] += batch.answers;
    }
    batch.begin(node, lane, this.lane);
  }

  /** Peers that one message has room for. */
  static get peersPerMessage(): number {
    return Math.floor((REMOTE_BATCH_BYTES - REMOTE_HEAD_BYTES) / PEER_BYTES);
  }
}
