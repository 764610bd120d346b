/**
 * The UDP tracker as a whole: its workers over bound sockets. Called by the program on the main thread.
 *
 *     const binding = await bindUdp(config);
 *     const server = startUdp({ config, binding, store, accessList, control, startedSeconds, onDeath });
 *     await server.ready;
 */
import { randomFillSync } from "node:crypto";
import { onlineCpus } from "@swarmtide/linux";
import { CounterTable } from "@swarmtide/metrics";
import {
  type ControlBlock,
  type RunningWorker,
  startWorker,
  workerModule,
} from "@swarmtide/runtime";
import { AccessList, type AccessListHandle, type SwarmStoreHandle } from "@swarmtide/swarm";
import { openAnswering, type UdpReload, type UdpShared, type UdpWorkerData } from "./answering.ts";
import type { UdpBinding } from "./bind.ts";
import type { UdpConfig } from "./config.ts";
import { udpCounters } from "./counters.ts";
import { startDgramEngine } from "./dgram-engine.ts";
import { CONNECTION_KEY_WORDS } from "./hot/connection-id.ts";

export interface UdpServerOptions {
  readonly config: UdpConfig;
  readonly binding: UdpBinding;
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  readonly control: ControlBlock;
  /** `monotonicSeconds` when the tracker started; the same for everybody who uses the store. */
  readonly startedSeconds: number;
  /** Hears once of a worker that died, and which one. */
  readonly onDeath: (reason: string) => void;
}

export interface UdpServer {
  /** Fulfilled when every worker answers. */
  readonly ready: Promise<void>;
  /** Counters of all workers. */
  readonly counters: CounterTable<"udp">;
  /** Hands a new access list to the workers; the caller then calls `control.announceReload()`. */
  reload(accessList: AccessListHandle): void;
  /** From here on workers are expected to end; call before `control.stop()`. Fulfilled when all have. */
  stop(): Promise<void>;
}

export function startUdp(options: UdpServerOptions): UdpServer {
  const { config, binding } = options;
  const counters = CounterTable.create(udpCounters, Math.max(1, binding.workerSockets.length));
  const shared: UdpShared = {
    store: options.store,
    accessList: options.accessList,
    connectionKey: randomFillSync(new Int32Array(CONNECTION_KEY_WORDS)),
    counters: counters.handle,
    startedSeconds: options.startedSeconds,
    responsePeersMax: config.maxResponsePeers,
    scrapeTorrentsMax: config.maxScrapeTorrents,
    announceIntervalSeconds: config.peerAnnounceInterval,
    connectionAgeSecondsMax: config.maxConnectionAge,
    resendRepliesMax: config.resendBufferMaxLen,
  };
  return binding.workerSockets.length > 0
    ? startThreads(options, shared, counters)
    : startOnMainThread(options, shared, counters);
}

function startThreads(
  { config, binding, control, onDeath }: UdpServerOptions,
  shared: UdpShared,
  counters: CounterTable<"udp">,
): UdpServer {
  const cpus = config.pinWorkers ? onlineCpus() : [];
  const workers: RunningWorker[] = binding.workerSockets.map((sockets, row) => {
    const data: UdpWorkerData = {
      engine: binding.engine,
      sockets,
      shared,
      control: control.buffer,
      row,
      cpu: cpus[row % cpus.length],
    };
    const entry = workerModule(import.meta.url, "worker");
    return startWorker({ name: `udp-${row + 1}`, entry, data, onDeath });
  });
  return {
    ready: Promise.all(workers.map((worker) => worker.ready)).then(() => undefined),
    counters,
    reload(accessList) {
      const message: UdpReload = { accessList };
      for (const worker of workers) worker.post(message);
    },
    async stop() {
      for (const worker of workers) worker.expectEnd();
      await Promise.all(workers.map((worker) => worker.ended));
      // The engine `dgram` has closed its descriptors with its sockets.
      if (binding.engine === "mmsg") binding.close();
    },
  };
}

function startOnMainThread(
  { binding }: UdpServerOptions,
  shared: UdpShared,
  counters: CounterTable<"udp">,
): UdpServer {
  const answering = openAnswering(shared, 0);
  const stopEngine = startDgramEngine({ ...answering, sockets: binding.mainSockets });
  return {
    ready: Promise.resolve(),
    counters,
    reload(accessList) {
      answering.tracker.admission.replace(AccessList.attach(accessList));
    },
    stop: stopEngine,
  };
}
