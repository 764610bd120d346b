/** A tracker inside another program: `startTracker(readConfig(trackerSchema, text, name))`. */
export {
  type AccessListConfig,
  accessListSection,
  type StatisticsConfig,
  statisticsSection,
  type TrackerConfig,
  trackerSchema,
} from "./config.ts";
export {
  type RunningTracker,
  type StartOptions,
  startTracker,
  type TrackerAddress,
} from "./start-tracker.ts";
export type { FamilyStatistics, Statistics } from "./statistics.ts";
