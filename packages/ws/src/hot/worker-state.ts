/**
 * What the parts of one worker's tracker share: its tables, its clock's last reading, and the few acts on a connection
 * that more than one of them does.
 *
 * Made by the tracker, one per worker.
 */

import { type CounterRow, Refusals, type RefusalWriter } from "@swarmtide/metrics";
import {
  Admission,
  EVERY_TORRENT,
  type LimitsConfig,
  PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import * as protocol from "@swarmtide/ws-protocol";
import type { WsConfig } from "../config.ts";
import * as columns from "../counters.ts";
import { makePeersByAddress, memoryBytesOf } from "../memory.ts";
import { ClientLimits } from "./client-limits.ts";
import {
  CONNECTION_CLOSED,
  CONNECTION_CLOSING,
  CONNECTION_OPEN,
  type Connection,
} from "./connection.ts";
import { hashId } from "./id-words.ts";
import { RandomWords } from "./random-words.ts";
import type { RemoteSender } from "./remote-outbox.ts";
import { RemotePeers } from "./remote-peers.ts";
import { StoreCounts } from "./store-counts.ts";
import type { SwarmLimits } from "./swarm-limits.ts";
import { Swarms } from "./swarms.ts";
import { type BatchSender, WorkerDelivery } from "./worker-delivery.ts";

/**
 * In a cluster so much of the memory is left for peers and offers: the rest is for the table of other nodes' connections (54
 * bytes with what else is kept by slot), of which there may be one for every eight peers.
 */
const MEMORY_SHARE_BESIDE_REMOTE = 0.94;

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
  /** This worker's row of a table of `wsCounters`. */
  readonly counters: CounterRow<"ws">;
  /** A clock that never goes back, in milliseconds. */
  readonly clockMilliseconds: () => number;
  readonly sendBatch: BatchSender;
  /** Sends to other nodes of a cluster; left out where there is none. */
  readonly sendRemote?: RemoteSender | undefined;
  /** Memory for peers and offers; this worker's part of `max_memory` where left out. */
  readonly memoryBytes?: number | undefined;
  /** The swarms of UDP and HTTP; needed for limits, and where scrapes are to count these too. */
  readonly store?: SwarmStore | undefined;
  /** Which torrents and addresses are served; all if left out. */
  readonly admission?: Admission;
  /** [limits]; without it, or without a store, clients have none. */
  readonly limits?: LimitsConfig | undefined;
  /** How many peers each address has, of all workers: memory of `makePeersByAddress`. A worker alone may do without. */
  readonly peersByAddress?: SharedArrayBuffer | undefined;
  /** Where refusals are noted for the log; nowhere if left out. */
  readonly refusals?: RefusalWriter<"ws">;
  /** Of the clients' software; none is kept if left out. */
  readonly peerIds?: PeerIdSample;
}

export class WorkerState {
  readonly worker: number;
  readonly workers: number;
  config: WsConfig;
  readonly counters: CounterRow<"ws">;
  readonly peerIds: PeerIdSample;
  /** Buffers of the worker's connections. */
  readonly pool: protocol.BytePool;
  readonly delivery: WorkerDelivery;
  readonly swarms: Swarms;
  readonly limits: ClientLimits;
  /** Peers of other nodes; undefined where there is no cluster. */
  readonly remote: RemotePeers | undefined;
  readonly random: RandomWords;
  /** What UDP and HTTP count, where scrapes are to add it. */
  storeCounts: StoreCounts | undefined;
  /** Slots of connections that are free again. */
  readonly freeSlots: number[] = [];
  readonly admission: Admission;
  nowMilliseconds = 0;
  nowSeconds = 0;
  private readonly store: WebTorrentTrackerOptions["store"];
  private readonly memoryBytes: number;
  private readonly ownerSecret: number;
  private readonly clockMilliseconds: WebTorrentTrackerOptions["clockMilliseconds"];

