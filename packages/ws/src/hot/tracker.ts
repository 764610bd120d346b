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
import { EVENT_NONE, EVENT_STOPPED } from "@swarmtide/bittorrent";
import * as protocol from "@swarmtide/ws-protocol";
import type { WsConfig } from "../config.ts";
import * as counters from "../counters.ts";
import {
  CONNECTION_CLOSED,
  CONNECTION_CLOSING,
  CONNECTION_OPEN,
  Connection,
  type ConnectionSink,
  type Membership,
} from "./connection.ts";
import {
  type ConnectionAddress,
  FRAME_IS_CONTROL,
  FRAME_IS_ERROR,
  FRAME_IS_REPLY,
} from "./delivery.ts";
import { hashId } from "./id-words.ts";
import { Memberships } from "./memberships.ts";
import { RandomWords } from "./random-words.ts";
import { WaitingScrape, WaitingScrapes } from "./scrapes.ts";
import { NO_MEMBERSHIP, Swarms } from "./swarms.ts";
import * as batches from "./worker-batch.ts";
import { type BatchSender, WorkerDelivery } from "./worker-delivery.ts";

/** Seconds over which `max_messages_per_second` is an average. */
const RATE_SECONDS = 10;
/** Ticks in which every connection is looked at once. */
export const TICKS_PER_ROUND = 4;

/** Which torrents are served; `AccessList` of the swarm package is one. */
export interface InfoHashAccess {
  allowsBytes(bytes: Uint8Array, offset: number): boolean;
}

/** What a worker's tracker is made from. */
export interface WebTorrentTrackerOptions {
  /** This worker's number, from 0, and how many there are. */
  readonly worker: number;
  readonly workers: number;
  readonly config: WsConfig;
  /** A random number that all workers share: it decides who owns which torrent. */
  readonly ownerSecret: number;
  /** Four random words of this worker's own. */
  readonly seed: Int32Array;
  /** This worker's row of a counter table with the columns WS_COUNTER_NAMES. */
  readonly counts: Float64Array;
  /** A clock that never goes back, in milliseconds. */
  readonly clockMilliseconds: () => number; // hot-allow: a type
  readonly sendBatch: BatchSender;
}

/** Somebody's address, to be filled in: batches name connections of other workers by it. */
class RemoteAddress implements ConnectionAddress {
  worker = 0;
  connectionSlot = 0;
  connectionSerial = 0;
}

export class WebTorrentTracker {
  private readonly worker: number;
  private readonly workers: number;
  private readonly config: WsConfig;
  private readonly ownerSecret: number;
  private readonly counts: Float64Array;
  private readonly clockMilliseconds: WebTorrentTrackerOptions["clockMilliseconds"];
  private readonly sendBatch: BatchSender;
  private readonly delivery: WorkerDelivery;
  private readonly swarms: Swarms;
  private readonly memberships: Memberships;
  private readonly scrapes = new WaitingScrapes();
  private readonly pool = new protocol.BytePool();
  /** The message being read, and the announce of another worker being taken. */
  private readonly request: protocol.TrackerRequest;
  private readonly remoteRequest: protocol.TrackerRequest;
  private readonly remote = new RemoteAddress();
  private readonly batch = new batches.BatchReader();
  private readonly scrapeCounts: Float64Array;
  private readonly scrapesOfWorker: Int32Array;
  private readonly scrapeOwners: Int32Array;
  private readonly freeSlots: number[] = [];
  private readonly scratchId = new Uint8Array(protocol.ID_BYTES);
  private access: InfoHashAccess | undefined = undefined;
  private accessGeneration = 0;
  private lastSerial = 0;
  private nextVisit = 0;
  private nowMilliseconds = 0;
  private nowSeconds = 0;

