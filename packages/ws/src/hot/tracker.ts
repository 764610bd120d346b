/**
 * The WebTorrent tracker of one worker: connections in, frames out, no sockets and no clock of its own.
 *
 * The owner of the sockets calls `open` after the handshake, `receive` with what comes, `written` and `closed` as the
 * socket tells, `receiveBatch` with what other workers send, `flush` at the end of each round of its event loop and
 * `tick` about once a second. All of it belongs to one thread.
 *
 * A message is read by the worker of its connection, which checks the access list, the connection's limits and who
 * the peer is; the torrent's swarm is changed by the worker that owns the torrent, this one or another.
 */
import type { LimitsConfig } from "@swarmtide/swarm";
import * as protocol from "@swarmtide/ws-protocol";
import type { WsConfig } from "../config.ts";
import * as columns from "../counters.ts";
import type { ClientAddress } from "./client-limits.ts";
import {
  CONNECTION_CLOSED,
  CONNECTION_CLOSING,
  CONNECTION_OPEN,
  Connection,
  type ConnectionSink,
} from "./connection.ts";
import { MutableAddress } from "./connection-address.ts";
import { endedColumn } from "./ended-column.ts";
import { FRAME_IS_CONTROL } from "./frame-kinds.ts";
import type { RemotePeers } from "./remote-peers.ts";
import { RequestHandler } from "./request-handler.ts";
import { Scraping } from "./scraping.ts";
import { REPLY_NONE } from "./swarm-limits.ts";
import type { Swarms } from "./swarms.ts";
import { Upkeep } from "./upkeep.ts";
import * as batches from "./worker-batch.ts";
import { BatchReader } from "./worker-batch-reader.ts";
import type { BatchSender } from "./worker-delivery.ts";
import { type WebTorrentTrackerOptions, WorkerState } from "./worker-state.ts";

/** Seconds over which `max_messages_per_second` is an average. */
const RATE_SECONDS = 10;

export class WebTorrentTracker {
  private readonly state: WorkerState;
  private readonly scraping: Scraping;
  private readonly handler: RequestHandler;
  private readonly upkeep: Upkeep;
  private readonly sendBatch: BatchSender;
  /** The announce of another worker being taken, and who made it. */
  private readonly remoteRequest: protocol.RequestRecord;
  private readonly remote = new MutableAddress();
  private readonly batch = new BatchReader();
  private lastSerial = 0;

  constructor(options: WebTorrentTrackerOptions) {
    this.state = new WorkerState(options);
    this.scraping = new Scraping(this.state);
    this.handler = new RequestHandler(this.state, this.scraping);
    this.upkeep = new Upkeep(this.state);
    this.sendBatch = options.sendBatch;
    this.remoteRequest = new protocol.RequestRecord(options.config.maxOffers, 0);
  }

  /** After the lists of `admission` were replaced: peers in torrents that it refuses leave with the next round of ticks. */
  checkAdmission(): void {
    this.upkeep.checkAdmission();
  }

  /** Takes the values of the keys that a reload applies; limits of a connection's messages hold for new connections. */
  configure(config: WsConfig, limits?: LimitsConfig): void {
    this.state.configure(config);
    this.state.limits.configure(limits);
  }

  /** Whether `flush` has something to do. */
  get needsFlush(): boolean {
    return this.state.delivery.needsFlush;
  }

  /** Who is in which of the torrents that this worker owns. */
  get swarms(): Swarms {
    return this.state.swarms;
  }

  /** Peers of other nodes of a cluster; undefined where there is none. */
  get remotePeers(): RemotePeers | undefined {
    return this.state.remote;
  }

  /** Entries of all tables that grow with peers, torrents and scrapes: none are left when everybody has gone. */
  get tableEntries(): number {
    return this.state.swarms.entries + this.scraping.length + (this.remotePeers?.entries ?? 0);
  }

  /** See `ClientLimits`: none when everybody has gone. */
  get countedCells(): number {
    return this.state.limits.countedCells;
  }

