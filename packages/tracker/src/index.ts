/** A tracker inside another program: `startTracker({ udp: { port: 0 } })`. */

export type { ApiStats } from "@swarmtide/statistics";
export { type TrackerConfig, trackerSchema } from "./config.ts";
export type { ServedProtocol, TrackerAddress } from "./services/service.ts";
export type { StartOptions } from "./start-configured.ts";
export { startTracker } from "./start-tracker.ts";
export type { FamilyStatistics, HttpStatistics, Statistics } from "./statistics.ts";
export type { RunningTracker } from "./tracker.ts";