  constructor(options: WebTorrentTrackerOptions) {
    const { config, worker, workers, counts } = options;
    const random = new RandomWords(options.seed);
    this.worker = worker;
    this.workers = workers;
    this.config = config;
    this.ownerSecret = options.ownerSecret;
    this.counts = counts;
    this.clockMilliseconds = options.clockMilliseconds;
    this.sendBatch = options.sendBatch;
    this.delivery = new WorkerDelivery(worker, workers, config, counts);
    const limits = {
      intervalSeconds: config.peerAnnounceInterval,
      offerAgeSeconds: config.maxOfferAge,
    };
    this.swarms = new Swarms(workers, this.delivery, limits, counts, random);
    this.memberships = new Memberships(random.word());
    this.request = new protocol.TrackerRequest(config.maxOffers, config.maxScrapeTorrents);
    this.remoteRequest = new protocol.TrackerRequest(config.maxOffers, 0);
    this.scrapeCounts = new Float64Array(config.maxScrapeTorrents * protocol.SCRAPE_COUNTS);
    this.scrapeOwners = new Int32Array(config.maxScrapeTorrents);
    this.scrapesOfWorker = new Int32Array(workers);
    this.readClock();
  }

  /** Takes a new access list, or none; peers in torrents that it refuses leave with the next round of ticks. */
  setAccess(access: InfoHashAccess | undefined): void {
    this.access = access;
    this.accessGeneration++;
  }

  /** Whether `flush` has something to do. */
  get needsFlush(): boolean {
    if (this.delivery.dirty.length > 0 || this.delivery.doomed.length > 0) return true;
    for (let worker = 0; worker < this.workers; worker++)
      if (this.delivery.batches[worker].length > 0) return true;
    return false;
  }

  /** Entries of all tables that grow with peers, torrents and scrapes: none are left when everybody has gone. */
  get tableEntries(): number {
    return this.swarms.entries + this.memberships.length + this.scrapes.length;
  }

  private readClock(): void {
    this.nowMilliseconds = this.clockMilliseconds();
    this.nowSeconds = Math.floor(this.nowMilliseconds / 1000);
  }

  /** Takes a connection whose handshake is done. */
  open(sink: ConnectionSink): Connection {
    this.readClock();
    const address = new RemoteAddress();
    address.worker = this.worker;
    address.connectionSlot = this.freeSlots.pop() ?? this.delivery.connections.length;
    this.lastSerial = (this.lastSerial + 1) | 0;
    address.connectionSerial = this.lastSerial;
    const connection = new Connection(
      address,
      sink,
      this.pool,
      this.config.maxMessageSize,
      this.nowMilliseconds,
      this.config.maxMessagesPerSecond * RATE_SECONDS,
    );
    connection.accessGeneration = this.accessGeneration;
    this.delivery.connections[address.connectionSlot] = connection;
    this.counts[counters.COUNT_CONNECTIONS_OPENED]++;
    this.counts[counters.GAUGE_CONNECTIONS]++;
    return connection;
  }

  /** Takes bytes from a connection's socket; they are overwritten, and free again when it returns. */
  receive(connection: Connection, bytes: Uint8Array, offset: number, length: number): void {
    if (connection.state !== CONNECTION_OPEN) return;
    this.readClock();
    this.counts[counters.COUNT_BYTES_IN] += length;
    const reader = connection.reader;
    reader.push(bytes, offset, length);
    while (connection.state === CONNECTION_OPEN) {
      const read = reader.next();
      if (read === protocol.READ_MORE) return;
      if (read === protocol.READ_FAILED) {
        this.counts[counters.COUNT_CLOSED_PROTOCOL]++;
        this.close(connection, reader.closeCode, false);
      } else if (read === protocol.READ_CLOSE) {
        this.close(connection, reader.closeCode, false);
      } else if (this.takeToken(connection)) {
        connection.heardMilliseconds = this.nowMilliseconds;
        connection.isPinged = false;
        if (read === protocol.READ_PING) this.answerPing(connection);
        else if (read !== protocol.READ_PONG) this.takeMessage(connection);
      } else {
        this.counts[counters.COUNT_CLOSED_RATE]++;
        this.close(connection, protocol.CLOSE_POLICY, false);
      }
    }
  }

  /** The oldest bytes given to the connection's sink have left. */
  written(connection: Connection): void {
    connection.written();
  }

