/**
 * The cluster thread: gathers what the workers of this node have served, sends it to the other nodes and applies theirs. Started by
 * startCluster; owns the connection to NATS and what it knows of other nodes.
 */
import { CounterTable, type CounterTableHandle } from "@swarmtide/metrics";
import {
  createLogger,
  type LogSettings,
  type NodeChannelHandle,
  runWorker,
  type Serving,
} from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  Admission,
  type AnnounceRingHandle,
  attachSwarmStore,
  configureStoreLimits,
  type LimitsConfig,
  openAnnounceRing,
  openClock,
  RemoteAnnounces,
  readSwarmTotals,
  type SwarmConfig,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import { ClusterNode } from "./cluster-node.ts";
import { clusterCounters } from "./counters.ts";
import type { Access } from "./credentials.ts";
import type { Sender } from "./messages/message.ts";
import { NatsBus } from "./nats-bus.ts";
import { RingSource } from "./ring-source.ts";
import { StoreSink } from "./store-sink.ts";
import { Subjects } from "./subjects.ts";

/** What the thread keeps for its whole life. */
export interface ClusterSetup {
  readonly store: SwarmStoreHandle;
  readonly log: LogSettings;
  /** Zero of the store's clock, see `openClock`. */
  readonly startedSeconds: number;
  readonly counters: CounterTableHandle<"cluster">;
  readonly own: Sender;
  readonly subject: string;
  /** One for each worker that serves UDP or HTTP. */
  readonly rings: readonly AnnounceRingHandle[];
  /** One for each worker that serves WebTorrent. */
  readonly channels: readonly NodeChannelHandle[];
  /** See NodeOptions. */
  readonly joinAgeSeconds: number | undefined;
}

/** What a reload replaces. */
export interface ClusterSettings {
  readonly access: Access;
  readonly swarm: SwarmConfig;
  readonly limits: LimitsConfig;
  readonly accessList: AccessListHandle;
}

const LOOK_MILLISECONDS = 10;
/** For what is left to reach the server when the node goes. */
const LEAVE_MILLISECONDS_MAX = 1500;
const SECONDS_PER_DAY = 86_400;

function openCluster(setup: ClusterSetup, first: ClusterSettings): Serving<ClusterSettings> {
  let settings = first;
  let accessList = AccessList.attach(first.accessList);
  const nowSeconds = openClock(setup.startedSeconds);
  const log = createLogger(setup.log, "cluster");
  const counters = CounterTable.attach(clusterCounters, setup.counters).row(0);
  const store = attachSwarmStore(setup.store);
  configureStoreLimits(store, first.limits);
  const admission = new Admission(accessList);
  const remote = new RemoteAnnounces(store, admission);
  remote.peerAgeSecondsMax = first.swarm.maxPeerAge;
  const subjects = new Subjects(setup.subject, setup.own.name);
  const bus = new NatsBus({
    ...{ access: first.access, clientName: `swarmtide ${setup.own.name}`, subjects, log, counters },
    random: Math.random,
    onConnect: () => node.connected(),
    onMessage: (way, subject, bytes) => node.receive(way, subject, bytes),
  });
  const node = new ClusterNode({
    ...{ bus, log, counters, random: Math.random, own: setup.own, subjects, store, nowSeconds },
    nowMilliseconds: () => performance.now(),
    timeMilliseconds: Date.now,
    source: new RingSource(setup.rings.map(openAnnounceRing), remote, nowSeconds),
    sink: new StoreSink(remote, counters, nowSeconds),
    channels: setup.channels,
    peerAgeSecondsMax: () => settings.swarm.maxPeerAge,
    keepCompletedSeconds: () => settings.swarm.keepCompleted * SECONDS_PER_DAY,
    accessList: () => accessList,
    peers() {
      const { peersIpv4, peersIpv6 } = readSwarmTotals(store);
      return peersIpv4 + peersIpv6;
    },
    joinAgeSeconds: setup.joinAgeSeconds,
  });
  const running = bus.run();
  const timer = setInterval(() => node.look(), LOOK_MILLISECONDS);
  return {
    reload(news) {
      settings = news;
      accessList = AccessList.attach(news.accessList);
      admission.replace(accessList);
      configureStoreLimits(store, news.limits);
      remote.peerAgeSecondsMax = news.swarm.maxPeerAge;
      bus.access = news.access;
    },
    async stop() {
      clearInterval(timer);
      node.leave();
      await bus.close(LEAVE_MILLISECONDS_MAX);
      await running;
    },
  };
}

await runWorker(openCluster);
