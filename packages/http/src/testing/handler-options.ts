/** What a handler of tests and benchmarks is made with: the defaults of [http] and of the limits that [web] has. */
import { CounterTable } from "@swarmtide/metrics";
import {
  AccessList,
  Admission,
  AnnounceInterval,
  PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { type HttpConfig, httpSection } from "../config.ts";
import { httpCounters } from "../counters.ts";
import type { HttpHandlerOptions } from "../handler-options.ts";

export interface TestHandlerOptions extends Partial<Omit<HttpHandlerOptions, "config">> {
  readonly store: SwarmStore;
  /** What differs from the defaults. */
  readonly config?: Partial<HttpConfig>;
}

export function testHandlerOptions(options: TestHandlerOptions): HttpHandlerOptions {
  return {
    admission: new Admission(AccessList.attach(AccessList.build({ mode: "off" }))),
    counters: CounterTable.create(httpCounters, 1).familyRows(0),
    interval: new AnnounceInterval(900, 1, 0),
    peerIds: new PeerIdSample(undefined),
    requestBytesMax: 8192,
    headersMax: 64,
    requestsPerConnectionMax: 1000,
    trustedProxies: [],
    forwardedHeaderName: "X-Forwarded-For",
    upgradesWebSockets: false,
    ...options,
    config: { ...defaultConfig(httpSection), ...options.config },
  };
}
