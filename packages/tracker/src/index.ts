/** A tracker inside another program: `startTracker(readConfig(trackerSchema, text, name))`. */

export {
  type StatisticsConfig,
  statisticsSection,
  type TrackerConfig,
  trackerSchema,
} from "./config.ts";
export type { ServedProtocol, TrackerAddress } from "./services/service.ts";
export { type RunningTracker, type StartOptions, startTracker } from "./start-tracker.ts";
export type { FamilyStatistics, HttpStatistics, Statistics } from "./statistics.ts";