  /** Takes a connection whose handshake is done, from an address; one that is not known has no limits. */
  open(sink: ConnectionSink, client?: ClientAddress): Connection {
    this.state.readClock();
    const address = new MutableAddress(); // hot-allow: once in the life of a connection
    address.worker = this.state.worker;
    address.connectionSlot = this.state.freeSlots.pop() ?? this.state.delivery.connections.length;
    this.lastSerial = (this.lastSerial + 1) | 0;
    address.connectionSerial = this.lastSerial;
    address.addressHash = this.state.limits.open(address.connectionSlot, client);
    // hot-allow: once in the life of a connection
    const connection = new Connection(
      address,
      sink,
      client?.family ?? 4,
      this.state.pool,
      this.state.config.maxMessageSize,
      this.state.nowMilliseconds,
      this.state.config.maxMessagesPerSecond * RATE_SECONDS,
    );
    this.state.delivery.connections[address.connectionSlot] = connection;
    this.state.counters[columns.CONNECTIONS_OPENED]++;
    this.state.counters[columns.CONNECTIONS]++;
    return connection;
  }

  /** Takes bytes from a connection's socket; they are overwritten, and free again when it returns. */
  receive(connection: Connection, bytes: Uint8Array, offset: number, length: number): void {
    if (connection.state !== CONNECTION_OPEN) return;
    this.state.readClock();
    this.state.counters[columns.RECEIVED_BYTES[connection.familyIndex]] += length;
    const reader = connection.reader;
    reader.push(bytes, offset, length);
    while (connection.state === CONNECTION_OPEN) {
      const read = reader.next();
      if (read === protocol.READ_MORE) return;
      if (read === protocol.READ_FAILED) {
        this.countEnded(connection, endedColumn(reader.failure));
        this.state.close(connection, reader.closeCode, false);
      } else if (read === protocol.READ_CLOSE) {
        this.state.close(connection, reader.closeCode, false);
      } else if (this.takeToken(connection)) {
        connection.heardMilliseconds = this.state.nowMilliseconds;
        connection.isPinged = false;
        if (read === protocol.READ_PING) this.answerPing(connection);
        else if (read !== protocol.READ_PONG) this.handler.takeMessage(connection);
      } else {
        this.countEnded(connection, columns.ENDED_RATE);
        this.state.close(connection, protocol.CLOSE_POLICY, false);
      }
    }
  }

  /** The oldest bytes given to the connection's sink have left. */
  written(connection: Connection): void {
    connection.written();
    connection.writtenMilliseconds = this.state.nowMilliseconds;
    if (connection.state === CONNECTION_CLOSED || connection.isHeld) return;
    if (connection.waitingBytes > connection.unsentBytes || connection.isOwedReplies)
      this.state.delivery.markDirty(connection);
  }

  /** The connection's socket is gone, for whatever reason. */
  closed(connection: Connection): void {
    if (connection.state === CONNECTION_CLOSED) return;
    this.state.leaveAll(connection);
    this.state.forget(connection);
  }

  /** Ends every connection, or so many of them; `code` tells clients why. By default the tracker stops. */
  stop(count = Number.POSITIVE_INFINITY, code: number = protocol.CLOSE_GOING_AWAY): void {
    this.upkeep.end(count, code);
    this.flush();
  }

  /** Gives what has gathered to sockets and to other workers: at most one write for each. */
  flush(): void {
    const { delivery, nowMilliseconds } = this.state;
    const { dirty } = delivery;
    for (let index = 0; index < dirty.length; index++) {
      const connection = dirty[index];
      if (connection.isOwedReplies && delivery.keepsUp(connection))
        this.handler.sendOwed(connection);
      connection.isDirty = false;
      if (connection.state === CONNECTION_CLOSED) continue;
      const sent = connection.flush(nowMilliseconds);
      this.state.counters[columns.SENT_BYTES[connection.familyIndex]] += sent;
      if (connection.state === CONNECTION_CLOSING) {
        this.state.forget(connection);
        connection.sink.close(connection.isAborted);
      }
    }
    dirty.length = 0;
    if (this.state.workers > 1) this.state.delivery.flushBatches(this.sendBatch);
  }

  /** Looks after a share of the connections: signs of life, peers that no longer announce, the access list. */
  tick(): void {
    this.state.readClock();
    this.upkeep.visitShare();
    this.flush();
    this.state.counters[columns.BUFFERED_BYTES] = this.state.pool.lentBytes;
  }

