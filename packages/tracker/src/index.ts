/** A tracker inside another program: `startTracker(readConfig(trackerSchema, text, name))`. */

export type { TrackerAddress } from "./bindings.ts";
export {
  type StatisticsConfig,
  statisticsSection,
  type TrackerConfig,
  trackerSchema,
} from "./config.ts";
export { type RunningTracker, type StartOptions, startTracker } from "./start-tracker.ts";
export type { FamilyStatistics, HttpStatistics, Statistics } from "./statistics.ts";