  /** The connection's socket is gone, for whatever reason. */
  closed(connection: Connection): void {
    if (connection.state === CONNECTION_CLOSED) return;
    this.leaveAll(connection);
    this.forget(connection);
  }

  /** Ends every connection, since the tracker stops. */
  stop(): void {
    for (const connection of this.delivery.connections)
      if (connection !== undefined) this.close(connection, protocol.CLOSE_GOING_AWAY, false);
    this.flush();
  }

  /** Gives what has gathered to sockets and to other workers: at most one write for each. */
  flush(): void {
    const { dirty, doomed } = this.delivery;
    for (let index = 0; index < doomed.length; index++) {
      this.counts[counters.COUNT_CLOSED_SLOW]++;
      this.close(doomed[index], protocol.CLOSE_POLICY, true);
    }
    doomed.length = 0;
    for (let index = 0; index < dirty.length; index++) {
      const connection = dirty[index];
      connection.isDirty = false;
      if (connection.state === CONNECTION_CLOSED) continue;
      this.counts[counters.COUNT_BYTES_OUT] += connection.flush();
      if (connection.state === CONNECTION_CLOSING) {
        this.forget(connection);
        connection.sink.close(connection.isAborted);
      }
    }
    dirty.length = 0;
    if (this.workers > 1) this.delivery.flushBatches(this.sendBatch);
  }

  /** Looks after a share of the connections: signs of life, peers that no longer announce, the access list. */
  tick(): void {
    this.readClock();
    const { connections } = this.delivery;
    for (let visits = Math.ceil(connections.length / TICKS_PER_ROUND); visits > 0; visits--) {
      this.nextVisit = this.nextVisit + 1 < connections.length ? this.nextVisit + 1 : 0;
      const connection = connections[this.nextVisit];
      if (connection !== undefined && connection.state === CONNECTION_OPEN) this.visit(connection);
    }
    this.flush();
  }

  private visit(connection: Connection): void {
    const { config, nowMilliseconds } = this;
    this.expireMemberships(connection);
    if (connection.memberships.length > 0) connection.usedMilliseconds = nowMilliseconds;
    const quiet = nowMilliseconds - connection.heardMilliseconds;
    const unused = nowMilliseconds - connection.usedMilliseconds;
    if (Math.max(quiet, unused) >= config.maxConnectionIdle * 1000) {
      this.counts[counters.COUNT_CLOSED_IDLE]++;
      this.close(connection, protocol.CLOSE_GOING_AWAY, false);
    } else if (quiet >= config.pingInterval * 1000 && !connection.isPinged) {
      connection.isPinged = true;
      const { delivery } = this;
      delivery.append(connection, protocol.frameHeaderBytes(0));
      protocol.writeFrameHeader(delivery.buffer, delivery.offset, protocol.OPCODE_PING, 0);
    }
  }

  private expireMemberships(connection: Connection): void {
    const oldest = this.nowSeconds - this.config.maxPeerAge;
    const access = connection.accessGeneration === this.accessGeneration ? undefined : this.access;
    connection.accessGeneration = this.accessGeneration;
    const list = connection.memberships;
    for (let index = list.length - 1; index >= 0; index--) {
      const membership = list[index];
      let isOver = membership.announcedSecond <= oldest;
      if (access !== undefined) {
        membership.infoHash.write(this.scratchId, 0);
        isOver ||= !access.allowsBytes(this.scratchId, 0);
      }
      if (!isOver) continue;
      this.counts[counters.COUNT_PEERS_EXPIRED]++;
      this.leave(membership);
    }
  }

  private takeToken(connection: Connection): boolean {
    const rate = this.config.maxMessagesPerSecond;
    if (rate === 0) return true;
    const elapsed = this.nowMilliseconds - connection.tokensMilliseconds;
    const tokens = Math.min(rate * RATE_SECONDS, connection.tokens + (elapsed * rate) / 1000);
    connection.tokensMilliseconds = this.nowMilliseconds;
    connection.tokens = tokens - 1;
    return tokens >= 1;
  }