  private countEnded(connection: Connection, column: typeof columns.ENDED_RATE): void {
    this.state.counters[column]++;
    this.state.delivery.noteRefusal(connection, column, 0);
  }

  private takeToken(connection: Connection): boolean {
    const rate = this.state.config.maxMessagesPerSecond;
    if (rate === 0) return true;
    const elapsed = this.state.nowMilliseconds - connection.tokensMilliseconds;
    const tokens = Math.min(rate * RATE_SECONDS, connection.tokens + (elapsed * rate) / 1000);
    connection.tokensMilliseconds = this.state.nowMilliseconds;
    connection.tokens = tokens - 1;
    return tokens >= 1;
  }

  private answerPing(connection: Connection): void {
    const { bytes: read, length, offset } = connection.reader;
    const { delivery } = this.state;
    const bytes = protocol.frameHeaderBytes(length) + length;
    if (!delivery.reserveHere(connection, FRAME_IS_CONTROL, bytes)) return;
    const out = delivery.buffer;
    const at = protocol.writeFrameHeader(out, delivery.offset, protocol.OPCODE_PONG, length);
    protocol.writeRange(out, at, read, offset, offset + length);
  }

  /** Takes what another worker has sent; the bytes begin at a multiple of four and are free when it returns. */
  receiveBatch(from: number, bytes: Uint8Array): void {
    this.state.readClock();
    const { batch, remote } = this;
    const { nowSeconds, swarms } = this.state;
    batch.open(bytes);
    let needsTaking = false;
    for (let kind = batch.next(); kind !== 0; kind = batch.next()) {
      const { words, at } = batch;
      if (kind !== batches.RECORD_TAKEN) needsTaking = true;
      switch (kind) {
        case batches.RECORD_ANNOUNCE:
          this.nameRemote(from, at + 1);
          remote.addressHash = batch.addressHash;
          batch.readAnnounce(this.remoteRequest);
          swarms.announce(remote, this.remoteRequest, batch.reply, batch.mayJoin, nowSeconds);
          break;
        case batches.RECORD_STOP:
          this.nameRemote(from, at);
          batch.readStop(this.remoteRequest);
          swarms.announce(remote, this.remoteRequest, REPLY_NONE, false, nowSeconds);
          break;
        case batches.RECORD_LEAVE:
          swarms.leaveAll(from, words[at]);
          break;
        case batches.RECORD_OWED:
          this.nameRemote(from, at);
          swarms.sendOwed(remote);
          break;
        case batches.RECORD_PEERS:
          this.state.delivery.changeOwnPeers(words[at], words[at + 1], words[at + 2]);
          break;
        case batches.RECORD_SCRAPE:
          this.scraping.countFor(from, batch);
          break;
        case batches.RECORD_COUNTS:
          this.scraping.takeCounts(batch);
          break;
        case batches.RECORD_FRAME:
          this.passFrame();
          break;
        case batches.RECORD_TAKEN:
          this.state.delivery.taken(from, words[at]);
          break;
        default:
          throw new Error("a batch holds a record of an unknown kind"); // hot-allow: a bug of ours
      }
    }
    batch.close();
    if (needsTaking) this.state.delivery.batches[from].writeTaken(bytes.length);
  }

  /** The connection of another worker that a record is about. */
  private nameRemote(from: number, at: number): void {
    this.remote.worker = from;
    this.remote.connectionSlot = this.batch.words[at];
    this.remote.connectionSerial = this.batch.words[at + 1];
  }

  /** Passes on a frame that a torrent's owner has written for a connection here, if that is still the same one. */
  private passFrame(): void {
    const { words, at, bytes, frameAt } = this.batch;
    const { delivery } = this.state;
    const connection = delivery.connections[words[at]];
    if (connection === undefined || connection.connectionSerial !== words[at + 1]) return;
    const length = words[at + 3];
    if (delivery.reserveHere(connection, words[at + 2], length))
      protocol.writeRange(delivery.buffer, delivery.offset, bytes, frameAt, frameAt + length);
  }
}