  constructor(options: WebTorrentTrackerOptions) {
    const { config, worker, workers, counters } = options;
    const random = new RandomWords(options.seed);
    this.worker = worker;
    this.workers = workers;
    this.config = config;
    this.counters = counters;
    this.peerIds = options.peerIds ?? new PeerIdSample(undefined);
    this.ownerSecret = options.ownerSecret;
    this.clockMilliseconds = options.clockMilliseconds;
    this.pool = new protocol.BytePool(config.maxBuffered);
    // Peers of other nodes lie in the tables as those of one further worker.
    const places = options.sendRemote === undefined ? workers : workers + 1;
    this.admission = options.admission ?? new Admission(EVERY_TORRENT);
    this.limits = new ClientLimits({
      admission: this.admission,
      workers: places,
      secret: options.ownerSecret,
      config: options.limits,
      store: options.store,
      peersByAddress: options.peersByAddress ?? makePeersByAddress(),
    });
    const refusals = options.refusals ?? Refusals.writer(undefined, 0, columns.wsCounters);
    this.delivery = new WorkerDelivery(
      worker,
      workers,
      config,
      counters,
      this.pool,
      refusals,
      this.limits,
    );
    const memoryBytes = options.memoryBytes ?? memoryBytesOf(config.maxMemory, workers);
    const share = options.sendRemote === undefined ? 1 : MEMORY_SHARE_BESIDE_REMOTE;
    this.memoryBytes = Math.floor(memoryBytes * share);
    const own = this.limitsOf(config);
    this.swarms = new Swarms(places, this.delivery, own, counters, random, this.limits);
    this.random = random;
    this.store = options.store;
    this.storeCounts = this.openStoreCounts(config);
    this.readClock();
    const { sendRemote } = options;
    this.remote = sendRemote === undefined ? undefined : new RemotePeers(this, sendRemote);
    if (this.remote !== undefined) this.swarms.connect(this.remote);
  }

  /** Takes the values of the keys that a reload applies; the rest of `config` is as before. */
  configure(config: WsConfig): void {
    this.config = config;
    this.swarms.configure(this.limitsOf(config));
    this.delivery.configure(config);
    this.storeCounts = this.openStoreCounts(config);
  }

  private limitsOf(config: WsConfig): SwarmLimits {
    // hot-allow: at the start and on a reload
    return {
      intervalSeconds: config.peerAnnounceInterval,
      offerAgeSeconds: config.maxOfferAge,
      peerAgeSeconds: config.maxPeerAge,
      peersPerConnection: config.maxTorrentsPerConnection,
      memoryBytes: this.memoryBytes,
    };
  }

  private openStoreCounts({ scrapeCountsAllProtocols }: WsConfig): StoreCounts | undefined {
    if (!scrapeCountsAllProtocols || this.store === undefined) return undefined;
    return new StoreCounts(this.store); // hot-allow: at the start and on a reload
  }

  /** Reads the clock for all that happens until it is read again. */
  readClock(): void {
    this.nowMilliseconds = this.clockMilliseconds();
    this.nowSeconds = Math.floor(this.nowMilliseconds / 1000);
  }

  /** The worker that owns the torrent of the info hash at `at`. */
  ownerOf(infoHashes: Uint8Array, at: number): number {
    if (this.workers === 1) return 0;
    return (hashId(this.ownerSecret, infoHashes, at) >>> 0) % this.workers;
  }

  /** Takes the connection out of all its torrents. */
  leaveAll(connection: Connection): void {
    this.swarms.leaveAll(this.worker, connection.connectionSlot);
    if (connection.isKnownElsewhere)
      for (let worker = 0; worker < this.workers; worker++)
        if (worker !== this.worker) this.delivery.batches[worker].writeLeave(connection);
    connection.isKnownElsewhere = false;
    connection.peers = 0;
  }

  /** Ends a connection: its peers leave at once, a close frame goes out with the next flush. */
  close(connection: Connection, code: number, isAborted: boolean): void {
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

  /** Frees the place of a connection that has ended. */
  forget(connection: Connection): void {
    connection.state = CONNECTION_CLOSED;
    connection.release();
    this.delivery.connections[connection.connectionSlot] = undefined;
    this.freeSlots.push(connection.connectionSlot);
    this.counters[columns.CONNECTIONS_CLOSED]++;
    this.counters[columns.CONNECTIONS]--;
  }
}
