/**
 * The UDP tracker as a whole: its workers over bound sockets. Called by the program on the main thread.
 *
 *     const binding = bindUdp(config);
 *     const server = startUdp({ config, binding, store, accessList, startedSeconds, onDeath });
 *     await server.ready;
 */
import { randomFillSync } from "node:crypto";
import { linuxSupported, onlineCpus } from "@swarmtide/linux";
import { CounterTable, Histogram, LATENCY_PRECISION_BITS, Refusals } from "@swarmtide/metrics";
import { startGroup, type WorkerGroup, workerModule } from "@swarmtide/runtime";
import type {
  AccessListHandle,
  AnnounceRingHandle,
  LimitsConfig,
  SwarmStoreHandle,
} from "@swarmtide/swarm";
import type { UdpShared } from "./answering.ts";
import type { UdpBinding } from "./bind.ts";
import type { UdpConfig } from "./config.ts";
import { udpCounters } from "./counters.ts";
import { udpEngineOf } from "./engines/engines.ts";
import { CONNECTION_KEY_WORDS } from "./hot/connection-id.ts";
import { openUdpWorker, type UdpSettings, type UdpSetup } from "./open-worker.ts";

export interface UdpServerOptions {
  readonly config: UdpConfig;
  readonly binding: UdpBinding;
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  /** [limits]; left out where there are none. */
  readonly limits?: LimitsConfig;
  /** Monotonic clock when the tracker started, see `openClock`; the same for everybody who uses the store. */
  readonly startedSeconds: number;
  /** For each worker, where the clients' software is counted: memory of makePeerIdSample. */
  readonly peerIdSamples?: readonly SharedArrayBuffer[];
  /** Called once for a worker that died, with its name. */
  readonly onDeath: (reason: string) => void;
  /** Starts with workers that wait, see `startGroup`. */
  readonly isHeld?: boolean;
  /** Of the process before this one, so that the connection ids of its clients stay good; by default a new one. */
  readonly connectionKey?: Int32Array | undefined;
  /** Called for each worker, where there are other nodes: makes where it writes what it serves. */
  readonly openRing?: (() => AnnounceRingHandle) | undefined;
}

export interface UdpServer extends WorkerGroup<UdpSettings> {
  /** Counters of all workers. */
  readonly counters: CounterTable<"udp">;
  /** Microseconds that requests stay inside, with a row for each worker. */
  readonly latency: Histogram;
  /** What connection ids are made with. */
  readonly connectionKey: Int32Array;
  /** Why requests were refused, while that is switched on. */
  readonly refusals: Refusals;
}

export function startUdp(options: UdpServerOptions): UdpServer {
  const { config, binding, accessList, limits, onDeath } = options;
  const { ofWorkers } = binding.listeners;
  const counters = CounterTable.create(udpCounters, ofWorkers.length);
  const latency = Histogram.create({
    rows: ofWorkers.length,
    precisionBits: LATENCY_PRECISION_BITS,
  });
  const refusals = new Refusals(ofWorkers.length, [udpCounters]);
  const shared: UdpShared = {
    store: options.store,
    accessList,
    connectionKey: options.connectionKey ?? randomFillSync(new Int32Array(CONNECTION_KEY_WORDS)),
    counters: counters.handle,
    latency: latency.handle,
    startedSeconds: options.startedSeconds,
    peerIdSamples: options.peerIdSamples ?? [],
    refusals: refusals.handle,
    rings: options.openRing === undefined ? [] : ofWorkers.map(options.openRing),
  };
  const cpus = config.pinWorkers && linuxSupported() ? onlineCpus() : [];
  const group = startGroup<UdpSetup, UdpSettings>({
    entry: linuxSupported() ? workerModule(import.meta.url, "worker") : openUdpWorker,
    workers: ofWorkers.map((listeners, row) => ({
      name: `udp-${row + 1}`,
      setup: {
        ...{ shared, engine: binding.engine, listeners, row, cpu: cpus[row % cpus.length] },
        bound: binding.engineBinding?.ofWorkers[row],
      },
    })),
    settings: { config, accessList, ...(limits && { limits }) },
    onDeath,
    isHeld: options.isHeld ?? false,
    servesOnceOpen: udpEngineOf(binding.engine).closesListeners,
  });
  return {
    ...group,
    counters,
    latency,
    connectionKey: shared.connectionKey,
    refusals,
    async stop() {
      const isInTime = await group.stop();
      binding.close();
      return isInTime;
    },
  };
}
