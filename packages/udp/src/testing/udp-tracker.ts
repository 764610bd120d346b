/** A UdpTracker with the defaults of [udp], the connection key 1, 2, 3, 4 and no access list. For tests and benchmarks. */
import { CounterTable } from "@swarmtide/metrics";
import { AccessList, PeerIdSample, type SwarmStore } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { udpSection } from "../config.ts";
import { udpCounters } from "../counters.ts";
import { UdpTracker, type UdpTrackerOptions } from "../hot/udp-tracker.ts";
import type { UdpRequestConfig } from "../request-keys.ts";

export const CONNECTION_KEY = Int32Array.of(1, 2, 3, 4);

export interface TestUdpTrackerOptions extends Partial<Omit<UdpTrackerOptions, "config">> {
  readonly store: SwarmStore;
  /** What differs from the defaults. */
  readonly config?: Partial<UdpRequestConfig>;
}

export function testUdpTracker(options: TestUdpTrackerOptions): UdpTracker {
  return new UdpTracker({
    accessList: AccessList.attach(AccessList.build({ mode: "off" })),
    connectionKey: CONNECTION_KEY,
    counters: CounterTable.create(udpCounters, 1).familyRows(0),
    peerIds: new PeerIdSample(undefined),
    seed: 1,
    ...options,
    config: { ...defaultConfig(udpSection), ...options.config },
  });
}
