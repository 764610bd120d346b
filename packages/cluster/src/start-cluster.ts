/**
 * The cluster of a tracker as a whole: its thread, its name, its rings, its counters. Called by the program on the main thread.
 *
 *     const cluster = startCluster({ config, access, store, rings, channels, … });
 */
import { randomBytes } from "node:crypto";
import { CounterTable } from "@swarmtide/metrics";
import {
  type LogSettings,
  type NodeChannelHandle,
  startGroup,
  type WorkerGroup,
  workerModule,
} from "@swarmtide/runtime";
import type { AnnounceRingHandle, SwarmStoreHandle } from "@swarmtide/swarm";
import type { ClusterSettings, ClusterSetup } from "./cluster-worker.ts";
import { type ClusterConfig, nodeNameOf } from "./config.ts";
import { clusterCounters, JOINING } from "./counters.ts";

const INSTANCE_BYTES = 8;

export interface StartClusterOptions {
  readonly config: ClusterConfig;
  readonly store: SwarmStoreHandle;
  readonly startedSeconds: number;
  readonly log: LogSettings;
  /** One for each worker that serves UDP or HTTP. */
  readonly rings: readonly AnnounceRingHandle[];
  /** One for each worker that serves WebTorrent. */
  readonly channels: readonly NodeChannelHandle[];
  readonly settings: ClusterSettings;
  /** Where a process before this one has handed its swarms over: how far back it may have missed others. */
  readonly joinAgeSeconds: number | undefined;
  readonly onDeath: (reason: string) => void;
}

export interface ClusterServer extends WorkerGroup<ClusterSettings> {
  readonly counters: CounterTable<"cluster">;
  /** Whether swarms of other nodes are still to come. */
  isJoining(): boolean;
}

/** Starts the thread. It joins at once; what the others are asked meanwhile is right, merely fuller later. */
export function startCluster(options: StartClusterOptions): ClusterServer {
  const { config, store, startedSeconds, log, rings, channels, settings, onDeath } = options;
  const counters = CounterTable.create(clusterCounters, 1);
  const row = counters.row(0);
  // Before the thread begins, so that nobody takes a node that has not joined for a whole one.
  row[JOINING] = 1;
  const group = startGroup<ClusterSetup, ClusterSettings>({
    entry: workerModule(import.meta.url, "cluster-worker"),
    workers: [
      {
        name: "cluster",
        setup: {
          ...{ store, startedSeconds, log, rings, channels, subject: config.subject },
          counters: counters.handle,
          own: { name: nodeNameOf(config), instance: randomBytes(INSTANCE_BYTES).toString("hex") },
          joinAgeSeconds: options.joinAgeSeconds,
        },
        transfer: channels.map(({ port }) => port),
      },
    ],
    settings,
    onDeath,
  });
  return { ...group, counters, isJoining: () => row[JOINING] === 1 };
}