  private answerPing(connection: Connection): void {
    const { reader } = connection;
    const { delivery } = this;
    const length = reader.length;
    const bytes = protocol.frameHeaderBytes(length) + length;
    if (!delivery.reserveHere(connection, FRAME_IS_CONTROL, bytes)) return;
    const out = delivery.buffer;
    let at = protocol.writeFrameHeader(out, delivery.offset, protocol.OPCODE_PONG, length);
    for (let index = 0; index < length; index++) out[at++] = reader.bytes[reader.offset + index];
  }

  private takeMessage(connection: Connection): void {
    const { request } = this;
    const { reader } = connection;
    this.counts[counters.COUNT_MESSAGES_IN]++;
    const status = request.parse(reader.bytes, reader.offset, reader.length);
    if (status === protocol.REQUEST_ANNOUNCE) {
      this.counts[counters.COUNT_ANNOUNCES]++;
      this.announce(connection, request);
    } else if (status === protocol.REQUEST_SCRAPE) {
      this.counts[counters.COUNT_SCRAPES]++;
      this.scrape(connection, request);
    } else if (status === protocol.REQUEST_BAD_UTF8) {
      this.counts[counters.COUNT_CLOSED_PROTOCOL]++;
      this.close(connection, protocol.CLOSE_NOT_UTF8, false);
    } else {
      this.refuse(connection, request, status);
    }
  }

  private refuse(connection: Connection, request: protocol.TrackerRequest, status: number): void {
    this.counts[counters.COUNT_REFUSED]++;
    const action = request.actionNamed;
    const payload = protocol.failureBytes(request, status, action);
    const { delivery } = this;
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (delivery.reserveHere(connection, FRAME_IS_ERROR, bytes))
      protocol.writeFailure(delivery.buffer, delivery.offset, payload, request, status, action);
  }

  private ownerOf(infoHashes: Uint8Array, at: number): number {
    if (this.workers === 1) return 0;
    return (hashId(this.ownerSecret, infoHashes, at) >>> 0) % this.workers;
  }

  /** What the connection's side of an announce checks and remembers, before the torrent's owner takes it. */
  private announce(connection: Connection, request: protocol.TrackerRequest): void {
    const { ids } = request;
    if (this.access !== undefined && !this.access.allowsBytes(ids, protocol.INFO_HASH_AT)) {
      this.refuse(connection, request, protocol.REFUSED_ACCESS);
      return;
    }
    let membership = this.memberships.find(connection, request);
    if (membership !== undefined && !membership.peerId.equals(ids, protocol.PEER_ID_AT)) {
      this.refuse(connection, request, protocol.REFUSED_PEER_ID_CHANGED);
      return;
    }
    const isStopped = request.event === EVENT_STOPPED;
    if (membership === undefined && !isStopped) {
      if (connection.memberships.length >= this.config.maxTorrentsPerConnection) {
        this.refuse(connection, request, protocol.REFUSED_TORRENTS);
        return;
      }
      const owner = this.ownerOf(ids, protocol.INFO_HASH_AT);
      membership = this.memberships.insert(connection, request, owner);
    }
    if (membership !== undefined) membership.announcedSecond = this.nowSeconds;
    // A lone answer gets no reply: browsers would take it for the answer to their last announce.
    const wantsReply = !request.hasAnswer || request.offers > 0 || request.event !== EVENT_NONE;
    this.passAnnounce(connection, membership, request, wantsReply);
    if (isStopped && membership !== undefined) this.memberships.remove(membership);
  }

  private passAnnounce(
    connection: Connection,
    membership: Membership | undefined,
    request: protocol.TrackerRequest,
    wantsReply: boolean,
  ): void {
    const slot = membership === undefined ? NO_MEMBERSHIP : membership.slot;
    const owner =
      membership === undefined
        ? this.ownerOf(request.ids, protocol.INFO_HASH_AT)
        : membership.owner;
    if (owner === this.worker) {
      this.swarms.announce(connection, slot, request, wantsReply, this.nowSeconds);
      return;
    }
    const batch = this.delivery.batches[owner];
    if (this.delivery.hasLinkRoom(owner)) {
      const { reader } = connection;
      const end = reader.offset + reader.length;
      batch.writeAnnounce(connection, slot, request, reader.offset, end, wantsReply);
    } else if (request.event === EVENT_STOPPED && slot !== NO_MEMBERSHIP) {
      batch.writeLeave(slot);
    }
  }

