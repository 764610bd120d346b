/**
 * The services of the tracker, in the order in which they start. A new one is a folder or file here and its line in the
 * table: its sections become part of the configuration, and start, reload, stop and statistics go through the table.
 */
import type { Facts } from "@swarmtide/handover";
import type { Entries } from "@swarmtide/toml-config";
import { cleaningService } from "./cleaning/cleaning.ts";
import { clusterService } from "./cluster.ts";
import { handoverService } from "./handover.ts";
import type { ServiceConfig } from "./service.ts";
import { snapshotService } from "./snapshot.ts";
import { statisticsService } from "./statistics.ts";
import { tcpService } from "./tcp.ts";
import { udpService } from "./udp.ts";

export const services = [
  udpService,
  tcpService,
  cleaningService,
  statisticsService,
  snapshotService,
  handoverService,
  // Behind those whose workers it connects.
  clusterService,
] as const;

/** The sections of all services as one type: a union of objects becomes one object with the keys of all. */
type Merged<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

type SectionsOf<List extends readonly { readonly sections: Entries }[]> = Merged<
  List[number]["sections"]
>;

/** The sections that the services read, in the order of the table. */
export function serviceSections(): SectionsOf<typeof services> {
  const sections: Entries = Object.assign({}, ...services.map((service) => service.sections));
  return sections as SectionsOf<typeof services>;
}

/** What of a configuration cannot change in a hand-over, of all services. */
export function factsOf(config: ServiceConfig<SectionsOf<typeof services>>): Facts {
  const facts: Record<string, string> = {};
  for (const service of services) Object.assign(facts, service.facts?.(config));
  return facts;
}

/** Worker threads that all services will start. */
export function workerThreads(config: ServiceConfig<SectionsOf<typeof services>>): number {
  let threads = 0;
  for (const service of services) threads += service.threads(config);
  return threads;
}
