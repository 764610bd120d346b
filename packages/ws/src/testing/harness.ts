/**
 * Trackers of one or more workers without sockets, and clients that speak to them, for tests and benchmarks: a clock
 * that stands still until told, batches that travel when told.
 */
import { parseIpAddress } from "@swarmtide/bittorrent";
import { type Column, CounterTable } from "@swarmtide/metrics";
import {
  Admission,
  EVERY_TORRENT,
  type InfoHashFilter,
  type LimitsConfig,
  type SwarmStore,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { type WsConfig, wsSection } from "../config.ts";
import { wsCounters } from "../counters.ts";
import type { ClientAddress } from "../hot/client-limits.ts";
import { CONNECTION_OPEN } from "../hot/connection.ts";
import type { RemoteSender } from "../hot/remote-outbox.ts";
import { WebTorrentTracker } from "../hot/tracker.ts";
import { makePeersByAddress } from "../memory.ts";
import { elementAt } from "./element-at.ts";
import { idOf, TestClient } from "./test-client.ts";

/** The client at an address. */
function clientAt(from: string): ClientAddress {
  const address = parseIpAddress(from);
  if (address === undefined) throw new Error(`no address: ${from}`);
  const words = new Int32Array(4);
  new Uint8Array(words.buffer).set(address);
  return { words, family: address.length === 4 ? 4 : 6 };
}

/** The trackers of some workers. */
export class TestTrackers {
  nowMilliseconds = 1_000_000;
  readonly trackers: WebTorrentTracker[] = [];
  readonly #admission = new Admission(EVERY_TORRENT);
  readonly #counters: CounterTable<"ws">;
  readonly config: WsConfig;
  /** Batches on their way. */
  readonly #travelling: { from: number; to: number; bytes: Uint8Array }[] = [];
  /** The kinds of all records that workers send each other, once somebody wants to know. */
  recordsSent: number[] | undefined;

  constructor(
    workers = 1,
    changes: Partial<WsConfig> = {},
    seed = 1,
    store?: SwarmStore,
    limits?: LimitsConfig,
    memoryBytes?: number,
    /** Sends what a worker has for other nodes; without it there are none. */
    sendRemote?: (worker: number, ...rest: Parameters<RemoteSender>) => boolean,
  ) {
    const peersByAddress = makePeersByAddress();
    this.config = { ...defaultConfig(wsSection), ...changes };
    this.#counters = CounterTable.create(wsCounters, workers);
    for (let worker = 0; worker < workers; worker++) {
      this.trackers.push(
        new WebTorrentTracker({
          worker,
          workers,
          config: this.config,
          ownerSecret: seed,
          seed: Int32Array.of(seed, worker, 3, 4),
          counters: this.#counters.row(worker),
          ...{ admission: this.#admission, store, limits, peersByAddress, memoryBytes },
          sendRemote: sendRemote && ((...message) => sendRemote(worker, ...message)),
          clockMilliseconds: () => this.nowMilliseconds,
          sendBatch: (to, bytes) => {
            this.#note(bytes);
            this.#travelling.push({ from: worker, to, bytes: bytes.slice() });
          },
        }),
      );
    }
  }

  #note(bytes: Uint8Array): void {
    if (this.recordsSent === undefined) return;
    const words = new Int32Array(bytes.slice().buffer);
    for (let at = 0; at < words.length; at += elementAt(words, at + 1) / 4)
      this.recordsSent.push(elementAt(words, at));
  }

  /** Replaces the lists of torrents and addresses, as a reload does. */
  serve(list: InfoHashFilter): void {
    this.#admission.replace(list);
    for (const tracker of this.trackers) tracker.checkAdmission();
  }

  /** Ends the tick of one worker and keeps its batches back; returns the bytes that wait to be delivered. */
  flushWithoutDelivery(worker: number): number {
    elementAt(this.trackers, worker).flush();
    return this.#travelling.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** A client of a worker; from an address, where limits are to hold for it. */
  connect(worker = 0, from?: string): TestClient {
    const client = from === undefined ? undefined : clientAt(from);
    return new TestClient(elementAt(this.trackers, worker), client);
  }

  /** Delivers the batches that travel and ends the tick of all workers; what they say then is on its way. */
  step(): void {
    for (const { from, to, bytes } of this.#travelling.splice(0))
      elementAt(this.trackers, to).receiveBatch(from, bytes);
    for (const tracker of this.trackers) tracker.flush();
  }

  /** Ends the tick: frames go out, batches travel until none is left. */
  settle(): void {
    do {
      for (const tracker of this.trackers) tracker.flush();
      for (const { from, to, bytes } of this.#travelling.splice(0))
        elementAt(this.trackers, to).receiveBatch(from, bytes);
    } while (this.#travelling.length > 0 || this.trackers.some((tracker) => tracker.needsFlush));
  }

  /** Lets time pass, with a tick each second. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.nowMilliseconds += 1000;
      for (const tracker of this.trackers) tracker.tick();
      this.settle();
    }
  }

  /** Peers of a client in a torrent, as the worker that owns the torrent has them. */
  peersIn({ connection }: TestClient, torrent: string): number {
    if (connection.state !== CONNECTION_OPEN) return 0;
    let count = 0;
    for (const { swarms } of this.trackers) {
      const { peers } = swarms;
      const number = peers.torrents.find(idOf(torrent), 0);
      let peer = peers.firstOf(connection.worker, connection.connectionSlot);
      for (; peer !== 0; peer = peers.nextOf(peer))
        if (number !== 0 && peers.torrentOf(peer) === number) count++;
    }
    return count;
  }

  /** Sum of counters over the workers. */
  count(...of: readonly Column<"ws">[]): number {
    return of.reduce((sum, column) => sum + this.#counters.sum(column), 0);
  }
}