  /** Takes the connection's peer out of a torrent. */
  private leave(membership: Membership): void {
    if (membership.owner === this.worker) this.swarms.leave(this.worker, membership.slot);
    else this.delivery.batches[membership.owner].writeLeave(membership.slot);
    this.memberships.remove(membership);
  }

  private leaveAll(connection: Connection): void {
    const list = connection.memberships;
    while (list.length > 0) this.leave(list[list.length - 1]);
  }

  private scrape(connection: Connection, request: protocol.TrackerRequest): void {
    const { scrapes, scrapeInfoHashes } = request;
    const { scrapeOwners, scrapesOfWorker } = this;
    this.scrapeCounts.fill(0, 0, scrapes * protocol.SCRAPE_COUNTS);
    scrapesOfWorker.fill(0);
    let elsewhere = 0;
    for (let index = 0; index < scrapes; index++) {
      const at = index * protocol.ID_BYTES;
      scrapeOwners[index] = this.worker;
      if (this.access !== undefined && !this.access.allowsBytes(scrapeInfoHashes, at)) continue;
      const owner = this.ownerOf(scrapeInfoHashes, at);
      if (owner === this.worker) {
        const to = index * protocol.SCRAPE_COUNTS;
        this.swarms.scrape(scrapeInfoHashes, at, this.scrapeCounts, to);
      } else if (this.delivery.hasLinkRoom(owner)) {
        scrapeOwners[index] = owner;
        scrapesOfWorker[owner]++;
        elsewhere++;
      }
    }
    if (elsewhere === 0)
      this.replyToScrape(connection, scrapeInfoHashes, this.scrapeCounts, scrapes);
    else this.askForCounts(connection, request);
  }

  /** Asks each worker that owns some of the torrents for their counts. */
  private askForCounts(connection: Connection, request: protocol.TrackerRequest): void {
    const scrape = new WaitingScrape(connection, request.scrapeInfoHashes, request.scrapes);
    scrape.counts.set(this.scrapeCounts.subarray(0, scrape.counts.length));
    const id = this.scrapes.insert(scrape);
    for (let worker = 0; worker < this.workers; worker++) {
      const count = this.scrapesOfWorker[worker];
      if (count === 0) continue;
      scrape.waiting++;
      const batch = this.delivery.batches[worker];
      let at = batch.beginScrape(id, count);
      for (let index = 0; index < request.scrapes; index++)
        if (this.scrapeOwners[index] === worker)
          at = batch.writeScrapeEntry(at, index, scrape.infoHashes);
    }
  }

  private replyToScrape(
    connection: Connection,
    infoHashes: Uint8Array,
    counts: Float64Array,
    length: number,
  ): void {
    const payload = protocol.scrapeReplyBytes(infoHashes, counts, length);
    const { delivery } = this;
    const bytes = protocol.frameHeaderBytes(payload) + payload;
    if (!delivery.reserveHere(connection, FRAME_IS_REPLY, bytes)) return;
    const { buffer, offset } = delivery;
    protocol.writeScrapeReply(buffer, offset, payload, infoHashes, counts, length);
  }

