/** A node of a test: a store with announces of its own on a fake broker, under the test's clock. */
import { randomBytes } from "node:crypto";
import { CounterTable } from "@swarmtide/metrics";
import type { Logger, NodeChannelHandle } from "@swarmtide/runtime";
import {
  Admission,
  Announce,
  type AnnounceRingHandle,
  attachAnnounceRing,
  attachSwarmStore,
  createAnnounceRing,
  createSwarmStore,
  EVERY_TORRENT,
  type InfoHashFilter,
  type LimitsConfig,
  openAnnounceRing,
  RemoteAnnounces,
  readSwarmTotals,
  type SwarmStore,
} from "@swarmtide/swarm";
import type { FakeClock } from "@swarmtide/test-kit";
import { ClusterNode } from "../cluster-node.ts";
import { clusterCounters } from "../counters.ts";
import { RingSource } from "../ring-source.ts";
import { StoreSink } from "../store-sink.ts";
import { Subjects } from "../subjects.ts";
import type { FakeBroker, FakeConnection } from "./fake-bus.ts";

const MIB = 2 ** 20;
const STORE_BYTES = 64 * MIB;

/** A log that keeps its lines. */
export function keepingLog(lines: string[]): Logger {
  const keep = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  const log: Logger = {
    ...{ error: keep("error"), warn: keep("warn"), info: keep("info"), debug: keep("debug") },
    setLevel() {},
    for: () => log,
  } as Logger;
  return log;
}

export interface TestNodeOptions {
  readonly name: string;
  readonly broker: FakeBroker;
  readonly clock: FakeClock;
  readonly random: () => number;
  readonly instance?: string;
  readonly peerAgeSecondsMax?: number;
  readonly accessList?: InfoHashFilter;
  readonly channels?: readonly NodeChannelHandle[];
  readonly ring?: AnnounceRingHandle;
  readonly limits?: LimitsConfig;
  readonly memoryBytesMax?: number;
  /** What the clock of this node is ahead of others', milliseconds. */
  readonly ahead?: number;
}

export class TestNode {
  readonly name: string;
  readonly store: SwarmStore;
  readonly node: ClusterNode;
  readonly connection: FakeConnection;
  readonly counters: CounterTable<"cluster">;
  readonly lines: string[] = [];
  readonly #announce = new Announce(new Int32Array(5), new Int32Array(4), new Uint16Array(600));
  readonly #clock: FakeClock;
  readonly #local: SwarmStore;
  readonly #reply = new Uint16Array(600);

  constructor(options: TestNodeOptions) {
    const { name, broker, clock, random } = options;
    const peerAgeSecondsMax = options.peerAgeSecondsMax ?? 1200;
    this.name = name;
    this.#clock = clock;
    this.#announce.reply = this.#reply;
    this.store = createSwarmStore({
      memoryBytesMax: options.memoryBytesMax ?? STORE_BYTES,
      limits: options.limits,
    });
    this.#local = attachSwarmStore(this.store.handle);
    const ring = options.ring ?? createAnnounceRing(1024);
    attachAnnounceRing(this.#local, ring);
    this.counters = CounterTable.create(clusterCounters, 1);
    const counters = this.counters.row(0);
    const remote = new RemoteAnnounces(
      this.store,
      new Admission(options.accessList ?? EVERY_TORRENT),
    );
    remote.peerAgeSecondsMax = peerAgeSecondsMax;
    this.connection = broker.connect();
    const subjects = new Subjects("test", name);
    const { nowSeconds } = clock;
    this.node = new ClusterNode({
      ...{ bus: this.connection, log: keepingLog(this.lines), counters, random, subjects },
      own: { name, instance: options.instance ?? randomBytes(8).toString("hex") },
      ...{ store: this.store, nowSeconds, nowMilliseconds: clock.nowMilliseconds },
      timeMilliseconds: () => clock.nowMilliseconds() + (options.ahead ?? 0),
      source: new RingSource([openAnnounceRing(ring)], remote, nowSeconds),
      sink: new StoreSink(remote, counters, nowSeconds),
      channels: options.channels ?? [],
      peerAgeSecondsMax: () => peerAgeSecondsMax,
      keepCompletedSeconds: () => 86_400,
      accessList: () => options.accessList ?? EVERY_TORRENT,
      peers: () => readSwarmTotals(this.store).peersIpv4,
      joinAgeSeconds: undefined,
    });
    this.connection.member = {
      subjects,
      receive: (way, subject, bytes) => this.node.receive(way, subject, bytes),
    };
  }

  /** A peer announces here: `peer` is the last part of its address, `flags` ANNOUNCE_…. Returns how many peers it gets. */
  announce(torrent: number, peer: number, flags = 0, peersWanted = 50): number {
    const announce = this.#announce;
    this.#local.setNow(this.#clock.nowSeconds());
    announce.infoHash.fill(torrent + 1);
    announce.hash = 0;
    announce.address[0] = 0x0100000a + (peer << 24);
    announce.port = 0xe11a;
    announce.family = 4;
    announce.flags = flags;
    announce.hasEvent = flags !== 0;
    announce.peersWanted = peersWanted;
    return this.#local.announce(announce);
  }

  /** Seeders, leechers and completed of a torrent. */
  scrape(torrent: number): { seeders: number; leechers: number; completed: number } {
    const infoHash = new Int32Array(5).fill(torrent + 1);
    this.#local.scrape(infoHash, 0, 4);
    const { seeders, leechers, completed } = this.#local;
    return { seeders, leechers, completed };
  }

  /** The value of a counter by its name without the ending, summed over labels. */
  count(name: string, labels: Record<string, string> = {}): number {
    let sum = 0;
    for (const sample of this.counters.samples())
      if (
        sample.name.startsWith(`swarmtide_cluster_${name}`) &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
      )
        sum += sample.value;
    return sum;
  }
}
