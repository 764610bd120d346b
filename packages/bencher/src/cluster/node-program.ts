/**
 * One node of `npm run bench:cluster`, a process of its own: a store and its announces on the main thread, without sockets, and the
 * cluster thread as the tracker has it. It is told what to do by messages, and answers each with one.
 */
import { readFileSync } from "node:fs";
import {
  ClusterLinks,
  clusterColumns,
  clusterSection,
  readAccess,
  startCluster,
} from "@swarmtide/cluster";
import {
  AccessList,
  ANNOUNCE_SEEDER,
  Announce,
  attachAnnounceRing,
  createSwarmStore,
  limitsSection,
  monotonicSeconds,
  openClock,
  readSwarmTotals,
  swarmSection,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { Marks } from "./marks.ts";

export interface NodeTask {
  readonly url: string;
  readonly name: string;
  readonly renewalSeconds: number;
  /** Peers of this node: so many from this number on. */
  readonly firstPeer: number;
  readonly peers: number;
  readonly torrents: number;
}

/** `fill`: all peers announce once. `run`: they announce in turns, so many a second. `look`: nothing but a report. */
export type Order =
  | { readonly do: "fill" }
  | { readonly do: "run"; readonly rate: number; readonly seconds: number }
  | { readonly do: "look" };

/** Since the process began. */
export interface Report {
  readonly announces: number;
  /** Processor time of the thread that announces, and of all the others. */
  readonly announcingMicros: number;
  readonly clusterMicros: number;
  readonly recordsOut: number;
  readonly recordsIn: number;
  readonly bytesIn: number;
  readonly dropped: number;
  readonly peers: number;
  /** Other nodes that it hears. */
  readonly nodes: number;
  readonly isReady: boolean;
  /** See Marks. */
  readonly delaysMilliseconds: readonly number[];
}

const BATCH = 64;
const PAUSE_MILLISECONDS = 5;
const FILL_RATE = 200_000;
const MEMORY_BYTES_MAX = 2 ** 30;

class Node {
  readonly #task: NodeTask;
  readonly #store = createSwarmStore({ memoryBytesMax: MEMORY_BYTES_MAX });
  readonly #prefetch = this.#store.openPrefetch(BATCH);
  readonly #words = new Int32Array(BATCH * 6);
  readonly #announce: Announce;
  readonly #cluster: ReturnType<typeof startCluster>;
  readonly #now: () => number;
  #next = 0;
  #announces = 0;
  readonly #delays: number[] = [];

  constructor(task: NodeTask) {
    this.#task = task;
    this.#announce = new Announce(this.#words, this.#words, new Uint16Array(256));
    const links = new ClusterLinks();
    attachAnnounceRing(this.#store, links.openRing());
    links.setRenewals(task.renewalSeconds);
    const startedSeconds = monotonicSeconds();
    this.#now = openClock(startedSeconds);
    const config = { ...defaultConfig(clusterSection), servers: [task.url], name: task.name };
    this.#cluster = startCluster({
      ...{ config, startedSeconds, rings: links.rings, channels: [], joinAgeSeconds: undefined },
      store: this.#store.handle,
      log: { logLevel: "error", logFormat: "text" },
      settings: {
        access: readAccess(config),
        swarm: defaultConfig(swarmSection),
        limits: defaultConfig(limitsSection),
        accessList: AccessList.build({ mode: "off" }),
      },
      onDeath(reason) {
        throw new Error(reason);
      },
    });
  }

  async obey(order: Order): Promise<Report> {
    if (order.do === "fill") await this.#go(FILL_RATE, this.#task.peers / FILL_RATE, () => {});
    else if (order.do === "run") {
      const marks = new Marks(this.#store, this.#task.firstPeer === 0);
      await this.#go(order.rate, order.seconds, () => marks.look());
      this.#delays.push(...marks.delays);
    }
    return this.#report();
  }

  /** Announces at this rate, in bursts as a busy worker has them, and `look` between them. */
  async #go(rate: number, seconds: number, look: () => void): Promise<void> {
    const began = performance.now();
    for (let done = 0, passed = 0; passed < seconds; ) {
      passed = (performance.now() - began) / 1000;
      for (const due = Math.min(passed, seconds) * rate; done < due; done += BATCH) this.#batch();
      look();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
  }

  #batch(): void {
    this.#store.setNow(this.#now());
    const { firstPeer, peers, torrents } = this.#task;
    for (let i = 0; i < BATCH; i++) {
      const peer = firstPeer + (this.#next++ % peers);
      const torrent = peer % torrents;
      for (let word = 0; word < 5; word++)
        this.#words[i * 6 + word] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24);
      this.#words[i * 6 + 5] = peer;
    }
    for (let i = 0; i < BATCH; i++) this.#prefetch.add(this.#pointTo(i));
    this.#prefetch.run();
    for (let i = 0; i < BATCH; i++) this.#store.announce(this.#pointTo(i));
    this.#announces += BATCH;
  }

  #pointTo(i: number): Announce {
    const announce = this.#announce;
    const peer = this.#words[i * 6 + 5] ?? 0;
    announce.infoHashAt = i * 6;
    announce.addressAt = i * 6 + 5;
    announce.port = peer & 0xffff;
    announce.flags = peer % 4 === 0 ? 0 : ANNOUNCE_SEEDER;
    announce.peersWanted = 30;
    announce.hash = 0;
    return announce;
  }

  #report(): Report {
    const row = this.#cluster.counters.row(0);
    const at = (column: (typeof clusterColumns)["RECORDS_OUT"]) => row[column] ?? 0;
    const { user, system } = process.cpuUsage();
    const announcingMicros = threadMicros();
    const { DROPPED_RING, DROPPED_OUTBOUND, DROPPED_LIMITS, DROPPED_MEMORY } = clusterColumns;
    const { RECORDS_OUT, RECORDS_IN, BYTES_IN, NODES } = clusterColumns;
    return {
      announces: this.#announces,
      announcingMicros,
      clusterMicros: user + system - announcingMicros,
      recordsOut: at(RECORDS_OUT),
      recordsIn: at(RECORDS_IN),
      bytesIn: at(BYTES_IN),
      dropped: at(DROPPED_RING) + at(DROPPED_OUTBOUND) + at(DROPPED_LIMITS) + at(DROPPED_MEMORY),
      peers: readSwarmTotals(this.#store).peersIpv4,
      nodes: at(NODES),
      delaysMilliseconds: this.#delays,
      isReady: !this.#cluster.isJoining(),
    };
  }
}

/** Processor time of this thread (proc(5), schedstat). */
const threadMicros = (): number =>
  Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1000;

const node = new Node(JSON.parse(process.argv[2] ?? "{}"));
process.on("message", (order: Order) => {
  void node.obey(order).then((report) => process.send?.(report));
});
process.on("disconnect", () => process.exit());
