/**
 * What one UDP worker serves: a handler and the engine that feeds it. Opened in each worker thread and, where Linux calls
 * are missing, on the main thread.
 */
import { setThreadAffinity } from "@swarmtide/linux";
import type { Listener, Serving } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  configureStoreLimits,
  type LimitsConfig,
  limitsWithin,
} from "@swarmtide/swarm";
import { openAnswering, replyBytesMaxOf, type UdpShared } from "./answering.ts";
import type { UdpConfig } from "./config.ts";
import { type UdpEngineName, udpEngineOf } from "./engines/engines.ts";

/** What a worker keeps for its whole life. */
export interface UdpSetup {
  readonly shared: UdpShared;
  readonly engine: UdpEngineName;
  readonly listeners: readonly Listener[];
  /** What the engine opened for this worker on the main thread, see `EngineBinding`. */
  readonly bound?: unknown;
  /** Its row in the counters. */
  readonly row: number;
  /** The core to stay on. */
  readonly cpu: number | undefined;
}

/** What a reload replaces. */
export interface UdpSettings {
  readonly config: UdpConfig;
  readonly accessList: AccessListHandle;
  /** [limits]; left out where there are none, and where a reload does not change them. */
  readonly limits?: LimitsConfig;
}

/** Rejects when a listener cannot be opened. */
export async function openUdpWorker(
  { shared, engine, listeners, bound, row, cpu }: UdpSetup,
  { config, limits }: UdpSettings,
): Promise<Serving<UdpSettings>> {
  if (cpu !== undefined) setThreadAffinity([cpu]);
  const answering = openAnswering(shared, config, row);
  const configureLimits = (
    given: LimitsConfig | undefined,
    { peerAnnounceInterval }: UdpConfig,
  ) => {
    if (given === undefined) return;
    configureStoreLimits(answering.tracker.store, limitsWithin(given, peerAnnounceInterval));
  };
  configureLimits(limits, config);
  const run = await udpEngineOf(engine).open({
    ...answering,
    listeners,
    bound,
    onlyIpv6: config.setOnlyIpv6,
  });
  return {
    ...run,
    reload(news) {
      answering.tracker.admission.replace(AccessList.attach(news.accessList));
      // Room first: the next reply may be a longer one.
      run.makeRoom(replyBytesMaxOf(news.config));
      answering.tracker.configure(news.config);
      configureLimits(news.limits, news.config);
    },
  };
}