  /** Takes what another worker has sent; the bytes begin at a multiple of four and are free when it returns. */
  receiveBatch(from: number, bytes: Uint8Array): void {
    this.readClock();
    const { batch, remote } = this;
    batch.open(bytes);
    let needsTaking = false;
    for (let kind = batch.next(); kind !== 0; kind = batch.next()) {
      const { words, at } = batch;
      if (kind !== batches.RECORD_TAKEN) needsTaking = true;
      switch (kind) {
        case batches.RECORD_ANNOUNCE:
          remote.worker = from;
          remote.connectionSlot = words[at + 1];
          remote.connectionSerial = words[at + 2];
          batch.readAnnounce(this.remoteRequest);
          this.swarms.announce(
            remote,
            words[at],
            this.remoteRequest,
            batch.wantsReply,
            this.nowSeconds,
          );
          break;
        case batches.RECORD_LEAVE:
          this.swarms.leave(from, words[at]);
          break;
        case batches.RECORD_SCRAPE:
          this.countFor(from);
          break;
        case batches.RECORD_COUNTS:
          this.takeCounts();
          break;
        case batches.RECORD_FRAME:
          this.passFrame();
          break;
        case batches.RECORD_TAKEN:
          this.delivery.taken(from, words[at]);
          break;
        default:
          throw new Error("a batch holds a record of an unknown kind");
      }
    }
    batch.close();
    if (needsTaking) this.delivery.batches[from].writeTaken(bytes.length);
  }

  /** Answers another worker's scrape of torrents owned here. */
  private countFor(from: number): void {
    const { words, at, entriesAt } = this.batch;
    const count = words[at + 1];
    const answer = this.delivery.batches[from];
    let out = answer.beginCounts(words[at], count);
    for (let entry = 0; entry < count; entry++) {
      const word = entriesAt + entry * batches.SCRAPE_ENTRY_WORDS;
      this.swarms.scrape(this.batch.bytes, 4 * (word + 1), this.scrapeCounts, 0);
      out = answer.writeCountsEntry(out, words[word], this.scrapeCounts);
    }
  }

  /** Takes another worker's counts; the last ones complete the reply. */
  private takeCounts(): void {
    const { words, at, entriesAt } = this.batch;
    const scrape = this.scrapes.answered(words[at]);
    if (scrape === undefined) throw new Error("counts came for a scrape that nobody asked for");
    for (let entry = 0; entry < words[at + 1]; entry++) {
      const word = entriesAt + entry * batches.COUNTS_ENTRY_WORDS;
      const to = words[word] * protocol.SCRAPE_COUNTS;
      scrape.counts[to] = words[word + 1];
      scrape.counts[to + 1] = words[word + 2];
      scrape.counts[to + 2] = words[word + 3];
    }
    if (scrape.waiting === 0)
      this.replyToScrape(scrape.connection, scrape.infoHashes, scrape.counts, scrape.length);
  }

  /** Passes on a frame that a torrent's owner has written for a connection here, if that is still the same one. */
  private passFrame(): void {
    const { words, at, bytes, frameAt } = this.batch;
    const { delivery } = this;
    const connection = delivery.connections[words[at]];
    if (connection === undefined || connection.connectionSerial !== words[at + 1]) return;
    const length = words[at + 3];
    if (delivery.reserveHere(connection, words[at + 2], length))
      delivery.buffer.set(bytes.subarray(frameAt, frameAt + length), delivery.offset);
  }

  /** Ends a connection: its peers leave at once, a close frame goes out with the next flush. */
  private close(connection: Connection, code: number, isAborted: boolean): void {
    if (connection.state !== CONNECTION_OPEN) return;
    this.leaveAll(connection);
    connection.isAborted = isAborted;
    const { delivery } = this;
    if (isAborted) {
      connection.release();
    } else if (code === protocol.CLOSE_NONE) {
      delivery.append(connection, 2);
      protocol.writeFrameHeader(delivery.buffer, delivery.offset, protocol.OPCODE_CLOSE, 0);
    } else {
      delivery.append(connection, 4);
      protocol.writeCloseFrame(delivery.buffer, delivery.offset, code);
    }
    connection.state = CONNECTION_CLOSING;
    delivery.markDirty(connection);
  }

  private forget(connection: Connection): void {
    connection.state = CONNECTION_CLOSED;
    connection.release();
    this.delivery.connections[connection.connectionSlot] = undefined;
    this.freeSlots.push(connection.connectionSlot);
    this.counts[counters.COUNT_CONNECTIONS_CLOSED]++;
    this.counts[counters.GAUGE_CONNECTIONS]--;
  }
}
